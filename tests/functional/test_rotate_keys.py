import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.tokens.keyring import to_secret_json
from tests.functional.people import key_ring
from tests.functional.sample_events import Event, sample
from tests.functional.stack import LambdaContext, Stack
from tests.functional.wire import (
    Fault,
    Forward,
    lost_request,
    lost_response,
    no_connection,
    passes,
    raw_answer,
    refusal,
)

ALGORITHMS = ["ES256", "RS256", "EdDSA"]
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
MAX_ANSWER_BYTES = 4096  # CloudFormation's own limit
REASON = "The key ring could not be made: "
KINDS = ["create", "update", "delete"]
OUTAGES = [
    (no_connection, "ConnectTimeoutError"),
    (lost_request, "ReadTimeoutError"),
    (refusal("ThrottlingException"), "GetSecretValue: ThrottlingException"),
    (refusal("AccessDeniedException"), "GetSecretValue: AccessDeniedException"),
    (refusal("InternalServiceError", 500), "GetSecretValue: InternalServiceError"),
]

Told = dict[str, Any]
RotateKeys = Callable[[Event], Told]


@dataclass
class CloudFormation:
    """Waits for answers."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Of each: the method, the path with its query, and the content type."""


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    """Return a server that stands for CloudFormation's presigned address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # http.server's own name for it
            told.requests.append((self.command, self.path, self.headers["Content-Type"]))
            told.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        told = CloudFormation(f"http://127.0.0.1:{server.server_port}/answers?X-Amz-Signature=abc%2Fdef")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def cold(stack: Stack, cloudformation: CloudFormation) -> RotateKeys:
    """Return a cold function that returns what CloudFormation was told."""
    handler = stack.module("rotate_keys").handler

    def invoke(event: Event) -> Told:
        assert handler({**event, "ResponseURL": cloudformation.url}, LambdaContext()) is None
        if stack.secretsmanager.describe_secret(SecretId=stack.secret_arn).get("VersionIdsToStages"):
            stack.secrets.keep_ring(stack.key_ring)
        told: Told = json.loads(cloudformation.bodies[-1])
        return told

    return invoke


@pytest.fixture
def rotate_keys(empty_stack: Stack, cloudformation: CloudFormation) -> RotateKeys:
    """Return the function, cold, in a stack without keys."""
    return cold(empty_stack, cloudformation)


def success(stack: Stack, event: Event, data: dict[str, str]) -> Told:
    """Return the answer to a request that was done."""
    return {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": stack.secret_arn,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": "KeyRing",
        "Data": data,
    }


def failure(stack: Stack, event: Event, detail: str) -> Told:
    """Return the answer to a request that was not."""
    return {**success(stack, event, {}), "Status": "FAILED", "Reason": REASON + detail}


def public_keys(stack: Stack) -> dict[str, str]:
    """Return what `!GetAtt KeyRing.Jwks` has to find."""
    return {"Jwks": json.dumps(stack.key_ring.jwks(), separators=(",", ":"))}


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_create_makes_the_ring_and_hands_out_its_public_keys(
    empty_stack: Stack, cloudformation: CloudFormation, alg: str
) -> None:
    """§6: a stack never exists without keys; K1, K5: none of the private ones leaves."""
    stack = empty_stack.with_parameters(SigningAlgorithm=alg)
    event = sample("key-ring-create")

    told = cold(stack, cloudformation)(event)

    assert told == success(stack, event, public_keys(stack))
    ring = stack.key_ring
    assert (ring.signing.alg, ring.next.alg) == (alg, alg)
    assert ring.signing.kid != ring.next.kid
    assert ring.signing.created_at_seconds == stack.clock.now_seconds
    assert (ring.retired, ring.previous_mac) == ((), None)
    assert len(set(ring.mac.secret)) > 8, "drawn"
    [body] = cloudformation.bodies
    assert len(body) < MAX_ANSWER_BYTES
    assert not any(secret.encode() in body for secret in stack.secrets.values)
    for key in json.loads(told["Data"]["Jwks"])["keys"]:
        assert not PRIVATE_MEMBERS & key.keys()


def test_the_answer_goes_to_the_presigned_address_as_it_is(
    rotate_keys: RotateKeys, cloudformation: CloudFormation
) -> None:
    """CloudFormation's address is signed: a PUT, the query untouched, no content type."""
    rotate_keys(sample("key-ring-create"))

    assert cloudformation.requests == [("PUT", "/answers?X-Amz-Signature=abc%2Fdef", "")]


@pytest.mark.parametrize("kind", ["create", "update"])
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_ring_that_exists_is_kept(
    empty_stack: Stack, cloudformation: CloudFormation, rotate_keys: RotateKeys, kind: str, alg: str
) -> None:
    """§6: a second Create, an Update, warm or cold, and another algorithm change no key: tokens stay valid."""
    first = rotate_keys(sample("key-ring-create"))
    before = to_secret_json(empty_stack.key_ring)
    event = sample(f"key-ring-{kind}")
    stack = empty_stack.with_parameters(SigningAlgorithm=alg)
    stack.wire.forget()

    answers = [rotate_keys(event), cold(stack, cloudformation)(event)]

    assert answers == [success(stack, event, first["Data"])] * 2
    assert to_secret_json(stack.key_ring) == before
    assert stack.wire.counts == {"secrets-manager.GetSecretValue": 2}


def test_an_update_makes_a_ring_where_there_is_none(empty_stack: Stack, rotate_keys: RotateKeys) -> None:
    """§6: whatever happened to the secret, a stack does not stay without keys."""
    event = sample("key-ring-update")

    assert rotate_keys(event) == success(empty_stack, event, public_keys(empty_stack))


def test_delete_keeps_the_keys(empty_stack: Stack, rotate_keys: RotateKeys) -> None:
    """§6: nothing is asked of Secrets Manager, which may be down: a stack can be taken away, its keys stay."""
    rotate_keys(sample("key-ring-create"))
    before = to_secret_json(empty_stack.key_ring)
    empty_stack.wire.forget()

    told = rotate_keys(sample("key-ring-delete"))

    assert told == success(empty_stack, sample("key-ring-delete"), {})
    assert empty_stack.wire.calls == []
    assert to_secret_json(empty_stack.key_ring) == before


@pytest.mark.parametrize("late", [passes, lost_response])
def test_racing_creators_answer_the_same_keys(
    empty_stack: Stack, cloudformation: CloudFormation, rotate_keys: RotateKeys, late: Fault
) -> None:
    """§6: CloudFormation calls again while the first call is between its read and its write: one ring wins."""
    event = sample("key-ring-create")
    second: list[Told] = []

    def overtaken(forward: Forward) -> AWSResponse:
        second.append(cold(empty_stack, cloudformation)(event))
        return late(forward)

    empty_stack.wire.next("PutSecretValue", overtaken)

    first = rotate_keys(event)

    assert [first] == second == [success(empty_stack, event, public_keys(empty_stack))]


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_write_whose_answer_was_lost_is_the_ring(empty_stack: Stack, rotate_keys: RotateKeys, attempts: int) -> None:
    """§6: the SDK writes again under the same request token; what is answered is what is kept."""
    empty_stack.wire.next("PutSecretValue", *[lost_response] * attempts)
    event = sample("key-ring-create")

    assert rotate_keys(event) == success(empty_stack, event, public_keys(empty_stack))


@pytest.mark.parametrize("kind", ["create", "update"])
@pytest.mark.parametrize(("outage", "detail"), OUTAGES)
def test_a_secret_that_cannot_be_read_fails_readably(
    empty_stack: Stack, rotate_keys: RotateKeys, outage: Fault, detail: str, kind: str
) -> None:
    """§6: the stack hears of it at once, in words, and no ring is made over one that could not be seen."""
    empty_stack.wire.always("GetSecretValue", outage)
    event = sample(f"key-ring-{kind}")

    assert rotate_keys(event) == failure(empty_stack, event, detail)
    assert "secrets-manager.PutSecretValue" not in empty_stack.wire.counts


@pytest.mark.parametrize(
    ("outage", "detail"), [(fault, text.replace("GetSecretValue", "PutSecretValue")) for fault, text in OUTAGES]
)
def test_a_secret_that_cannot_be_written_fails_readably(
    empty_stack: Stack, rotate_keys: RotateKeys, outage: Fault, detail: str
) -> None:
    """§6: no keys are handed out that are not kept; the next attempt makes them."""
    empty_stack.wire.always("PutSecretValue", outage)
    event = sample("key-ring-create")

    assert rotate_keys(event) == failure(empty_stack, event, detail)

    empty_stack.wire.mend()
    assert rotate_keys(event) == success(empty_stack, event, public_keys(empty_stack))


@pytest.mark.parametrize("alg", ["none", "HS256", "es256", "ES384", ""])
def test_an_unsupported_algorithm_fails(empty_stack: Stack, cloudformation: CloudFormation, alg: str) -> None:
    """§4: nothing is kept under it."""
    stack = empty_stack.with_parameters(SigningAlgorithm=alg)
    event = sample("key-ring-create")

    assert cold(stack, cloudformation)(event) == failure(stack, event, "ValueError")
    assert "secrets-manager.PutSecretValue" not in stack.wire.counts


@pytest.mark.parametrize("kind", ["create", "update"])
def test_a_secret_that_is_no_ring_is_not_written_over(
    empty_stack: Stack, cloudformation: CloudFormation, rotate_keys: RotateKeys, kind: str
) -> None:
    """K5: what stands there may be somebody's only copy; nothing of it is told."""
    damaged = to_secret_json(key_ring()).replace('"signing"', '"singing"')
    empty_stack.secrets.keep_ring(key_ring())
    empty_stack.wire.always("GetSecretValue", raw_answer(json.dumps({"SecretString": damaged}).encode(), 200))
    event = sample(f"key-ring-{kind}")

    assert rotate_keys(event) == failure(empty_stack, event, "the secret holds no key ring")
    assert "secrets-manager.PutSecretValue" not in empty_stack.wire.counts
    assert not any(secret.encode() in cloudformation.bodies[-1] for secret in empty_stack.secrets.values)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"])
def test_an_event_of_somebody_else_is_an_error(empty_stack: Stack, kind: str, missing: str) -> None:
    """Nobody waits for an answer, so Lambda reports it; nobody is called and no key is made."""
    handler = empty_stack.module("rotate_keys").handler
    event = sample(f"key-ring-{kind}")
    without = {name: value for name, value in event.items() if name != missing}
    for strange in ({}, without, {**event, missing: None}, {**event, missing: 1}, {"source": "aws.events"}):
        with pytest.raises(ValueError, match=r"^not a custom resource request of CloudFormation$"):
            handler(strange, LambdaContext())
    assert empty_stack.wire.calls == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_cannot_be_delivered_is_an_error(
    empty_stack: Stack, cloudformation: CloudFormation, kind: str
) -> None:
    """Lambda calls again, and the second call answers with the ring of the first."""
    event = sample(f"key-ring-{kind}")  # its address is one where nobody listens
    with pytest.raises(OSError, match="refused"):
        empty_stack.module("rotate_keys").handler(event, LambdaContext())

    told = cold(empty_stack, cloudformation)(event)

    assert told == success(empty_stack, event, {} if kind == "delete" else public_keys(empty_stack))
    assert empty_stack.wire.counts.get("secrets-manager.PutSecretValue", 0) == (0 if kind == "delete" else 1)
