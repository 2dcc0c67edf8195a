"""What is stored, in a form that any two faultless runs of a request leave the same, although ids and times differ.

Every attribute of every item is compared, so a new one is compared too. Of those that chance or the time moves, only
whether the value is still the one before the request.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidKey

from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.signing_key import SigningKey
from proof.faults.world import NEW_PASSWORD, Snapshot, sent_mails
from tests.support.argon2 import RememberedArgon2id
from tests.support.memory_tables.attribute_values import Item
from tests.support.people import PASSWORD
from tests.support.stack import TABLES, Stack

Line = tuple[str, str]
"""A table, and an attribute of an item in it with its value. Or the secret, and a key of the ring."""

MOVED = {
    *("password_hash", "password_hash_at_change", "totp", "totp_step", "recovery", "binding"),
    *("user_id", "proof_id", "notice_id", "end_id", "rotation_id"),
    *("seed_hash", "mac_hash", "earlier_mac_hash"),
    *("at", "auth_time"),
}
OF_TIME = ("_at", "_ms")  # with these end the names of all other times
TWICE = ("epoch", "factor_failures", "tries")  # a write whose answer is lost may count twice, but none is missed
COUNTED = ("factors_version", "sign_count", *TWICE)  # a second try may count one more
FAILURES = "failures"
MARK_OF_FEED = "published: {'N': '1'}"  # that an end is in the feed, or that a second try has found it there
_ID = re.compile(r"(?<![\w-])([\w-]{22}|[\w-]{43})(?![\w-])")


class State(NamedTuple):
    """What can be compared of two states.

    `living` and `ended` are sessions by their ids, with their generations and the reasons. `told` are the entries of
    the feed. `lines` are what all items have, but for the feed's sessions. `counts` are the numbers that a lost try may
    move: those of the attempts, and of the attributes in `COUNTED`. `mails` is how many were sent.
    """

    living: dict[str, int]
    ended: dict[str, str]
    told: set[str]
    lines: Counter[Line]
    counts: Counter[Line]
    mails: int


def state(stack: Stack, start: Snapshot) -> State:
    """Return the state of a stack. `start` is how the request has found it."""
    sessions = stack.session_items()
    lines, counts = Counter(_lines_of_ring(stack.key_ring, start.ring)), Counter(dict(_attempts(stack)))
    for table, name, value, was in _attributes(stack, start):
        if _last(name) in COUNTED:
            counts[table, name] = int(value["N"])
        else:
            lines[table, f"{name}: {_form(name, value, was)}"] += 1
    return State(
        {item["session_id"]["S"]: int(item["generation"]["N"]) for item in sessions if "absolute_expires_at" in item},
        {item["session_id"]["S"]: item["revoked_reason"]["S"] for item in sessions if "revoked_at" in item},
        stack.published(),
        lines,
        counts,
        len(sent_mails()),
    )


def _attributes(stack: Stack, start: Snapshot) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield of each attribute the table, the item's key and its name, the value, and the one at the start or None."""
    known = repr(start.tables)
    for table in sorted(TABLES.keys() - {"ThrottleTable"}):
        keys = stack.tables.table(TABLES[table]).keys
        before = {_key(item, keys): item for item in start.tables[TABLES[table]]}
        for item in stack.tables.table(TABLES[table]).all():
            key = _key(item, keys)
            shown = _ID.sub(lambda found: found[0] if found[0] in known else "new", key)
            for name, value, was in _leaves(item, before.get(key, {})):
                is_of_sessions = table == "RevocationsTable" and name != "kids"
                if name not in keys and not is_of_sessions:
                    yield table, f"{shown} {name}", value, was


def _key(item: Item, keys: Mapping[str, str]) -> str:
    return " ".join(str(next(iter(item[name].values()))) for name in keys)


def _leaves(item: Item, before: Item, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each attribute, also of those within maps, its value, and the one before."""
    for name, value in item.items():
        was = before.get(name)
        if value.get("M"):
            yield from _leaves(value["M"], (was or {}).get("M", {}), f"{path}{name}.")
        else:
            yield f"{path}{name}", value, was


def _last(path: str) -> str:
    return re.split(r"[ .]", path)[-1]


def _form(path: str, value: Any, was: Any) -> str:  # noqa: ANN401 - attribute values
    name = _last(path)
    if name not in MOVED and not name.endswith(OF_TIME):
        return repr(value)
    form = "as before" if value == was else "another"
    if name.startswith("password_hash"):
        return f"{form}, {_password_of(value['S'])}"
    return f"{form}, {len(value['SS'])} codes" if name == "recovery" else form


def _password_of(password_hash: str) -> str:
    """Return which password matches a hash. An undone change leaves a text that none matches."""
    for password in (NEW_PASSWORD, PASSWORD):
        with suppress(InvalidKey):
            RememberedArgon2id.verify_phc_encoded(password.encode(), password_hash)
            return f"of {password!r}"
    return f"of no known password, {len(password_hash)} characters"


def _lines_of_ring(ring: KeyRing, before: KeyRing) -> Iterator[Line]:
    known = {key_id for key_id, _ in _keys(before)}
    for key_id, timed in _keys(ring):
        end = "no end" if timed.ends_at_seconds is None else "a final end" if timed.is_final else "an end"
        yield "KeyRingSecret", f"{type(timed.key).__name__} {key_id if key_id in known else 'new'} with {end}"


def _keys(ring: KeyRing) -> Iterator[tuple[str, TimedKey[SigningKey] | TimedKey[MacKey]]]:
    yield from ((timed.key.kid, timed) for timed in ring.signing)
    yield from ((timed.key.key_id.hex(), timed) for timed in ring.mac)


def _attempts(stack: Stack) -> Iterator[tuple[Line, int]]:
    """Yield what each counter of attempts has, and that it is there, which it is also when all are forgotten."""
    for item in stack.attempt_items():
        bucket = item["bucket"]["S"]
        yield ("ThrottleTable", f"{bucket} {'booked' if 'taken_until_ms' in item else 'is there'}"), 1
        yield ("ThrottleTable", f"{bucket} attempts"), len(item.get("tries", {}).get("SS", []))
        yield ("ThrottleTable", f"{bucket} {FAILURES}"), len(item.get("failed", {}).get("SS", []))
        yield ("ThrottleTable", f"{bucket} waited"), int(item.get("waited", {}).get("N", 0))
