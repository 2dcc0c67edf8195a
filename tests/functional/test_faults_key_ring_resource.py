import json
from urllib.error import HTTPError

import pytest

from edge_auth.keys.ring_document import to_secret_json
from tests.support.cloudformation import (
    REASON,
    CloudFormation,
    Resource,
    failure,
    public_keys,
    rotate_keys_on_this_machine,
    success,
)
from tests.support.key_ring_events import PUT, ring_text
from tests.support.outages import before
from tests.support.people import key_ring
from tests.support.sample_events import Event, sample
from tests.support.stack import LambdaContext, Stack
from tests.support.wire import lost_request, no_connection, raw_answer, refusal

KINDS = ["create", "update", "delete"]
OUTAGES = {
    "ConnectTimeoutError": no_connection,
    "ReadTimeoutError": lost_request,
    "{}: ThrottlingException": refusal("ThrottlingException"),
    "{}: AccessDeniedException": refusal("AccessDeniedException"),
    "{}: InternalServiceError": refusal("InternalServiceError", 500),
}
MAX_REASON_CHARACTERS = 400
NOWHERE = "http://127.0.0.1:9"  # the address in the sample events: nothing listens


def made(stack: Stack, event: Event) -> dict[str, str]:
    """Return the data of an answer of success."""
    return {} if event["RequestType"] == "Delete" else public_keys(stack)


@pytest.mark.parametrize("kind", ["create", "update"])
@pytest.mark.parametrize("detail", OUTAGES)
def test_a_secret_that_cannot_be_read_fails_readably(
    empty_stack: Stack, resource: Resource, detail: str, kind: str
) -> None:
    """The stack gets the reason at once, and no ring is made while the secret cannot be read."""
    empty_stack.wire.always("GetSecretValue", OUTAGES[detail])
    event = sample(f"key-ring-{kind}")

    assert resource(event) == failure(event, detail.format("GetSecretValue"))
    assert PUT not in empty_stack.wire.counts


@pytest.mark.parametrize("detail", OUTAGES)
def test_a_secret_that_cannot_be_written_fails_readably(empty_stack: Stack, resource: Resource, detail: str) -> None:
    """No keys are returned that were not written; the next attempt makes the ring."""
    empty_stack.wire.always("PutSecretValue", OUTAGES[detail])
    event = sample("key-ring-create")

    assert resource(event) == failure(event, detail.format("PutSecretValue"))

    empty_stack.wire.mend()
    assert resource(event) == success(event, public_keys(empty_stack))


@pytest.mark.parametrize("operation", ["GetSecretValue", "PutSecretValue"])
def test_the_function_waits_until_a_new_role_is_known(
    empty_stack: Stack, cloudformation: CloudFormation, operation: str
) -> None:
    """IAM takes some seconds to make a new role known, and a refused Create would roll the whole stack back."""
    function = cloudformation.function(empty_stack)
    empty_stack.wire.next(operation, *[refusal("AccessDeniedException")] * 10)
    event = sample("key-ring-create")

    function.handler({**event, "ResponseURL": cloudformation.url}, LambdaContext())

    assert json.loads(cloudformation.bodies[-1]) == success(event, public_keys(empty_stack))
    assert function.time.waited == 20


@pytest.mark.parametrize(("kind", "seconds"), [("create", 30), ("update", 0)])
def test_a_right_that_never_comes_fails_the_stack(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str, seconds: int
) -> None:
    """A new role is known after half a minute, and the role of a stack that is updated is not new."""
    function = cloudformation.function(empty_stack)
    empty_stack.wire.always("GetSecretValue", refusal("AccessDeniedException"))
    event = sample(f"key-ring-{kind}")

    function.handler({**event, "ResponseURL": cloudformation.url}, LambdaContext())

    assert json.loads(cloudformation.bodies[-1]) == failure(event, "GetSecretValue: AccessDeniedException")
    assert function.time.waited == seconds


@pytest.mark.parametrize("alg", ["none", "HS256", "es256", "ES384", ""])
@pytest.mark.parametrize("kind", ["create", "update"])
def test_an_unsupported_algorithm_fails_readably(
    empty_stack: Stack, cloudformation: CloudFormation, alg: str, kind: str
) -> None:
    """No key is made for the algorithm, and an existing ring stays as it is."""
    if kind == "update":
        empty_stack.make_key_ring(key_ring())
    stack, event = empty_stack.with_parameters(SigningAlgorithm=alg), sample(f"key-ring-{kind}")

    told = cloudformation.custom_resource(stack)(event)

    assert told == failure(event, f"unsupported signing algorithm: {alg}")
    assert PUT not in stack.wire.counts


@pytest.mark.parametrize(
    ("parameter", "value", "text"),
    [
        ("KeyRotationDays", "1.5", "not a whole number: KEY_ROTATION_DAYS"),  # CloudFormation's type Number allows this
        ("KeyPublishHours", "2.5", "not a whole number: KEY_PUBLISH_HOURS"),
        ("RefreshIdleDays", "", "not a whole number: REFRESH_IDLE_DAYS"),
        ("RefreshAbsoluteDays", "", "not a whole number: REFRESH_ABSOLUTE_DAYS"),
        ("KeyPublishHours", "1", "a key is published at least 7200 seconds before it signs"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_settings_fail_readably_and_can_be_rolled_back(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str, parameter: str, value: str, text: str
) -> None:
    """The function starts with wrong settings, so the stack gets an answer at once; a deletion needs no settings."""
    stack, event = empty_stack.with_parameters(**{parameter: value}), sample(f"key-ring-{kind}")

    told = cloudformation.custom_resource(stack)(event)

    assert told == (success(event, {}) if kind == "delete" else failure(event, text))
    assert stack.wire.calls == []


@pytest.mark.parametrize("value", ["900.5", "9e2", "900.0", "+900", " 900", "\u0669\u0660\u0660", ""])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fraction_fails_the_deployment(empty_stack: Stack, resource: Resource, kind: str, value: str) -> None:
    """CloudFormation's type Number allows it. Each function that reads it would answer 503 after the deployment."""
    event = sample(f"key-ring-{kind}")
    event["ResourceProperties"]["WholeNumbers"]["AccessTokenSeconds"] = value

    told = resource(event)

    refused = failure(event, "not a whole number: AccessTokenSeconds")
    assert told == (success(event, {}) if kind == "delete" else refused)
    assert empty_stack.wire.calls == []


@pytest.mark.parametrize("name", sample("key-ring-create")["ResourceProperties"]["WholeNumbers"])
def test_each_whole_number_is_checked(resource: Resource, name: str) -> None:
    """The reason names the parameter."""
    event = sample("key-ring-create")
    event["ResourceProperties"]["WholeNumbers"][name] += ".5"

    assert resource(event) == failure(event, f"not a whole number: {name}")


@pytest.mark.parametrize("missing", ["ResourceProperties", "WholeNumbers"])
def test_a_request_of_an_earlier_template_is_answered(empty_stack: Stack, resource: Resource, missing: str) -> None:
    """A rollback may call the new code with the old properties."""
    event = sample("key-ring-update")
    event["ResourceProperties"].pop(missing, None)
    event.pop(missing, None)

    assert resource(event) == success(event, public_keys(empty_stack))


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_without_an_environment_still_answers(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str
) -> None:
    """The reason names the missing variables."""
    environ = empty_stack.environment("rotate_keys")
    del environ["KEY_RING_SECRET"], environ["SIGNING_ALGORITHM"]
    empty_stack.monkeypatch.setattr(empty_stack, "environment", lambda _function: environ)
    resource = cloudformation.custom_resource(empty_stack)
    event = sample(f"key-ring-{kind}")
    missing = failure(event, "missing in the environment: KEY_RING_SECRET, SIGNING_ALGORITHM")

    assert resource(event) == (success(event, {}) if kind == "delete" else missing)


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_secret_that_is_no_ring_is_not_written_over(empty_stack: Stack, resource: Resource, kind: str) -> None:
    """K5: an unreadable secret may be the only copy of the keys, so it is kept and no part of it is shown."""
    damaged = to_secret_json(key_ring()).replace('"signing"', '"singing"')
    empty_stack.secrets.keep_ring(key_ring())
    empty_stack.wire.always("GetSecretValue", raw_answer(json.dumps({"SecretString": damaged}).encode(), 200))
    event = sample(f"key-ring-{kind}")

    assert resource(event) == failure(event, "the secret holds no key ring")
    assert PUT not in empty_stack.wire.counts


def test_a_ring_of_a_later_release_is_named_in_the_stack(empty_stack: Stack, resource: Resource) -> None:
    """An older release cannot read it. The operator reads why the deployment failed, and the ring is kept."""
    later = to_secret_json(key_ring()).replace('"format":2', '"format":3')
    empty_stack.wire.always("GetSecretValue", raw_answer(json.dumps({"SecretString": later}).encode(), 200))
    event = sample("key-ring-update")

    assert resource(event) == failure(event, "the secret holds a key ring of format 3; this version reads 2")
    assert PUT not in empty_stack.wire.counts


def test_an_unexpected_error_is_shown_by_its_type(empty_stack: Stack, resource: Resource) -> None:
    """K5: the stack and the log get only the type of an unexpected error, because its message can quote a key."""

    def break_down() -> None:
        raise RuntimeError("a key of the ring")

    empty_stack.secrets.keep("a key of the ring", kind="MAC key")
    empty_stack.wire.always("GetSecretValue", before(break_down))
    event = sample("key-ring-create")

    assert resource(event) == failure(event, "RuntimeError")
    [line] = [line for line in empty_stack.output.log_lines() if "exception" in line]
    assert (line["level"], line["exception"]) == ("ERROR", "RuntimeError")


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_log_that_fails_does_not_keep_the_stack_waiting(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str
) -> None:
    """The answer is sent to CloudFormation before the log's error reaches Lambda."""
    module = cloudformation.function(empty_stack)

    def full(_error: Exception) -> None:
        raise OSError("no space")

    empty_stack.monkeypatch.setattr(module.log, "broken", full)
    empty_stack.wire.always("GetSecretValue", no_connection)
    event = sample(f"key-ring-{kind}")

    with pytest.raises(OSError, match="no space"):
        module.handler({**event, "ResponseURL": cloudformation.url}, LambdaContext())

    assert json.loads(cloudformation.bodies[-1]) == failure(event, "ConnectTimeoutError")


@pytest.mark.parametrize("character", ["Ü", "\N{KEY}", "\x00"])
def test_a_reason_is_as_long_as_fits(empty_stack: Stack, resource: Resource, character: str) -> None:
    """A reason is cut, because CloudFormation drops an answer of more than 4,096 bytes: a key of JSON takes twelve."""
    empty_stack.wire.always("GetSecretValue", refusal(character * 5000))

    told = resource(sample("key-ring-create"))

    assert told["Status"] == "FAILED"
    assert told["Reason"] == f"{REASON}GetSecretValue: {'?' * 5000}"[:MAX_REASON_CHARACTERS]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", ["ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
def test_a_request_that_is_not_of_cloudformation_is_an_error(empty_stack: Stack, kind: str, missing: str) -> None:
    """A request that is not CloudFormation's raises an error; no service is called and no key is made."""
    handler = empty_stack.module("rotate_keys").handler
    event = sample(f"key-ring-{kind}")
    without = {name: value for name, value in event.items() if name != missing}
    for strange in (without, {**event, missing: None}, {**event, missing: 1}, {"RequestType": event["RequestType"]}):
        with pytest.raises(ValueError, match=r"^not a custom resource request of CloudFormation$"):
            handler(strange, LambdaContext())
    for value in (None, 1, ["Create"]):
        with pytest.raises(ValueError, match=r"^not a custom resource request of CloudFormation$"):
            handler({**event, "RequestType": value}, LambdaContext())
    assert empty_stack.wire.calls == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_cannot_be_delivered_is_an_error(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str
) -> None:
    """Lambda retries, and the second call answers with the ring of the first."""
    event = sample(f"key-ring-{kind}")  # nothing listens at its address
    with pytest.raises(OSError, match="refused"):
        rotate_keys_on_this_machine(empty_stack, NOWHERE).handler(event, LambdaContext())

    told = cloudformation.custom_resource(empty_stack)(event)

    assert told == success(event, made(empty_stack, event))
    assert empty_stack.wire.counts.get(PUT, 0) == (0 if kind == "delete" else 1)


@pytest.mark.parametrize("status", [301, 307, 308, 403, 404, 500, 503, None])
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_refused_is_an_error(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str, status: int | None
) -> None:
    """After an expired signature, an outage of S3 or a broken connection, the retry answers with the same ring."""
    event = {**sample(f"key-ring-{kind}"), "ResponseURL": cloudformation.url}
    cloudformation.status = status
    with pytest.raises((HTTPError, ConnectionError)):
        cloudformation.function(empty_stack).handler(event, LambdaContext())
    assert len(cloudformation.requests) == 1, "a presigned address is not left for another"
    [refused] = cloudformation.bodies
    kept = kind == "delete" or ring_text(empty_stack)

    cloudformation.status = 200
    told = cloudformation.custom_resource(empty_stack)(event)

    assert told == json.loads(refused) == success(event, made(empty_stack, event))
    assert kept == (kind == "delete" or ring_text(empty_stack))


def test_a_failure_that_cannot_be_delivered_is_tried_again(empty_stack: Stack, cloudformation: CloudFormation) -> None:
    """A failure that could not be delivered raises an error, so Lambda retries; the retry can succeed."""
    event = sample("key-ring-create")
    empty_stack.wire.always("GetSecretValue", no_connection)
    with pytest.raises(OSError, match="refused"):
        rotate_keys_on_this_machine(empty_stack, NOWHERE).handler(event, LambdaContext())

    empty_stack.wire.mend()

    assert cloudformation.custom_resource(empty_stack)(event) == success(event, public_keys(empty_stack))
