"""The template's schedule and bounds for the rotation of keys are those of the code."""

import json
from itertools import product

import pytest

from edge_auth.keys import signing_key
from edge_auth.keys.rotation import RotationPolicy
from edge_auth.keys.timing import (
    EXPIRY_LEEWAY_SECONDS,
    ISSUED_AT_LEEWAY_SECONDS,
    JWKS_MAX_AGE_SECONDS,
    MAX_LIFETIME_SECONDS,
    MAX_RING_AGE_SECONDS,
    MIN_PUBLISH_SECONDS,
)
from edge_auth.settings.rotate_keys import RotateKeysSettings
from tests.support.template import ROOT, Intrinsic, functions, parameters, properties, template, values, variables

HOUR = 3600
DAY = 86_400
LAMBDA_RETRIES_AFTER_SECONDS = 60
MAY_BE_FRACTIONS = {"PublicRequestsPerSecond"}  # API Gateway's rates are


def bounds(name: str) -> tuple[int, int]:
    """Return the least and the greatest value of a parameter."""
    return parameters()[name]["MinValue"], parameters()[name]["MaxValue"]


def sample(name: str) -> dict[str, object]:
    """Return a sample event."""
    event: dict[str, object] = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    return event


def test_the_ring_is_looked_after_every_hour() -> None:
    """K3: one rule sends the event of `events/key-ring-advance.json` every hour, and names both authorizers."""
    [event] = functions()["rotate_keys"]["Events"].values()

    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", "rate(1 hour)")
    assert event["Properties"]["Input"].name == "Sub"
    assert json.loads(event["Properties"]["Input"].argument) == {
        **sample("key-ring-advance"),
        "authorizers": ["${AuthorizerFunction}", "${StrictAuthorizerFunction}"],
    }


def test_a_key_is_published_as_long_as_every_cache_of_it_needs() -> None:
    """K1, K3: the parameter's minimum is the code's constant, and longer than any copy of the keys lives."""
    least, _ = bounds("KeyPublishHours")

    assert least * HOUR == MIN_PUBLISH_SECONDS > MAX_RING_AGE_SECONDS > JWKS_MAX_AGE_SECONDS


@pytest.mark.parametrize("alg", parameters()["SigningAlgorithm"]["AllowedValues"])
def test_every_policy_that_the_parameters_allow_is_one(alg: str) -> None:
    """The code accepts the least and the greatest values that CloudFormation accepts."""
    signing_key.load(alg, signing_key.generate(alg))
    names = ("KeyRotationDays", "KeyPublishHours", "RefreshAbsoluteDays")
    assert bounds("RefreshIdleDays") == bounds("RefreshAbsoluteDays")
    for rotation_days, publish_hours, token_days in product(*(bounds(name) for name in names)):
        policy = RotationPolicy(alg, rotation_days * DAY, publish_hours * HOUR, token_days * DAY)
        assert policy.signing.period_seconds == rotation_days * DAY
        assert policy.mac.retention_seconds > token_days * DAY


def test_a_key_outlives_the_longest_access_token_that_the_parameters_allow() -> None:
    """K3: a key verifies for the longest token life, the longest cache time and the leeways."""
    _, longest = bounds("AccessTokenSeconds")
    _, cached = bounds("AuthorizerCacheSeconds")
    leeways = EXPIRY_LEEWAY_SECONDS + ISSUED_AT_LEEWAY_SECONDS

    assert longest == MAX_LIFETIME_SECONDS
    assert RotationPolicy("ES256", DAY, DAY, DAY).signing.retention_seconds == longest + cached + leeways


def test_cloudformation_calls_again_when_a_parameter_of_the_rotation_changes() -> None:
    """K3: the settings of rotate_keys, KeyRingVersion and the layer are properties of the resource."""
    no_setting_of_keys = ("REVOCATIONS_TABLE", "SECURITY_EVENT_BUS", "URL_SUFFIX")
    told = {name: value for name, value in variables("rotate_keys").items() if name not in no_setting_of_keys}
    read = [value for value in told.values() if isinstance(value, Intrinsic)]

    assert len(read) == len(told)
    for value in (*read, Intrinsic("Ref", "KeyRingVersion"), Intrinsic("Ref", "EdgeAuthLayer")):
        assert value in properties("KeyRing").values(), value


def test_no_deployment_puts_older_keys_back_into_the_authorizer() -> None:
    """K3: each parameter that changes an authorizer also calls rotate_keys, and so brings the keys of that moment."""
    configuration = [template()["Globals"]["Function"], functions()["authorizer"], functions()["strict_authorizer"]]
    changing = {value for value in values(configuration) if isinstance(value, Intrinsic) and value.name == "Ref"}
    named = {value for value in changing if value.argument in parameters()}

    assert {value.argument for value in named} >= {"Issuer", "Audience", "Architecture", "LogLevel"}
    refs = [value for value in values(properties("KeyRing")) if isinstance(value, Intrinsic) and value.name == "Ref"]
    assert named <= set(refs)


def test_a_deployment_checks_every_whole_number() -> None:
    """CloudFormation's type Number is a fraction too. A function that reads one would answer 503 to every call."""
    numbers = {name for name, body in parameters().items() if body["Type"] == "Number" and "AllowedValues" not in body}
    kinds, told = RotateKeysSettings.__annotations__, variables("rotate_keys")
    settings = {value.argument for name, value in told.items() if kinds[name.lower()] is int}
    checked = properties("KeyRing")["WholeNumbers"]

    assert checked == {name: Intrinsic("Ref", name) for name in checked}
    assert sorted([*settings, *checked]) == sorted(numbers - MAY_BE_FRACTIONS)


@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_the_sample_requests_have_the_resources_properties(kind: str) -> None:
    """The sample requests have all properties of the resource as texts, as CloudFormation sends them."""
    sent = sample(f"key-ring-{kind}")["ResourceProperties"]

    assert isinstance(sent, dict)
    assert sent.keys() == properties("KeyRing").keys()
    assert sent["WholeNumbers"].keys() == properties("KeyRing")["WholeNumbers"].keys()
    assert all(isinstance(value, str) for value in values(sent))


def test_a_stack_waits_for_a_second_call_and_no_longer() -> None:
    """The limit covers Lambda's retry after a minute, and is shorter than CloudFormation's own limit of an hour."""
    timeout = functions()["rotate_keys"]["Timeout"]

    assert properties("KeyRing")["ServiceTimeout"] == timeout + LAMBDA_RETRIES_AFTER_SECONDS
