"""The only writer of the key ring. A schedule, CloudFormation (`Custom::KeyRing`) and operators call it.

It always answers CloudFormation, because a stack waits for that answer for as long as an hour.
"""

import os
import secrets
from functools import cache

from edge_auth.adapters.aws import events_client, secrets_client
from edge_auth.adapters.cloudformation import CustomResourceRequest, answer, request_from
from edge_auth.adapters.event_bus import EventBus
from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
from edge_auth.clock import now_ms
from edge_auth.errors import AuthError
from edge_auth.events.announcement import announcing
from edge_auth.flows.keys.ring_summary import Summary, deployed_jwks, summary
from edge_auth.flows.keys.rotate_keys import RotateKeys
from edge_auth.flows.ports.key_ring import RingMoved, StoredRing
from edge_auth.keys.maker import key_maker
from edge_auth.keys.rotation import RotationPolicy
from edge_auth.keys.signing_key import UnsupportedAlgorithm
from edge_auth.observability import FunctionLog
from edge_auth.settings import RotateKeysSettings, SettingsError, read_settings

DAY_SECONDS = 86_400
HOUR_SECONDS = 3600
READABLE = (AuthError, SettingsError, UnsupportedAlgorithm)  # their texts are our own, and hold no key

log = FunctionLog("rotate_keys")


def handler(event: object, context: object) -> Summary | None:
    """Do what the event asks for, and return a summary of the ring. CloudFormation is answered at its own address.

    Raises:
        ValueError: the event is none that this function knows.
        TemporarilyUnavailable: the ring could not be read, or is not known to be written. Lambda repeats a schedule's
            event.
        OSError: CloudFormation could not be answered. Lambda then calls the function again.

    """
    log.begin(context)
    if isinstance(event, dict) and "RequestType" in event:
        answer_stack(request_from(event))
        return None
    try:
        return summary(act(event), now_ms() // 1000)
    except RingMoved:
        return {"refused": "the key ring has changed since it was shown"}


def act(event: object) -> StoredRing:
    """Do what a schedule or an operator asks. `version` is the ring that the operator was shown."""
    match event:
        case {"action": "advance"}:
            return rotate_keys().advance()
        case {"action": "show"}:
            return rotate_keys().show()
        case {"action": "rotate", "version": str(version)}:
            return rotate_keys().rotate(version)
        case {"action": "replace", "version": str(version), "at_once": bool(at_once), "end_sessions": bool(end)}:
            return rotate_keys().replace_all(version, at_once=at_once, end_sessions=end)
        case _:
            raise ValueError("not an event of this function")


@cache
def rotate_keys() -> RotateKeys:
    """Return the use cases. Settings are read at the first call, because an import cannot report a wrong one."""
    settings = read_settings(RotateKeysSettings, os.environ)
    try:
        policy = RotationPolicy(
            alg=settings.signing_algorithm,
            period_seconds=settings.key_rotation_days * DAY_SECONDS,
            publish_seconds=settings.key_publish_hours * HOUR_SECONDS,
            refresh_idle_seconds=settings.refresh_idle_days * DAY_SECONDS,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from None
    bus = settings.security_event_bus
    return RotateKeys(
        store=SecretKeyRingStore(secrets_client(), secret_id=settings.key_ring_secret),
        policy=policy,
        make=key_maker(secrets.token_bytes),
        clock=now_ms,
        record=announcing(log.record, EventBus(events_client(), bus=bus)) if bus else log.record,
    )


def answer_stack(request: CustomResourceRequest) -> None:
    """Make the key ring or bring it up to date, and answer CloudFormation in every case."""
    data, failure = dict[str, str](), "The key ring could not be made."
    try:
        data, failure = attributes(request), ""
    except Exception as error:  # noqa: BLE001 - the stack must hear of every error
        failure = f"The key ring could not be made: {reason(error)}"
        log.broken(error)
    finally:
        answer(request, data=data, failure=failure)


def attributes(request: CustomResourceRequest) -> dict[str, str]:
    """Return the resource's attributes for `!GetAtt`: `Jwks`, the public keys. A deletion does not delete the keys."""
    if request.type == "Delete":
        return {}
    keys = rotate_keys()
    return {"Jwks": deployed_jwks(keys.advance().ring, now_ms() // 1000, keys.policy)}


def reason(error: Exception) -> str:
    """Return the text of an error for operators. For an unexpected error, that is only its type."""
    text = str(error) if isinstance(error, READABLE) else ""
    return text or type(error).__name__
