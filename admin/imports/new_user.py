"""One user of another system, checked: what an import adds, or the reason why it does not."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from admin.imports.hash_texts import Hash, NotAHash, read_hash
from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity
from edge_auth.accounts.usernames import canonical_username
from edge_auth.errors import AccountError
from edge_auth.flows.accounts.rights_administration import check_rights, checked_claims
from edge_auth.mail_address import MAX_ADDRESS_CHARACTERS, canonical_address
from edge_auth.strict_json import STRICT_INTEGERS, NotStrictJson, json_object

MEMBERS = (
    *("id", "username", "password_hash", "email", "email_verified", "language", "scope", "roles"),
    *("claims", "created_at", "disabled", "unconfirmed"),
)
MAX_ID_CHARACTERS = 256

# RFC 5646 §2.1, and more than a registration takes: no user stays behind for the spelling of a language.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_NAME_OF_A_MEMBER = re.compile(r"[a-z_]{1,32}")
_TRUTHS = {True: True, False: False, "true": True, "false": False, "t": True, "f": False}


class NotTaken(Exception):
    """This user is not imported. The text says why, and quotes no value of the file."""


class NewUser(NamedTuple):
    """A user who can be imported. `declaration` is the kind of the password hash, empty if there is no password."""

    source_id: str
    declaration: str
    identity: Identity  # with an empty user id


def new_user(members: Mapping[str, object], *, now_seconds: int, may_lack_password: bool) -> NewUser:
    """Check the members of a record, which have our names.

    `password_hash` is a text or a `Hash`. `roles` is a list of texts, or one text with spaces between. `claims` is an
    object, or a text with one. A time is in seconds since 1970, or a text of ISO 8601.

    Raises:
        NotTaken: a member is unknown, missing, or has another form.

    """
    unknown = sorted({*members} - {*MEMBERS})
    if unknown:
        named = f" {unknown[0]!r}" if _NAME_OF_A_MEMBER.fullmatch(unknown[0]) else ""
        raise NotTaken(f"the member{named} is not known")
    given = {name: value for name, value in members.items() if value not in (None, "")}
    read = _hash(given.get("password_hash"), may_lack_password=may_lack_password)
    is_verified = _truth(given, "email_verified")
    try:
        username = canonical_username(_text(given, "username", MAX_ADDRESS_CHARACTERS))
        scope, roles = _text(given, "scope", 1024), _roles(given.get("roles", []))
        claims = checked_claims(_object(given, "claims"))
        check_rights(scope, roles, claims)
        email = canonical_address(_text(given, "email", MAX_ADDRESS_CHARACTERS)) if "email" in given else ""
    except AccountError as error:
        raise NotTaken(str(error)) from None
    return NewUser(
        source_id=_text(given, "id", MAX_ID_CHARACTERS),
        declaration=read.declaration if read else "",
        identity=Identity(
            user_id="",
            username=username,
            password_hash=read.stored if read else "",
            status=_status(given, email),
            epoch=0,
            created_at_seconds=_time(given.get("created_at", now_seconds), now_seconds),
            scope=scope,
            roles=roles,
            claims=claims,
            email=email,
            email_verified_at_seconds=now_seconds if email and is_verified else 0,
            language=_language(given),
        ),
    )


def _hash(value: object, *, may_lack_password: bool) -> Hash | None:
    if value is None:
        if may_lack_password:
            return None
        raise NotTaken("the user has no password")
    if isinstance(value, Hash):
        return value
    if not isinstance(value, str):
        raise NotTaken("the password hash is no text")
    try:
        return read_hash(value)
    except NotAHash as error:
        raise NotTaken(str(error)) from None


def _text(members: Mapping[str, object], name: str, most: int) -> str:
    value = members.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return str(value)
    if not isinstance(value, str) or len(value) > most:
        raise NotTaken(f"{name} is no text of up to {most} characters")
    if not value.isprintable():
        raise NotTaken(f"{name} has characters that cannot be printed")
    return value


def _roles(value: object) -> tuple[str, ...]:
    roles = value.split() if isinstance(value, str) else value
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise NotTaken("roles is no list of texts")
    return tuple(roles)


def _object(members: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a JSON object. In CSV it is a text."""
    value = members.get(name, {})
    if isinstance(value, str):
        try:
            value = json_object(value.encode("utf-8", "surrogatepass"), STRICT_INTEGERS)
        except NotStrictJson:
            raise NotTaken(f"{name} is no JSON object") from None
    if not isinstance(value, Mapping):
        raise NotTaken(f"{name} is no JSON object")
    return value


def _language(members: Mapping[str, object]) -> str:
    language = _text(members, "language", 35)
    if language and not _LANGUAGE.fullmatch(language):
        raise NotTaken("language is no language tag, such as en or de-AT")
    return language


def _status(members: Mapping[str, object], email: str) -> str:
    is_waiting = _truth(members, "unconfirmed")
    if _truth(members, "disabled"):
        return DISABLED
    if is_waiting and not email:
        raise NotTaken("a user who waits for the confirmation has no address")
    return UNCONFIRMED if is_waiting else ACTIVE


def _truth(members: Mapping[str, object], name: str) -> bool:
    value = members.get(name, False)
    if not isinstance(value, bool | str) or value not in _TRUTHS:
        raise NotTaken(f"{name} is neither true nor false")
    return _TRUTHS[value]


def _time(value: object, now_seconds: int) -> int:
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        value = int(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            value = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            raise NotTaken("created_at is no time") from None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= now_seconds:
        raise NotTaken("created_at is no time, or in the future")
    return value
