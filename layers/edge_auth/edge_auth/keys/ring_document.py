"""The key ring as the text that Secrets Manager keeps.

A release can be taken back only if the one before it reads what it has written. So a release first reads a new format,
and the next one writes it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from edge_auth import base64url
from edge_auth.keys.mac_key import MAC_KEY_BYTES, MAC_KEY_ID_BYTES, MacKey
from edge_auth.keys.ring import K, KeyRing, TimedKey
from edge_auth.keys.signing_key import SigningKey

FORMAT = 2
MAX_FORMAT = 100  # a greater number is no format, and is not shown


class UnknownFormat(ValueError):
    """The text is a key ring of a format that this version does not read. The text of the error names the formats."""


def to_secret_json(ring: KeyRing) -> str:
    """Write the ring with its private keys, for Secrets Manager only."""
    document = {
        "format": FORMAT,
        "signing": [{"alg": timed.key.alg, "jwk": dict(timed.key.jwk)} | _times(timed) for timed in ring.signing],
        "mac": [_mac_key_document(timed.key) | _times(timed) for timed in ring.mac],
    }
    return json.dumps(document, separators=(",", ":"))


def from_secret_json(text: str) -> KeyRing:
    """Read a ring. The private keys are not loaded: `SigningKey.private_key` does that, and fails for a damaged one.

    Raises:
        UnknownFormat: a ring of another version of edge-auth.
        ValueError: no ring, or a damaged one. The message quotes no part of the text but the number of its format.

    """
    try:
        document = json.loads(text)
        ring = _reader(document["format"])(document)
    except UnknownFormat:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("not a key ring") from None
    return ring


def _reader(found: object) -> Callable[[Mapping[str, Any]], KeyRing]:
    if found == FORMAT and type(found) is int:
        return _key_ring
    if type(found) is int and 0 < found < MAX_FORMAT:
        raise UnknownFormat(f"a key ring of format {found}; this version reads {FORMAT}")
    raise ValueError("no format")


def _key_ring(document: Mapping[str, Any]) -> KeyRing:
    return KeyRing(
        signing=_timed_keys(document["signing"], _signing_key),
        mac=_timed_keys(document["mac"], _mac_key),
    )


def _timed_keys(documents: object, read: Callable[[Mapping[str, Any]], K]) -> tuple[TimedKey[K], ...]:
    if not isinstance(documents, list) or not documents:
        raise ValueError("no keys")
    keys = tuple(_timed_key(document, read) for document in documents)
    if keys[-1].ends_at_seconds is not None:
        raise ValueError("the newest key ends")
    return keys


def _timed_key(document: Mapping[str, Any], read: Callable[[Mapping[str, Any]], K]) -> TimedKey[K]:
    end = document["ends_at"]
    return TimedKey(
        key=read(document),
        published_at_seconds=_seconds(document["published_at"]),
        signs_from_seconds=_seconds(document["signs_from"]),
        ends_at_seconds=None if end is None else _seconds(end),
        is_final=document["is_final"] is True,
    )


def _times(timed: TimedKey[Any]) -> dict[str, object]:
    return {
        "published_at": timed.published_at_seconds,
        "signs_from": timed.signs_from_seconds,
        "ends_at": timed.ends_at_seconds,
        "is_final": timed.is_final,
    }


def _seconds(value: object) -> int:
    if type(value) is not int:  # a bool is an int to isinstance
        raise ValueError("no time")
    return value


def _signing_key(document: Mapping[str, Any]) -> SigningKey:
    key = SigningKey(str(document["alg"]), {name: str(value) for name, value in document["jwk"].items()})
    key.kid  # noqa: B018 - fails for a damaged key, which has no kid
    return key


def _mac_key_document(key: MacKey) -> dict[str, object]:
    return {"id": base64url.encode(key.key_id), "secret": base64url.encode(key.secret)}


def _mac_key(document: Mapping[str, Any]) -> MacKey:
    key = MacKey(base64url.decode(document["id"]), base64url.decode(document["secret"]))
    if (len(key.key_id), len(key.secret)) != (MAC_KEY_ID_BYTES, MAC_KEY_BYTES):
        raise ValueError("a MAC key of another size")
    return key
