"""The only writer of the key ring. A schedule, CloudFormation (`Custom::KeyRing`) and operators call it.

It always answers CloudFormation, because a stack waits for that answer for as long as an hour. So what answers is the
standard library alone, and works where the layer does not load: a layer that was built for another processor fails the
deployment with that reason, and its rollback needs nothing of the layer.

AWS CloudFormation User Guide, "Custom resource request types" and "Custom resource response objects".
"""

from __future__ import annotations  # the names of the layer are unknown where it does not load

import json
import os
import re
import secrets
import time
import urllib.request
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edge_auth.flows.keys.ring_summary import Summary
    from edge_auth.flows.ports.key_ring import StoredRing

layer_failure: Exception | None = None
try:
    from edge_auth.adapters.authorizer_keys import AuthorizerKeys
    from edge_auth.adapters.aws import AwsError, dynamodb_client, events_client, lambda_client, secrets_client
    from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
    from edge_auth.adapters.event_bus import EventBus
    from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
    from edge_auth.clock import now_ms
    from edge_auth.errors import AuthError
    from edge_auth.events.announcement import announcing
    from edge_auth.flows.keys.publish_keys import PublishKeys
    from edge_auth.flows.keys.ring_summary import deployed_jwks, signing_key_age_seconds, summary
    from edge_auth.flows.keys.rotate_keys import RotateKeys
    from edge_auth.flows.ports.key_ring import RingMoved
    from edge_auth.keys.maker import key_maker
    from edge_auth.keys.rotation import RotationPolicy
    from edge_auth.keys.signing_key import UnsupportedAlgorithm
    from edge_auth.keys.timing import MAX_PROOF_SECONDS
    from edge_auth.observability import FunctionLog
    from edge_auth.settings.reading import SettingsError, read_settings, whole_number
    from edge_auth.settings.rotate_keys import RotateKeysSettings

    log = FunctionLog("rotate_keys")
except Exception as error:  # noqa: BLE001 - the stack must be told of every error
    layer_failure = error

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600
ANSWER_TIMEOUT_SECONDS = 10
MAX_REASON_CHARACTERS = 400  # the whole answer may have 4,096 bytes
# A role that CloudFormation has just made may be unknown to other services for some seconds.
DENIED = ("AccessDenied", "AccessDeniedException")
NEW_ROLE_SECONDS = 30
RETRY_SECONDS = 2
# The bucket of a Region, by each of S3's host names. Its own name has the Region without dashes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-vpce-bucketnames.html
# Any account may make a bucket whose name only begins like this one. The DNS suffix of the partition follows.
ANSWER_HOST = r"cloudformation-custom-resource-response-{bucket_region}\.s3(?:[.-]{region})?\."
LOOPBACK = ("127.0.0.1", "localhost")


class StackRequest(NamedTuple):
    """A request of CloudFormation. `type` is Create, Update or Delete. The answer goes to `answer_url`.

    `physical_id` is the id that the resource got when it was created. Before that it is the logical id.
    `whole_numbers` are parameters of the stack by name, as texts: those that other functions read as whole numbers.
    """

    type: str
    answer_url: str
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str
    whole_numbers: Mapping[str, str]


def handler(event: object, context: object) -> Summary | None:
    """Do what the event asks for, and return a summary of the ring. CloudFormation is answered at its own address.

    Raises:
        ValueError: the event is none that this function knows.
        TemporarilyUnavailable: the ring could not be read, or is not known to be written. Lambda repeats a schedule's
            event.
        OSError: CloudFormation could not be answered. Lambda then calls the function again.
        Exception: the layer does not load.

    """
    if layer_failure is None:
        log.begin(context)
    if isinstance(event, dict) and "RequestType" in event:
        answer_stack(stack_request_from(event), clock=time.monotonic, sleep=time.sleep)
        return None
    if layer_failure is not None:
        raise layer_failure
    try:
        return summary(act(event), now_ms() // 1000)
    except RingMoved:
        return {"refused": "the key ring has changed since it was shown"}


def act(event: object) -> StoredRing:
    """Do what a schedule or an operator asks. `version` is the ring that the operator was shown.

    The schedule's event names the authorizers. The environment cannot: CloudFormation makes the authorizers after the
    keys, and so after this function.
    """
    match event:
        case {"action": "advance", "authorizers": [*authorizers]}:
            return advance(authorizers)
        case {"action": "advance"}:
            return advance([])
        case {"action": "show"}:
            return rotate_keys().show()
        case {"action": "rotate", "version": str(version)}:
            return rotate_keys().rotate(version)
        case {"action": "replace", "version": str(version), "at_once": bool(at_once), "end_sessions": bool(end)}:
            return rotate_keys().replace_all(version, at_once=at_once, end_sessions=end)
        case _:
            raise ValueError("not an event of this function")


def advance(authorizers: Sequence[object]) -> StoredRing:
    """Bring the ring up to date, and give these authorizers its public keys. The log says that it was done."""
    stored = rotate_keys().advance()
    for authorizer in authorizers:
        publish_keys(str(authorizer))(stored.ring)
    log.keys_checked(signing_key_age_seconds(stored.ring, now_ms() // 1000))
    return stored


@cache
def rotate_keys() -> RotateKeys:
    """Return the use cases. Settings are read at the first call, because an import cannot report a wrong one."""
    settings = read_settings(RotateKeysSettings, os.environ)
    try:
        policy = RotationPolicy(
            alg=settings.signing_algorithm,
            period_seconds=settings.key_rotation_days * DAY_SECONDS,
            publish_seconds=settings.key_publish_hours * HOUR_SECONDS,
            # A refresh token lives for the idle timeout. A device token is for the login after the absolute one. A
            # session token lives for the absolute timeout of a site. A link of a mail may live longer than all of them.
            mac_token_seconds=max(
                max(settings.refresh_idle_days, settings.refresh_absolute_days) * DAY_SECONDS,
                settings.session_absolute_hours * HOUR_SECONDS,
                MAX_PROOF_SECONDS,
            ),
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None
    bus, feed = settings.security_event_bus, settings.revocations_table
    return RotateKeys(
        store=SecretKeyRingStore(secrets_client(), secret_id=settings.key_ring_secret),
        revocations=DynamoDBRevocations(dynamodb_client(), table=feed, clock=now_ms) if feed else None,
        policy=policy,
        make=key_maker(secrets.token_bytes),
        clock=now_ms,
        record=announcing(log.record, EventBus(events_client(), bus=bus)) if bus else log.record,
    )


def publish_keys(authorizer: str) -> PublishKeys:
    """Return the use case that gives this authorizer the current public keys."""
    return PublishKeys(
        deployed=AuthorizerKeys(lambda_client(), function=authorizer),
        policy=rotate_keys().policy,
        clock=now_ms,
        record=log.record,
    )


def stack_request_from(event: Mapping[str, object]) -> StackRequest:
    """Read a request of CloudFormation.

    Raises:
        ValueError: the event is not a request of CloudFormation, so nothing waits for an answer.

    """
    names = ("RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId")
    values = [event.get(name) for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ValueError("not a custom resource request of CloudFormation")
    kind, answer_url, stack_id, request_id, logical_id = map(str, values)
    if not is_cloudformations(answer_url, os.environ):
        raise ValueError("the answer would not go to CloudFormation")
    physical_id = str(event.get("PhysicalResourceId") or logical_id)
    return StackRequest(kind, answer_url, stack_id, request_id, logical_id, physical_id, whole_numbers_from(event))


def whole_numbers_from(event: Mapping[str, object]) -> dict[str, str]:
    """Return the property `WholeNumbers` of the resource. A template of an earlier version has none."""
    match event:
        case {"ResourceProperties": {"WholeNumbers": {**numbers}}}:
            return {str(name): str(value) for name, value in numbers.items()}
    return {}


def is_cloudformations(address: str, environ: Mapping[str, str]) -> bool:
    """Whether an address is of CloudFormation's own bucket. A caller of this function can name any address.

    The bucket is of the function's own Region, `AWS_REGION`. `URL_SUFFIX` is the partition's DNS suffix. Only where
    `AWS_ENDPOINT_URL` says that AWS is on this machine, as in the local stack, the address is one of this machine too.
    """
    parts, local = urlsplit(address), urlsplit(environ.get("AWS_ENDPOINT_URL", ""))
    if local.hostname in LOOPBACK:
        return parts.hostname in LOOPBACK and (parts.scheme, parts.port) == (local.scheme, local.port)
    region = re.escape(environ.get("AWS_REGION", ""))
    host = ANSWER_HOST.format(bucket_region=region.replace(r"\-", ""), region=region)
    suffix = re.escape(environ.get("URL_SUFFIX", ""))
    return parts.scheme == "https" and re.fullmatch(host + suffix, parts.netloc) is not None


def answer_stack(request: StackRequest, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Make the key ring or bring it up to date, and answer CloudFormation in every case.

    A deletion does not delete the keys. `clock` and `sleep` are in seconds.

    Raises:
        OSError: CloudFormation was not reached, or refused the answer. Lambda then calls the function again.

    """
    data, failure = dict[str, str](), "The key ring could not be made."
    try:
        if request.type != "Delete":
            data = attributes(request, clock, sleep)
        failure = ""
    except Exception as error:  # noqa: BLE001 - the stack must be told of every error
        failure = f"The key ring could not be made: {reason(error)}"
        if layer_failure is None:
            log.broken(error)
    finally:
        send(request, data=data, failure=failure)


def attributes(request: StackRequest, clock: Callable[[], float], sleep: Callable[[float], None]) -> dict[str, str]:
    """Return the resource's attributes for `!GetAtt`: `Jwks`, the public keys.

    Raises:
        SettingsError: a setting or a parameter of the stack has the wrong form. The deployment must fail now, because
            each function that reads the parameter would refuse every request.

    """
    if layer_failure is not None:
        raise layer_failure
    for name, value in request.whole_numbers.items():
        whole_number(name, value)
    keys, give_up_at = rotate_keys(), clock() + NEW_ROLE_SECONDS
    while True:
        try:
            return {"Jwks": deployed_jwks(keys.advance().ring, now_ms() // 1000, keys.policy)}
        except AwsError as error:
            if request.type != "Create" or error.aws_code not in DENIED or clock() >= give_up_at:
                raise
        sleep(RETRY_SECONDS)


def reason(error: Exception) -> str:
    """Return the text of an error for operators. For an unexpected error, that is only its type."""
    if error is layer_failure:
        return f"the layer does not load: was it built for this processor? ({type(error).__name__}: {error})"
    readable = (AuthError, SettingsError, UnsupportedAlgorithm)  # their texts are our own, and hold no key
    text = str(error) if isinstance(error, readable) else ""
    return text or type(error).__name__


def send(request: StackRequest, *, data: Mapping[str, str], failure: str) -> None:
    """Send CloudFormation the result. An empty `failure` is a success. Any other text is shown in the stack's events.

    Raises:
        OSError: CloudFormation was not reached, or refused the answer.

    """
    # Any other character would take up to twelve bytes of JSON.
    printable = "".join(each if " " <= each <= "~" else "?" for each in failure)
    body = json.dumps(
        {
            "Status": "FAILED" if failure else "SUCCESS",
            "Reason": printable[:MAX_REASON_CHARACTERS],
            # It is the same in all answers: CloudFormation takes another id for another resource.
            "PhysicalResourceId": request.physical_id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_id,
            "Data": data,
        }
    ).encode()
    # The URL is presigned for S3 with an empty content type.
    put = urllib.request.Request(request.answer_url, data=body, headers={"Content-Type": ""}, method="PUT")  # noqa: S310 - CloudFormation's
    with urllib.request.urlopen(put, timeout=ANSWER_TIMEOUT_SECONDS):  # noqa: S310 - CloudFormation's
        pass
