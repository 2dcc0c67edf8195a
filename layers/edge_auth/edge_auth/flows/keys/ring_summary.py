"""The key ring without its secrets, for operators, stacks and logs."""

import json
from typing import Any

from edge_auth import base64url
from edge_auth.flows.ports.key_ring import StoredRing
from edge_auth.keys.ring import KeyRing, TimedKey, key_that_signs
from edge_auth.keys.rotation import RotationPolicy, earliest_end

# Lambda's environment holds 4 KB, and an answer to CloudFormation has 4,096 bytes; both carry other things too.
MAX_DEPLOYED_JWKS_CHARACTERS = 3072

Summary = dict[str, object]


def summary(stored: StoredRing, now_seconds: int) -> Summary:
    """Return each key's id, state and times, in seconds since 1970. States: `next`, `signing`, `verifying`."""
    ring = stored.ring
    signing, mac = key_that_signs(ring.signing, now_seconds), key_that_signs(ring.mac, now_seconds)
    return {
        "version": stored.version,
        "now": now_seconds,
        "signing": [
            {"kid": timed.key.kid, "alg": timed.key.alg, **_life(timed, now_seconds, signs=timed is signing)}
            for timed in ring.signing
            if not timed.has_ended(now_seconds)
        ],
        "mac": [
            {"id": base64url.encode(timed.key.key_id), **_life(timed, now_seconds, signs=timed is mac)}
            for timed in ring.mac
            if not timed.has_ended(now_seconds)
        ],
    }


def signing_key_age_seconds(ring: KeyRing, now_seconds: int) -> int:
    """Return for how long the key that signs has signed."""
    return now_seconds - key_that_signs(ring.signing, now_seconds).signs_from_seconds


def deployed_jwks(ring: KeyRing, now_seconds: int, policy: RotationPolicy) -> str:
    """Return the public keys for an authorizer's environment, as JSON: the one that signs, and as many more as fit.

    Only the oldest keys do not fit, and the authorizer fetches them when a token names one. A key without a planned end
    gets the earliest end that it could have. So an authorizer that is never deployed again does not trust the key for
    ever: after that end it asks the issuer.
    """
    end = earliest_end(now_seconds, policy)
    keys = [{"exp": end, **jwk} for jwk in ring.at(now_seconds).jwks()["keys"]]
    while len(text := json.dumps({"keys": keys}, separators=(",", ":"))) > MAX_DEPLOYED_JWKS_CHARACTERS:
        keys = keys[:-1]
    return text


def _life(timed: TimedKey[Any], now_seconds: int, *, signs: bool) -> Summary:
    upcoming = timed.signs_from_seconds > now_seconds
    return {
        "state": "signing" if signs else "next" if upcoming else "verifying",
        "published_at": timed.published_at_seconds,
        "signs_from": timed.signs_from_seconds,
        "ends_at": timed.ends_at_seconds,
    }
