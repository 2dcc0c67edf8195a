"""The only writer of the key ring. CloudFormation calls it when the stack is created (`Custom::KeyRing`).

It always answers CloudFormation's callback, since a stack waits for that answer for as long as an hour.
"""

import json
import os
import secrets

from edge_auth.adapters.aws import secrets_client
from edge_auth.adapters.cloudformation import CustomResourceRequest, answer, request_from
from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
from edge_auth.clock import now_ms
from edge_auth.errors import AuthError
from edge_auth.flows.first_keys import first_keys
from edge_auth.observability import FunctionLog
from edge_auth.settings import RotateKeysSettings

settings = RotateKeysSettings.from_env(os.environ)
log = FunctionLog("rotate_keys")
store = SecretKeyRingStore(secrets_client(), secret_id=settings.key_ring_secret)


def handler(event: dict[str, object], context: object) -> None:
    """Make the key ring where there is none, and hand its public keys to the stack.

    Raises:
        ValueError: the event is not from CloudFormation.
        OSError: CloudFormation could not be told; Lambda calls again.

    """
    log.begin(context)
    request = request_from(event)
    try:
        data, failure = attributes(request), ""
    except Exception as error:  # noqa: BLE001 - whatever it was, the stack must hear of it
        log.broken(error)
        detail = error.detail if isinstance(error, AuthError) else type(error).__name__
        data, failure = {}, f"The key ring could not be made: {detail}"
    answer(request, physical_id=settings.key_ring_secret, data=data, failure=failure)


def attributes(request: CustomResourceRequest) -> dict[str, str]:
    """Return what `!GetAtt` finds on the resource: `Jwks`, the public keys. Deleting the resource keeps the keys."""
    if request.type == "Delete":
        return {}
    ring = first_keys(store, alg=settings.signing_algorithm, clock=now_ms, entropy=secrets.token_bytes)
    return {"Jwks": json.dumps(ring.jwks(), separators=(",", ":"))}
