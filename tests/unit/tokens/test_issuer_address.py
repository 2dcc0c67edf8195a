"""The issuer of a deployment without a configured issuer."""

import pytest
from botocore.loaders import Loader

from edge_auth.tokens.issuer_address import issuer_from_context, issuer_from_method_arn


def test_issuer_is_the_apis_own_address() -> None:
    """It is the domain and the stage, as API Gateway reports them."""
    context = {"domainName": "abc123.execute-api.eu-central-1.amazonaws.com", "stage": "prod", "accountId": "1"}
    assert issuer_from_context(context) == "https://abc123.execute-api.eu-central-1.amazonaws.com/prod"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/GET/me",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/GET/",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/GET/a:b/c",
        "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/$connect",
    ],
)
def test_both_sides_derive_the_same_issuer(arn: str) -> None:
    """A TOKEN event has only the method's ARN. The ARN gives the address that login and refresh see."""
    context = {"domainName": "abc123.execute-api.eu-central-1.amazonaws.com", "stage": "prod"}
    assert issuer_from_method_arn(arn) == issuer_from_context(context)


PARTITIONS = {
    partition["id"]: partition["outputs"]["dnsSuffix"]
    for partition in Loader().load_data("partitions")["partitions"]  # AWS's own list, as the SDK has it
}


@pytest.mark.parametrize(("partition", "suffix"), PARTITIONS.items())
def test_every_partition_of_aws_has_its_own_suffix(partition: str, suffix: str) -> None:
    """The address of an API in China ends in .cn, and in the European Sovereign Cloud in .eu."""
    arn = f"arn:{partition}:execute-api:region-1:1:abc/dev/GET/"
    assert issuer_from_method_arn(arn) == f"https://abc.execute-api.region-1.{suffix}/dev"


def test_a_partition_that_is_not_known_gives_no_issuer() -> None:
    """A guessed address could belong to another party."""
    with pytest.raises(ValueError, match="partition"):
        issuer_from_method_arn("arn:aws-moon:execute-api:region-1:1:abc/dev/GET/")


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"domainName": "a.example"},
        {"stage": "prod"},
        {"domainName": "", "stage": "prod"},
        {"domainName": "a.example", "stage": ""},
        {"domainName": None, "stage": "prod"},
        {"domainName": "a.example", "stage": 5},
        {"domainName": ["a.example"], "stage": "prod"},
    ],
)
def test_a_context_without_address_is_refused(context: dict[str, object]) -> None:
    """An incomplete context gives an error and no issuer."""
    with pytest.raises(ValueError, match="no domain and stage"):
        issuer_from_context(context)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "*",
        "abc/prod/GET",
        "arn:aws:execute-api:region-1:1:abc/prod",
        "arn:aws:execute-api:region-1:1:abc",
        "arn:aws:lambda:region-1:1:function/x/y",
        "arn:aws:execute-api:abc/prod/GET",
    ],
)
def test_another_arn_is_refused(arn: str) -> None:
    """Only the ARN of an API method names an API and a stage."""
    with pytest.raises(ValueError, match="not the ARN"):
        issuer_from_method_arn(arn)
