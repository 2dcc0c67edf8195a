"""The exports of other systems: how each is read, and what its records say in our words.

A converter takes a record and returns members for `new_user`. It takes over no rights: roles of another system do not
mean the same here. So only JSON Lines and CSV, which somebody wrote for this import, and another stack of edge-auth can
give scope and roles.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from admin.imports.hash_texts import Hash, NotAHash, firebase, keycloak
from admin.imports.new_user import NotTaken
from admin.imports.records import Reader, array_of, csv_rows, json_lines
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED
from edge_auth.strict_json import NotStrictJson, json_object

Members = Mapping[str, object]

USERNAME, EMAIL = "username", "email"


class Source(NamedTuple):
    """One format. `name` is the member that becomes the user name, unless the operator chooses another one.

    If `ids_are_unique`, no user of another project of this system has the same id.
    """

    read: Reader
    convert: Callable[[Members], dict[str, object]]
    name: str = USERNAME
    ids_are_unique: bool = False


_MILLISECONDS = re.compile(r"[0-9]{1,15}")


class FirebaseProject(NamedTuple):
    """The parameters of a project's password hashes. The signer key is a secret."""

    signer_key: str
    salt_separator: str
    rounds: int
    mem_cost: int

    def __repr__(self) -> str:
        """Leave the key out."""
        return f"FirebaseProject(rounds={self.rounds}, mem_cost={self.mem_cost})"


class NoParameters(Exception):
    """The parameters of a Firebase project cannot be read. The text says why."""


_FIREBASE_PARAMETER = re.compile(
    r"\b(base64_signer_key|base64_salt_separator|rounds|mem_cost)\s*:\s*([A-Za-z0-9+/=_-]+)"
)


def firebase_project(path: Path) -> FirebaseProject:
    """Read the parameters from a file, as Firebase's console shows them: `hash_config { algorithm: SCRYPT, … }`.

    Raises:
        NoParameters: one is missing, or has another form.

    """
    found = dict(_FIREBASE_PARAMETER.findall(path.read_text(encoding="utf-8", errors="replace")))
    try:
        return FirebaseProject(
            signer_key=found["base64_signer_key"],
            salt_separator=found["base64_salt_separator"],
            rounds=int(found["rounds"]),
            mem_cost=int(found["mem_cost"]),
        )
    except KeyError as error:
        raise NoParameters(f"the file of --hash-config has no {error.args[0]}") from None
    except ValueError:
        raise NoParameters("rounds or mem_cost in the file of --hash-config is no number") from None


def sources(project: FirebaseProject | None, *, now_seconds: int) -> dict[str, Source]:
    """Return the formats by name. Without the parameters of a project, no hash of Firebase can be read."""
    now = datetime.fromtimestamp(now_seconds, tz=UTC)
    return {
        "jsonl": Source(json_lines, dict),
        "csv": Source(csv_rows, dict),
        "edge-auth": Source(json_lines, _of_edge_auth, ids_are_unique=True),
        "supabase": Source(csv_rows, lambda row: _of_supabase(row, now), EMAIL, ids_are_unique=True),
        "auth0": Source(json_lines, _of_auth0, EMAIL, ids_are_unique=True),
        "firebase": Source(array_of("users"), lambda user: _of_firebase(user, project), EMAIL, ids_are_unique=True),
        "keycloak": Source(array_of("users"), _of_keycloak, ids_are_unique=True),
        "django": Source(json_lines, _of_django),
    }


def _of_edge_auth(user: Members) -> dict[str, object]:
    """Convert a user of another stack of edge-auth: some members have other names there.

    A user who waits for the confirmation of the address waits here too. Any other status that is not active disables.
    """
    status = user.get("status", ACTIVE)
    others = {name: value for name, value in user.items() if name not in {"user_id", "created", "status"}}
    return {
        **others,
        "id": user.get("user_id"),
        "created_at": user.get("created"),
        "disabled": status not in (ACTIVE, UNCONFIRMED),
        "unconfirmed": status == UNCONFIRMED,
    }


def _of_supabase(row: Members, now: datetime) -> dict[str, object]:
    """Convert a row of `auth.users`. Texts are PostgreSQL's, such as `t` and `f`."""
    if row.get("deleted_at"):
        raise NotTaken("the user was deleted there")
    if row.get("is_anonymous") in {"t", "true"}:
        raise NotTaken("the user is anonymous")
    return {
        "id": row.get("id"),
        "email": row.get("email"),
        "email_verified": bool(row.get("email_confirmed_at")),
        "password_hash": row.get("encrypted_password"),
        "created_at": row.get("created_at"),
        "disabled": _is_banned(row.get("banned_until"), now),
    }


def _is_banned(until: object, now: datetime) -> bool:
    if not until:
        return False
    try:
        moment = datetime.fromisoformat(str(until))
    except ValueError:
        raise NotTaken("banned_until is no time") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) > now


def _of_auth0(user: Members) -> dict[str, object]:
    """Convert a line of the export of password hashes. Newer exports have the address among the `identifiers`."""
    oid = _object(user.get("_id")).get("$oid")
    listed = user.get("identifiers")
    addresses = (
        [_object(each) for each in listed if _object(each).get("type") == EMAIL] if isinstance(listed, list) else []
    )
    first = addresses[0] if addresses else {}
    return {
        "id": user.get("alt_id") or oid,
        "username": user.get("username"),
        "email": user.get("email") or first.get("value"),
        "email_verified": user.get("email_verified", first.get("verified")) is True,
        "password_hash": user.get("passwordHash"),
        "disabled": user.get("blocked") is True,
    }


def _of_firebase(user: Members, project: FirebaseProject | None) -> dict[str, object]:
    """Convert a user of `firebase auth:export --format=json`. Its times are texts in milliseconds."""
    return {
        "id": user.get("localId"),
        "email": user.get("email"),
        "email_verified": user.get("emailVerified") is True,
        "password_hash": _hash_of_firebase(user, project),
        "created_at": _seconds(user.get("createdAt")),
        "disabled": user.get("disabled") is True,
    }


def _hash_of_firebase(user: Members, project: FirebaseProject | None) -> Hash | None:
    password_hash, salt = user.get("passwordHash"), user.get("salt", "")
    if not password_hash:
        return None
    if project is None:
        raise NotTaken("the parameters of the project's hashes are needed: --hash-config")
    if not (isinstance(password_hash, str) and isinstance(salt, str)):
        raise NotTaken("the password hash is no text")
    try:
        return firebase(salt=salt, password_hash=password_hash, **project._asdict())
    except NotAHash as error:
        raise NotTaken(str(error)) from None


def _of_keycloak(user: Members) -> dict[str, object]:
    """Convert a user of `kc.sh export`. A user of a client (service account) is none."""
    if user.get("serviceAccountClientId"):
        raise NotTaken("it is the account of a client, and no user")
    return {
        "id": user.get("id"),
        "username": user.get("username"),
        "email": user.get("email"),
        "email_verified": user.get("emailVerified") is True,
        "password_hash": _hash_of_keycloak(user.get("credentials")),
        "created_at": _seconds(user.get("createdTimestamp")),
        "disabled": user.get("enabled") is not True,
    }


def _hash_of_keycloak(credentials: object) -> Hash | None:
    listed = credentials if isinstance(credentials, list) else []
    passwords = [_object(each) for each in listed if _object(each).get("type") == "password"]
    if not passwords:
        return None
    data, secret = (passwords[0].get(name) for name in ("credentialData", "secretData"))
    if not (isinstance(data, str) and isinstance(secret, str)):
        raise NotTaken("the password has no credentialData or no secretData")
    try:
        return keycloak(json_object(data.encode("utf-8", "replace")), json_object(secret.encode("utf-8", "replace")))
    except NotStrictJson:
        raise NotTaken("credentialData or secretData is no JSON object") from None
    except NotAHash as error:
        raise NotTaken(str(error)) from None


def _of_django(line: Members) -> dict[str, object]:
    """Convert a line of `manage.py dumpdata auth.user --format jsonl`."""
    fields = _object(line.get("fields"))
    password = fields.get("password")
    if isinstance(password, str) and password.startswith("!"):  # Django's mark of an unusable password
        password = None
    return {
        "id": line.get("pk"),
        "username": fields.get("username"),
        "email": fields.get("email"),
        "password_hash": password,
        "created_at": fields.get("date_joined"),
        "disabled": fields.get("is_active", True) is not True,
    }


def _object(value: object) -> Members:
    return value if isinstance(value, dict) else {}


def _seconds(milliseconds: object) -> object:
    """Return seconds for milliseconds, as a number or as a text of digits. Another value stays what it is."""
    text = str(milliseconds)
    return int(text) // 1000 if _MILLISECONDS.fullmatch(text) else milliseconds


FORMATS = (*sources(None, now_seconds=0),)
