"""examples/edge: a function that CloudFront takes, asked before the cache, in front of files that have no other way."""

import re
from typing import Any

import pytest

from edge_auth.keys import timing
from edge_auth.tokens import claims, verifier
from tests.support.cloudfront import VERIFIER
from tests.support.sam_transform import expanded
from tests.support.template import ROOT, parameters

# CloudFront's own cache policy "CachingOptimized": no header of the viewer goes to the origin, or into the cache key.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """Return the example as SAM expands it."""
    [stack] = expanded({}, templates=["examples/edge/template.yaml"])
    return stack


@pytest.fixture(scope="module")
def resources(stack: dict[str, Any]) -> dict[str, Any]:
    """Return the resources of the example."""
    resources: dict[str, Any] = stack["Resources"]
    return resources


def test_the_function_is_one_that_cloudfront_takes(resources: dict[str, Any]) -> None:
    """AWS, "Restrictions on Lambda@Edge" and "Quotas on Lambda@Edge": what a viewer request may be."""
    function = resources["VerifierFunction"]["Properties"]
    [statement] = resources["VerifierFunctionRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert not {"Environment", "Layers", "VpcConfig", "DeadLetterConfig", "KmsKeyArn"} & set(function)
    assert function["Runtime"].startswith("nodejs")
    assert function.get("Architectures", ["x86_64"]) == ["x86_64"]
    assert (function["MemorySize"], function["Timeout"]) == (128, 5)
    assert function["Handler"] == f"{VERIFIER.stem}.handler"
    assert statement["Principal"]["Service"] == ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
    [managed] = resources["VerifierFunctionRole"]["Properties"]["ManagedPolicyArns"]
    assert managed.endswith(":policy/service-role/AWSLambdaBasicExecutionRole")  # its log, and nothing else


def test_cloudfront_asks_a_numbered_version_before_its_cache(resources: dict[str, Any]) -> None:
    """A viewer request is asked for each request. $LATEST and aliases are refused."""
    behavior = resources["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    [association] = behavior["LambdaFunctionAssociations"]

    assert association["EventType"] == "viewer-request"
    assert resources[association["LambdaFunctionARN"]["Ref"]]["Type"] == "AWS::Lambda::Version"
    assert behavior["CachePolicyId"] == CACHING_OPTIMIZED
    assert behavior["ViewerProtocolPolicy"] == "https-only"
    assert "OriginRequestPolicyId" not in behavior


def test_nobody_gets_past_cloudfront(resources: dict[str, Any]) -> None:
    """The bucket is not public, and only this distribution may read it, with a signature of CloudFront's own."""
    bucket = resources["Files"]["Properties"]["PublicAccessBlockConfiguration"]
    [statement] = resources["FilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    access = resources["FilesAccess"]["Properties"]["OriginAccessControlConfig"]
    [origin] = resources["Distribution"]["Properties"]["DistributionConfig"]["Origins"]

    assert set(bucket.values()) == {True}
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Action"] == "s3:GetObject"
    assert statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"].endswith("distribution/${Distribution}")
    assert access["SigningBehavior"] == "always"
    assert origin["OriginAccessControlId"] == {"Ref": "FilesAccess"}


def test_the_stack_is_refused_in_another_region(stack: dict[str, Any]) -> None:
    """CloudFront takes functions of us-east-1 only."""
    assert stack["Rules"]["Region"]["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}


def test_the_bounds_and_shapes_are_those_of_the_layer() -> None:
    """The example is to copy, so it has its own. A change of the layer fails here."""
    source = VERIFIER.read_text(encoding="utf-8")
    numbers = dict(re.findall(r"^const ([A-Z_]+) = (\d+);", source, re.MULTILINE))
    shapes = dict(re.findall(r"^const ([A-Z_]+) = /\^(.*)\$/;", source, re.MULTILINE))

    assert {name: int(number) for name, number in numbers.items()} == {
        "MAX_TOKEN_CHARACTERS": verifier.MAX_TOKEN_CHARACTERS,
        "MAX_LIFETIME_SECONDS": timing.MAX_LIFETIME_SECONDS,
        "EXPIRY_LEEWAY_SECONDS": timing.EXPIRY_LEEWAY_SECONDS,
        "ISSUED_AT_LEEWAY_SECONDS": timing.ISSUED_AT_LEEWAY_SECONDS,
        "RETRY_SECONDS": 60,
    }
    for name in ("IDENTIFIER", "CLIENT_ID", "SCOPE", "ROLE", "LEVEL", "AUTHENTICATION_METHOD"):
        assert shapes[name] == getattr(claims, name).pattern


def test_the_guide_has_the_names_and_numbers_of_the_code() -> None:
    """The headers are those of the authorizer's context."""
    guide = " ".join((ROOT / "docs" / "guides" / "edge.md").read_text(encoding="utf-8").split())
    context = ("sub", "sid", "scope", "roles", "client-id", "jti", "exp", "acr", "amr", "auth-time")

    assert set(re.findall(r"`(x-auth-[a-z-]+)`", guide)) == {f"x-auth-{name}" for name in context}
    assert f"`KeyPublishHours` less {timing.MAX_RING_AGE_SECONDS // 60} minutes" in guide
    assert f"at most `AccessTokenSeconds`, and {timing.EXPIRY_LEEWAY_SECONDS} seconds" in guide
    assert "`Retry-After: 60`" in guide
    assert {"KeyRotationDays", "KeyPublishHours", "AccessTokenSeconds", "SigningAlgorithm"} <= set(parameters())
