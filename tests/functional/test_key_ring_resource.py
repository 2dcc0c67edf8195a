import json
from dataclasses import replace

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.signing_key import SigningKey
from tests.support.cloudformation import CloudFormation, Resource, Told, deployed_keys, public_keys, success
from tests.support.key_ring_events import GET, ring_text
from tests.support.people import HOUR, key_ring
from tests.support.sample_events import sample
from tests.support.stack import Stack
from tests.support.wire import Fault, Forward, lost_response, passes

ALGORITHMS = ["ES256", "RS256", "EdDSA"]
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
LONGEST_STACK = (
    "arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/"
    + "s" * 128
    + "/1f2e3d4c-5b6a-4798-8a9b-0c1d2e3f4a5b"
)
MAX_DEPLOYED_CHARACTERS = 3072  # of Lambda's 4 KB of environment


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_create_makes_the_ring_and_hands_out_its_public_keys(
    empty_stack: Stack, cloudformation: CloudFormation, alg: str
) -> None:
    """A stack has keys from its creation; K1, K5: no private key is in the answer."""
    stack = empty_stack.with_parameters(SigningAlgorithm=alg)
    event = sample("key-ring-create")

    told = cloudformation.custom_resource(stack)(event)

    assert told == success(event, public_keys(stack))
    signing, following = stack.key_ring.signing
    assert (signing.key.alg, following.key.alg) == (alg, alg)
    assert signing.key.kid != following.key.kid
    assert signing.signs_from_seconds == signing.published_at_seconds == stack.clock.now_seconds
    assert following.signs_from_seconds == stack.clock.now_seconds + 30 * 24 * HOUR
    secrets = {mac.key.secret for mac in stack.key_ring.mac}
    assert len(secrets) == 2
    assert all(len(set(secret)) > 8 for secret in secrets), "drawn"
    for key in json.loads(told["Data"]["Jwks"])["keys"]:
        assert not PRIVATE_MEMBERS & key.keys()


def test_the_answer_goes_to_the_presigned_address_as_it_is(resource: Resource, cloudformation: CloudFormation) -> None:
    """CloudFormation's address is signed, so the answer is a PUT with the same query and no content type."""
    resource(sample("key-ring-create"))

    assert cloudformation.requests == [("PUT", "/answers?X-Amz-Signature=abc%2Fdef", "")]


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_ring_that_exists_is_kept(
    empty_stack: Stack, cloudformation: CloudFormation, resource: Resource, kind: str
) -> None:
    """A second Create and an Update, warm or cold, change no key, so tokens stay valid."""
    first = resource(sample("key-ring-create"))
    kept = ring_text(empty_stack)
    event = sample(f"key-ring-{kind}")
    empty_stack.wire.forget()

    answers = [resource(event), cloudformation.custom_resource(empty_stack)(event)]

    assert answers == [success(event, first["Data"])] * 2
    assert ring_text(empty_stack) == kept
    assert empty_stack.wire.counts == {GET: 2}


@pytest.mark.parametrize("alg", ["RS256", "EdDSA"])
def test_another_algorithm_is_planned_and_takes_its_turn(
    empty_stack: Stack, cloudformation: CloudFormation, resource: Resource, alg: str
) -> None:
    """K3: a new algorithm plans a key and publishes it for KeyPublishHours; valid tokens stay valid."""
    resource(sample("key-ring-create"))
    signing, taken_back = empty_stack.key_ring.signing
    stack, event = empty_stack.with_parameters(SigningAlgorithm=alg, KeyPublishHours="3"), sample("key-ring-update")

    told = cloudformation.custom_resource(stack)(event)

    kids = [key["kid"] for key in json.loads(told["Data"]["Jwks"])["keys"]]
    planned = stack.key_ring.signing[-1]
    assert (planned.key.alg, planned.signs_from_seconds) == (alg, stack.clock.now_seconds + 3 * HOUR)
    assert kids == [signing.key.kid, planned.key.kid]
    assert taken_back.key.kid not in kids
    assert stack.keys.signing == signing.key
    stack.clock.advance(seconds=3 * HOUR)
    assert stack.keys.signing == planned.key
    assert [timed.key for timed in stack.keys.verifying] == [planned.key, signing.key]


def test_an_update_makes_a_ring_where_there_is_none(empty_stack: Stack, resource: Resource) -> None:
    """An update makes a ring if the secret has none."""
    event = sample("key-ring-update")

    assert resource(event) == success(event, public_keys(empty_stack))


def test_delete_keeps_the_keys(empty_stack: Stack, resource: Resource) -> None:
    """A deletion keeps the keys and does not call Secrets Manager, so it works during an outage."""
    resource(sample("key-ring-create"))
    kept = ring_text(empty_stack)
    empty_stack.wire.forget()

    told = resource(sample("key-ring-delete"))

    assert told == success(sample("key-ring-delete"), {})
    assert empty_stack.wire.calls == []
    assert ring_text(empty_stack) == kept


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_a_resource_keeps_its_physical_id(resource: Resource, kind: str) -> None:
    """CloudFormation takes a new id for a new resource, and would delete the old one."""
    event = {**sample(f"key-ring-{kind}"), "PhysicalResourceId": "given by CloudFormation, or an older release"}

    assert resource(event)["PhysicalResourceId"] == event["PhysicalResourceId"]


@pytest.mark.parametrize("late", [passes, lost_response])
def test_racing_creators_answer_the_same_keys(
    empty_stack: Stack, cloudformation: CloudFormation, resource: Resource, late: Fault
) -> None:
    """CloudFormation calls again between the read and the write of the first call; both answer with one ring."""
    event = sample("key-ring-create")
    second: list[Told] = []

    def overtaken(forward: Forward) -> AWSResponse:
        second.append(cloudformation.custom_resource(empty_stack)(event))
        return late(forward)

    empty_stack.wire.next("PutSecretValue", overtaken)

    first = resource(event)

    assert [first] == second == [success(event, public_keys(empty_stack))]
    assert len(empty_stack.key_rings()) == 1


def test_a_write_whose_answer_was_lost_is_the_ring(empty_stack: Stack, resource: Resource) -> None:
    """The SDK repeats the write under the same request token, and the answer has the ring that was kept."""
    empty_stack.wire.next("PutSecretValue", lost_response)
    event = sample("key-ring-create")

    assert resource(event) == success(event, public_keys(empty_stack))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_answer_holds_no_more_keys_than_fit(empty_stack: Stack, resource: Resource, alg: str) -> None:
    """K1: of forty keys the answer has the signing key and the newest ones, even for the longest stack name."""
    event = {**sample("key-ring-update"), "StackId": LONGEST_STACK, "PhysicalResourceId": empty_stack.secret_arn}
    empty_stack.make_key_ring(crowded(empty_stack, alg))

    told = resource(event)

    published = deployed_keys(empty_stack)
    deployed = json.loads(told["Data"]["Jwks"])["keys"]
    assert told["Status"] == "SUCCESS"
    assert len(told["Data"]["Jwks"]) <= MAX_DEPLOYED_CHARACTERS
    assert deployed == published[: len(deployed)]
    assert 2 < len(deployed) < len(published) == 40
    another = json.dumps(published[: len(deployed) + 1], separators=(",", ":"))
    assert len(another) + len('{"keys":}') > MAX_DEPLOYED_CHARACTERS


def crowded(stack: Stack, alg: str) -> KeyRing:
    """Return a ring of forty keys, as after many rotations in an hour."""
    now = stack.clock.now_seconds
    keys = [TimedKey(numbered(alg, number), now - 9999, now - 5000 + number, now + 9999) for number in range(39)]
    following = replace(keys[0], key=numbered(alg, 39), signs_from_seconds=now + 8 * HOUR, ends_at_seconds=None)
    return replace(key_ring(alg), signing=(*keys, following))


def numbered(alg: str, number: int) -> SigningKey:
    """Return a key of full size that differs from the others only in its number."""
    [timed, *_] = key_ring(alg).signing
    name = "n" if alg == "RS256" else "x"
    value = timed.key.jwk[name]
    return timed.key if number == 38 else replace(timed.key, jwk={**timed.key.jwk, name: f"{value[:-4]}A{number:02}A"})
