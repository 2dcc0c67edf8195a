"""The custom domain, in the template as SAM expands it: none by default, and the API's only name where there is one."""

import re
from functools import cache

import pytest

from tests.support.conditions import Deployed
from tests.support.sam_transform import expanded
from tests.support.template import parameters, variables

AUDIENCE = {"Audience": "https://api.example.com"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/3f0e1d2c"
DOMAIN = {"DomainName": "auth.example.com", "CertificateArn": CERTIFICATE}
ZONE = {"HostedZoneId": "Z0123456789ABC"}
STRICT = {"StrictAcr": "2fa"}
PASSKEYS = {"PasskeyRpId": "example.com", "PasskeyOrigins": "https://example.com"}
MAIL = {"MailFrom": "login@example.com", "MailIdentity": "example.com", "PagesUrl": "https://example.com"}
OF_THE_DOMAIN = {"CustomDomain", "CustomDomainMapping", "CustomDomainRecord"}


@cache
def template() -> dict[str, object]:
    """Return the template as SAM expands it."""
    [document] = expanded({**AUDIENCE, **DOMAIN})
    return document


def deployed(**given: str) -> Deployed:
    """Return a deployment with these parameters."""
    return Deployed(template(), {**AUDIENCE, **given})


def issuers(deployment: Deployed) -> set[str]:
    """Return the issuer of each function that has one."""
    functions = [body for body in deployment.resources().values() if body["Type"] == "AWS::Lambda::Function"]
    every = [body["Properties"].get("Environment", {}).get("Variables", {}) for body in functions]
    return {each["ISSUER"] for each in every if "ISSUER" in each}


def disables_the_default_address(deployment: Deployed) -> bool:
    """Return whether the API answers under its custom domain only."""
    [server] = deployment.resources()["Api"]["Properties"]["Body"]["servers"]
    disabled: bool = server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
    return disabled


def test_there_is_none_by_default() -> None:
    """The API has its own address, and the issuer is derived from it."""
    deployment = deployed()

    assert not OF_THE_DOMAIN & deployment.resources().keys()
    assert not disables_the_default_address(deployment)
    assert issuers(deployment) == {""}
    assert str(deployment.output("ApiUrl")).endswith("/v1")
    assert deployment.output("DomainTarget") is None


@pytest.mark.parametrize("kind", ["EDGE", "REGIONAL"])
def test_the_api_has_one_name_at_its_root(kind: str) -> None:
    """DC-10: cookies and issuer are of one host, and no other name leads to the API."""
    deployment = deployed(**DOMAIN, EndpointType=kind)
    made = deployment.resources()

    assert OF_THE_DOMAIN & made.keys() == {"CustomDomain", "CustomDomainMapping"}
    properties = made["CustomDomain"]["Properties"]
    certificate = "CertificateArn" if kind == "EDGE" else "RegionalCertificateArn"
    assert {name: value for name, value in properties.items() if name.endswith("CertificateArn")} == {
        certificate: CERTIFICATE
    }
    assert (properties["DomainName"], properties["EndpointConfiguration"]) == ("auth.example.com", {"Types": [kind]})
    assert properties["SecurityPolicy"] == "TLS_1_2"
    assert made["CustomDomainMapping"]["Properties"] == {
        "DomainName": {"Ref": "CustomDomain"},
        "RestApiId": {"Ref": "Api"},
        "Stage": {"Ref": "Apiv1Stage"},
    }
    assert disables_the_default_address(deployment)
    assert issuers(deployment) == {"https://auth.example.com"}
    assert deployment.output("ApiUrl") == "https://auth.example.com"


@pytest.mark.parametrize(("kind", "prefix"), [("EDGE", "Distribution"), ("REGIONAL", "Regional")])
def test_the_record_points_to_the_domain(kind: str, prefix: str) -> None:
    """With a hosted zone the stack makes the record; the output names its target in any case."""
    deployment = deployed(**DOMAIN, **ZONE, EndpointType=kind)
    target = {"Fn::GetAtt": ["CustomDomain", f"{prefix}DomainName"]}

    record = deployment.resources()["CustomDomainRecord"]["Properties"]

    assert (record["HostedZoneId"], record["Name"], record["Type"]) == (*ZONE.values(), "auth.example.com", "A")
    assert record["AliasTarget"] == {
        "DNSName": target,
        "HostedZoneId": {"Fn::GetAtt": ["CustomDomain", f"{prefix}HostedZoneId"]},
    }
    assert deployment.output("DomainTarget") == target


def test_an_issuer_of_ones_own_wins() -> None:
    """Behind a distribution of one's own the public address is another one."""
    assert issuers(deployed(**DOMAIN, Issuer="https://example.com/auth")) == {"https://example.com/auth"}
    assert issuers(deployed(Issuer="https://example.com/auth")) == {"https://example.com/auth"}


def test_every_function_with_an_issuer_has_the_same() -> None:
    """The authorizers accept what the functions issue; the key ring is asked again when it changes."""
    assert variables("authorizer")["ISSUER"] == variables("login")["ISSUER"] == variables("strict_authorizer")["ISSUER"]
    assert deployed(**DOMAIN).resources()["KeyRing"]["Properties"]["Issuer"] == "https://auth.example.com"


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        ({}, []),
        (DOMAIN, []),
        ({**DOMAIN, **ZONE}, []),
        ({"DomainName": "auth.example.com"}, ["DomainNeedsCertificate"]),
        ({"CertificateArn": CERTIFICATE}, ["CertificateNeedsDomain"]),
        (ZONE, ["HostedZoneNeedsDomain"]),
        ({"RevocationFeed": "true", "RevocationSeconds": "0"}, ["FeedNeedsRevocations"]),
        (STRICT, ["StrictAcrNeedsFactors"]),
        ({**STRICT, "SecondFactor": "optional"}, []),
        ({**STRICT, **PASSKEYS}, []),
        ({"StrictAcr": "phr"}, ["StrictAcrNeedsFactors", "StrictPasskeyNeedsPasskeys"]),
        ({"StrictAcr": "phr", **PASSKEYS}, []),
        ({"StrictAcr": "phr", "SecondFactor": "everybody"}, ["StrictPasskeyNeedsPasskeys"]),
        ({"StrictMaxAgeSeconds": "300"}, []),
        ({"PasskeyRpId": "example.com"}, ["PasskeysNeedOrigins"]),
        ({"PasskeyRpId": "example.com", "AllowedOrigins": "https://example.com"}, []),
        (MAIL, []),
        ({**MAIL, "ConfirmAddress": "true"}, ["ConfirmationNeedsMail"]),
        ({**MAIL, "ConfirmAddress": "true", "SelfRegistration": "true"}, []),
        ({"ConfirmAddress": "true", "SelfRegistration": "true"}, ["ConfirmationNeedsMail"]),
        ({"PagesUrl": "https://example.com"}, ["PagesNeedMail"]),
    ],
    ids=str,
)
def test_half_a_feature_is_refused_before_the_deployment(given: dict[str, str], broken: list[str]) -> None:
    """A name without a certificate, a demand that no login can meet, links without a mail. Each whole one is taken."""
    assert deployed(**given).broken_rules() == broken


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("DomainName", "", True),
        ("DomainName", "auth.example.com", True),
        ("DomainName", "a-b.example.co.uk", True),
        ("DomainName", "auth", False),
        ("DomainName", "AUTH.example.com", False),
        ("DomainName", "*.example.com", False),
        ("DomainName", "https://auth.example.com", False),
        ("DomainName", "auth.example.com.", False),
        ("DomainName", "-auth.example.com", False),
        ("CertificateArn", CERTIFICATE, True),
        ("CertificateArn", "arn:aws:iam::123456789012:server-certificate/x", False),
        ("HostedZoneId", "Z0123456789ABC", True),
        ("HostedZoneId", "/hostedzone/Z0123456789ABC", False),
    ],
)
def test_a_pattern_takes_what_it_should(name: str, value: str, taken: bool) -> None:  # noqa: FBT001 - the expectation
    """A wrong value is refused before the deployment."""
    assert (re.fullmatch(parameters()[name]["AllowedPattern"], value) is not None) is taken
