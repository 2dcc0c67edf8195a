"""The file with the public keys of the verifier at the edge (`examples/edge`). Nothing in it is secret."""

import json
from collections.abc import Callable
from typing import NamedTuple

from admin.deployment import Deployment, DeploymentError
from edge_auth.keys.timing import ACCESS_TOKEN_SECONDS, MAX_RING_AGE_SECONDS
from edge_auth.tokens.verifier import keys_from_jwks

DAY_SECONDS, HOUR_SECONDS = 86_400, 3600


class EdgeFile(NamedTuple):
    """The file, as JSON. By plan no key that it does not have signs before `complete_until_seconds`, since 1970."""

    text: str
    key_count: int
    complete_until_seconds: int


def edge_file(deployment: Deployment, *, stack: str, download: Callable[[str], str], now_seconds: int) -> EdgeFile:
    """Return the file for a stack. `download` returns the text at an address, and raises OSError or ValueError.

    A key without a planned end gets the earliest end that it could have, so that no verifier trusts it for ever
    (docs/decisions/0011).

    Raises:
        DeploymentError: the stack does not name its issuer, or has published no usable key set.

    """
    issuer, address, audience = deployment.issuer, deployment.jwks_url, deployment.service_addresses[1]
    if not (issuer and address and audience):
        raise DeploymentError(f"stack {stack} names no issuer and no key set; deploy this version of edge-auth first")
    try:
        document = download(address)
        keys = keys_from_jwks(document)
    except (OSError, ValueError) as error:
        raise DeploymentError(f"no key set at {address} ({error})") from error
    if not keys:
        raise DeploymentError(f"the key set at {address} is empty")
    period_seconds = deployment.key_rotation_days * DAY_SECONDS
    end = now_seconds + period_seconds + ACCESS_TOKEN_SECONDS
    # The first key signs. If its end is planned, the key after it is in the set, and the key after that one signs a
    # whole period later. If not, there may be a new key, which the copy of the ring that made the set does not have.
    known_seconds = period_seconds
    if keys[0].ends_at_seconds is None:
        known_seconds = deployment.key_publish_hours * HOUR_SECONDS - MAX_RING_AGE_SECONDS
    file = {
        "issuer": issuer,
        "audience": audience,
        "made_at": now_seconds,
        "complete_until": now_seconds + known_seconds,
        "keys": [
            {**jwk, "alg": key.alg, "exp": end if key.ends_at_seconds is None else key.ends_at_seconds}
            for jwk, key in zip(json.loads(document)["keys"], keys, strict=True)
        ],
    }
    return EdgeFile(json.dumps(file, indent=2) + "\n", len(keys), now_seconds + known_seconds)
