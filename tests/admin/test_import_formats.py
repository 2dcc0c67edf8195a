"""The exports of other systems: the same two users in each format, and what is left out.

The files are made here, in the forms that the systems document. The hashes are made by Python's hashlib, by the bcrypt
package and by cryptography, or are published.
"""

import csv
import hashlib
import io
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from admin.imports.file import UserFile
from admin.imports.hash_texts import read_hash
from admin.imports.new_user import NewUser
from admin.imports.records import UnreadableFile
from admin.imports.sources import NoParameters, firebase_project, sources
from edge_auth.accounts.identity import ACTIVE, DISABLED
from edge_auth.credentials.passwords import check_password
from edge_auth.credentials.profiles import checked_profiles
from tests.admin.test_import_hashes import HASH, SALT, SEPARATOR, SIGNER_KEY

NOW = 1_790_000_000
PASSWORD = "correct horse battery"
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode()
KEYCLOAK_SALT = b"sixteen bytes :)"
CONFIG = f"""hash_config {{
  algorithm: SCRYPT,
  base64_signer_key: {SIGNER_KEY},
  base64_salt_separator: {SEPARATOR},
  rounds: 8,
  mem_cost: 14,
}}"""


def pbkdf2(algorithm: str, salt: bytes, length: int | None = None) -> str:
    """Hash the password; return base64."""
    return b64encode(hashlib.pbkdf2_hmac(algorithm, PASSWORD.encode(), salt, 1000, length)).decode()


def lines(*records: object) -> str:
    """Write JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def table(*rows: dict[str, str]) -> str:
    """Write CSV."""
    file = io.StringIO()
    writer = csv.DictWriter(file, [*rows[0]])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


class Read:
    """What a file gives: its users, and why each other record is not taken."""

    def __init__(self, path: Path, text: str, format_name: str, **options: Any) -> None:  # noqa: ANN401 - those of `UserFile`
        """Write the file and read it."""
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        config = options.pop("config", "")
        project = None
        if config:
            (path.parent / "config").write_text(config)
            project = firebase_project(path.parent / "config")
        source = sources(project, now_seconds=NOW)[format_name]
        given = {"system": "", "name": source.name, "may_lack_password": False, **options}
        self.file = UserFile(path=path, format_name=format_name, source=source, now_seconds=NOW, **given)
        self.refused: dict[str, str] = {}
        self.users: dict[str, NewUser] = dict(self.file.users(self.refused.__setitem__))

    @property
    def one(self) -> NewUser:
        """The only user."""
        [user] = self.users.values()
        return user


Reading = Callable[..., Read]


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """Return what reads a text as a file of a format."""
    return lambda *arguments, **options: Read(tmp_path / "users", *arguments, **options)


def assert_logs_in(user: NewUser, password: str = PASSWORD) -> None:
    """Check the password against what would be stored, as a login does."""
    check_password(password.encode(), user.identity.password_hash, checked_profiles(user.declaration))


def test_json_lines_have_all_that_a_user_can_have(read: Reading) -> None:
    """Also what no other format takes over: scope, roles and the language."""
    full = {
        "id": 7,
        "username": "Ada@Example.com",
        "password_hash": BCRYPT,
        "email": "Ada@example.com",
        "email_verified": True,
        "language": "de-AT",
        "scope": "read write",
        "roles": ["admin"],
        "claims": {"acme:tenant": "blue", "acme:teams": ["a", "b"], "acme:level": 3},
        "created_at": "2024-01-31T09:30:00Z",
        "disabled": True,
    }
    user = read(lines(full), "jsonl").one

    assert (user.source_id, user.declaration) == ("7", "bcrypt:c=4")
    identity = user.identity
    assert (identity.username, identity.email, identity.email_verified_at_seconds) == (
        *("ada@example.com", "ada@example.com", NOW),
    )
    assert (identity.language, identity.scope, identity.roles) == ("de-AT", "read write", ("admin",))
    assert identity.claims == {"acme:tenant": "blue", "acme:teams": ("a", "b"), "acme:level": 3}
    assert (identity.status, identity.created_at_seconds) == (DISABLED, 1_706_693_400)
    assert_logs_in(user)


def test_a_user_needs_a_name_and_a_hash_only(read: Reading) -> None:
    """All else has the value of a new user."""
    user = read(lines({"username": "ada", "password_hash": BCRYPT}), "jsonl").one

    assert (user.identity.status, user.identity.created_at_seconds, user.identity.email) == (ACTIVE, NOW, "")
    assert (user.identity.scope, user.identity.roles, user.source_id) == ("", (), "")


def test_csv_has_the_names_of_json_lines(read: Reading) -> None:
    """With a byte order mark too, as spreadsheets write it. Roles have spaces between."""
    row = {"id": "7", "username": "ada", "password_hash": BCRYPT, "email": "", "email_verified": "true", "roles": "a b"}
    row["claims"] = '{"acme:tenant": "blue"}'
    user = read("\ufeff" + table(row), "csv").one

    assert (user.source_id, user.identity.roles, user.identity.email_verified_at_seconds) == ("7", ("a", "b"), 0)
    assert user.identity.claims == {"acme:tenant": "blue"}
    assert_logs_in(user)


def test_another_stack_of_edge_auth(read: Reading) -> None:
    """Rights come along, because they mean the same. A member that is not known stops the user: it could be a right."""
    exported = {
        "user_id": "3kxYDu4xydJTI1eNv3KC9Q",
        "username": "ada@example.com",
        "status": "disabled",
        "created": "2024-01-31T09:30:00Z",
        "scope": "read",
        "roles": ["admin"],
        "email": "ada@example.com",
        "email_verified": True,
        "language": "de",
        "password_hash": read_hash(BCRYPT).stored,
    }
    bob, eve = (
        {**exported, "username": "bob", "rights": {}},
        {**exported, "username": "eve", "status": [], "user_id": "1"},
    )
    result = read(lines(exported, bob, eve), "edge-auth")
    ada, other = result.users.values()

    assert (ada.source_id, ada.identity.created_at_seconds) == ("3kxYDu4xydJTI1eNv3KC9Q", 1_706_693_400)
    assert (ada.identity.scope, ada.identity.roles, ada.identity.status) == ("read", ("admin",), DISABLED)
    assert other.identity.status == DISABLED, "a status that is none lets nobody in"
    assert_logs_in(ada)
    assert result.refused == {"line 2": "the member 'rights' is not known"}


SUPABASE = {
    "id": "0b9c3c5e-1f7a-4f5b-9a55-8d8c0a4f1c11",
    "email": "ada@example.com",
    "encrypted_password": BCRYPT,
    "email_confirmed_at": "2024-01-31 09:30:00.123456+00",
    "created_at": "2024-01-31 09:30:00.123456+00",
    "banned_until": "",
    "deleted_at": "",
    "is_anonymous": "f",
}


def test_supabase(read: Reading) -> None:
    """A CSV of `auth.users`. Those who were deleted, are anonymous, or have no password stay behind."""
    others = [
        {**SUPABASE, "id": "2", "email": "bob@example.com", "banned_until": "2099-01-01 00:00:00+00"},
        {**SUPABASE, "id": "3", "email": "eve@example.com", "banned_until": "2024-02-01 00:00:00+00"},
        {**SUPABASE, "id": "4", "email": "del@example.com", "deleted_at": "2024-02-01 00:00:00+00"},
        {**SUPABASE, "id": "5", "email": "", "encrypted_password": "", "is_anonymous": "t"},
        {**SUPABASE, "id": "6", "email": "oauth@example.com", "encrypted_password": ""},
    ]
    result = read(table(SUPABASE, *others), "supabase")
    ada, bob, eve = result.users.values()

    assert (ada.source_id, ada.identity.username) == (SUPABASE["id"], "ada@example.com")
    assert (ada.identity.email_verified_at_seconds, ada.identity.created_at_seconds) == (NOW, 1_706_693_400)
    assert [each.identity.status for each in (ada, bob, eve)] == [ACTIVE, DISABLED, ACTIVE]
    assert_logs_in(ada)
    assert result.refused == {
        "line 5": "the user was deleted there",
        "line 6": "the user is anonymous",
        "line 7": "the user has no password",
    }


AUTH0 = {
    "_id": {"$oid": "5dea9f9c82dd7c0e76e4ec93"},
    "email_verified": True,
    "email": "ada@example.com",
    "passwordHash": BCRYPT.replace("$2a$", "$2b$"),
    "password_set_date": {"$date": "2019-12-06T18:36:12.412Z"},
    "tenant": "example",
    "connection": "Username-Password-Authentication",
    "_tmp_is_unique": True,
}


def test_auth0(read: Reading) -> None:
    """A line of the export of hashes. Newer ones have the address among the identifiers, and an id of their own."""
    newer = {name: value for name, value in AUTH0.items() if name not in {"email", "email_verified"}}
    newer |= {"alt_id": "euclid", "identifiers": [{"type": "email", "value": "bob@example.com", "verified": False}]}
    ada, bob = read(lines(AUTH0, newer), "auth0").users.values()

    assert (ada.source_id, ada.identity.username, ada.identity.email_verified_at_seconds) == (
        *("5dea9f9c82dd7c0e76e4ec93", "ada@example.com", NOW),
    )
    assert (bob.source_id, bob.identity.username, bob.identity.email_verified_at_seconds) == (
        *("euclid", "bob@example.com", 0),
    )
    assert_logs_in(ada)


def firebase_export(*users: object) -> str:
    """Write what `firebase auth:export users.json --format=json` writes."""
    return json.dumps({"users": users}, indent=1)


FIREBASE: dict[str, object] = {
    "localId": "UkgyQTFkQjJ",
    "email": "ada@example.com",
    "emailVerified": True,
    "passwordHash": HASH,
    "salt": SALT,
    "createdAt": "1706693400123",
    "lastSignedInAt": "1706693400123",
    "providerUserInfo": [],
}


def test_firebase(read: Reading) -> None:
    """The published example of a hash. Users of Google and telephones have no password, and stay behind."""
    google = {"localId": "2", "email": "bob@example.com", "providerUserInfo": [{"providerId": "google.com"}]}
    result = read(firebase_export(FIREBASE, google), "firebase", config=CONFIG)
    (ada,) = result.users.values()

    assert (ada.source_id, ada.identity.created_at_seconds) == ("UkgyQTFkQjJ", 1_706_693_400)
    assert (ada.declaration, ada.identity.email_verified_at_seconds) == ("firebase-scrypt:ln=14,r=8", NOW)
    assert_logs_in(ada, "user1password")
    assert result.refused == {"entry 2": "the user has no password"}


def test_firebase_needs_the_parameters_of_its_project(read: Reading, tmp_path: Path) -> None:
    """Without them no hash can be read, and an incomplete file says what it lacks. The key is in no `repr`."""
    assert read(firebase_export(FIREBASE), "firebase").refused == {
        "entry 1": "the parameters of the project's hashes are needed: --hash-config"
    }
    (tmp_path / "config").write_text(CONFIG)
    assert SIGNER_KEY[:10] not in repr(firebase_project(tmp_path / "config"))
    (tmp_path / "config").write_text(CONFIG.replace("rounds", "turns"))
    with pytest.raises(NoParameters, match="rounds"):
        firebase_project(tmp_path / "config")


KEYCLOAK: dict[str, object] = {
    "id": "b1d8a3c2-6f0e-4a4c-8a77-0f6f8d9f4e11",
    "username": "ada",
    "email": "ada@example.com",
    "emailVerified": True,
    "enabled": True,
    "createdTimestamp": 1_706_693_400_123,
    "realmRoles": ["admin"],
    "credentials": [
        {"type": "otp", "secretData": "{}", "credentialData": "{}"},
        {
            "type": "password",
            "secretData": json.dumps(
                {"value": pbkdf2("sha512", KEYCLOAK_SALT, 64), "salt": b64encode(KEYCLOAK_SALT).decode()}
            ),
            "credentialData": json.dumps(
                {"hashIterations": 1000, "algorithm": "pbkdf2-sha512", "additionalParameters": {}}
            ),
        },
    ],
}


def test_keycloak(read: Reading) -> None:
    """A realm's export, in which the users are one member among others. Its roles are not taken over."""
    client = {**KEYCLOAK, "id": "2", "username": "service-account-shop", "serviceAccountClientId": "shop"}
    disabled = {**KEYCLOAK, "id": "3", "username": "bob", "enabled": False, "email": None}
    realm = {"id": "x", "realm": "shop", "roles": {"realm": [{"name": "users"}]}, "notBefore": 0}
    document = json.dumps({**realm, "users": [KEYCLOAK, client, disabled], "enabled": True})
    result = read(document, "keycloak")
    ada, bob = result.users.values()

    assert (ada.identity.username, ada.declaration) == ("ada", "pbkdf2-sha512:i=1000,l=64")
    assert (ada.identity.roles, ada.identity.email_verified_at_seconds) == ((), NOW)
    assert (ada.identity.status, bob.identity.status) == (ACTIVE, DISABLED)
    assert_logs_in(ada)
    assert result.refused == {"entry 2": "it is the account of a client, and no user"}


def test_a_keycloak_user_with_an_impossible_value_stops_no_other(read: Reading) -> None:
    """The algorithm may be a list, and a time may have more digits than Python converts."""
    credential: Any = KEYCLOAK["credentials"]
    odd = {**credential[-1], "credentialData": '{"hashIterations": 1000, "algorithm": ["pbkdf2"]}'}
    listed = {**KEYCLOAK, "id": "2", "username": "bob", "credentials": [odd]}
    late = {**KEYCLOAK, "id": "3", "username": "eve", "createdTimestamp": "9" * 5000}
    result = read(json.dumps({"realm": "shop", "users": [listed, late, KEYCLOAK]}), "keycloak")

    assert [*result.users] == ["entry 3"]
    assert result.refused == {
        "entry 1": "the password hash is refused: the algorithm of the password hash is not known",
        "entry 2": "created_at is no time",
    }


def test_keycloak_can_give_addresses_as_names(read: Reading) -> None:
    """`--username-from email`: where the users have logged in with their addresses."""
    document = json.dumps({"realm": "shop", "users": [KEYCLOAK]})

    assert read(document, "keycloak", name="email").one.identity.username == "ada@example.com"


def django(pk: int, **fields: object) -> dict[str, object]:
    """Return what `dumpdata auth.user --format jsonl` writes for a user."""
    password = f"pbkdf2_sha256$1000$KuLzWY4QyJwh${pbkdf2('sha256', b'KuLzWY4QyJwh')}"
    usual: dict[str, object] = {
        "password": password,
        "last_login": None,
        "is_superuser": True,
        "username": "ada",
        "email": "",
        "is_active": True,
        "date_joined": "2024-01-31T09:30:00Z",
        "groups": [],
        "user_permissions": [],
    }
    return {"model": "auth.user", "pk": pk, "fields": {**usual, **fields}}


def test_django(read: Reading) -> None:
    """A dump of its users. A superuser there has no rights here, and an unusable password is none."""
    result = read(
        lines(django(1), django(2, username="bob", password="!x"), django(3, username="eve", is_active=False)), "django"
    )
    ada, eve = result.users.values()

    assert (ada.source_id, ada.identity.username, ada.identity.roles) == ("1", "ada", ())
    assert (ada.identity.created_at_seconds, ada.declaration) == (1_706_693_400, "pbkdf2-sha256:i=1000,l=32")
    assert eve.identity.status == DISABLED
    assert_logs_in(ada)
    assert result.refused == {"line 2": "the user has no password"}


def test_a_user_without_a_password_is_taken_if_the_operator_says_so(read: Reading) -> None:
    """Nobody can log in as that user before somebody sets a password."""
    user = read(lines({"username": "ada"}), "jsonl", may_lack_password=True).one

    assert (user.identity.password_hash, user.declaration) == ("", "")


GOOD = {"username": "ada", "password_hash": BCRYPT}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"role": "admin"}, "the member 'role' is not known"),
        ({"Tom\nRiddle": "x"}, "the member is not known"),
        ({"username": "a da"}, "a user name has letters"),
        ({"username": 7}, "username is no text"),
        ({"username": "x" * 300}, "username is no text of up to"),
        ({"username": "ada\n"}, "username has characters that cannot be printed"),
        ({"password_hash": ["x"]}, "the password hash is no text"),
        ({"password_hash": PASSWORD}, "the password hash is refused: its form is not known"),
        ({"password_hash": BCRYPT.replace("$04$", "$31$")}, "the password hash is refused: beyond the bounds"),
        ({"email": "ada@example"}, "a mail address has the form name@example.com"),
        ({"email": "ada@example.com, eve@example.com"}, "a mail address has the form name@example.com"),
        ({"claims": "blue"}, "claims is no JSON object"),
        ({"claims": ["blue"]}, "claims is no JSON object"),
        ({"claims": {"tenant": "blue"}}, "the name of an own claim has a colon, as in acme:tenant"),
        ({"claims": '{"acme:a": 1, "acme:a": 2}'}, "claims is no JSON object"),
        (
            {"claims": {f"acme:{number}": "x" * 99 for number in range(3)}},
            "scope, roles and own claims take more than 200 bytes of every access token",
        ),
        ({"email": "ada@example.com\r\nBcc: eve@example.com"}, "email has characters that cannot be printed"),
        ({"email_verified": 1}, "email_verified is neither true nor false"),
        ({"email_verified": "yes"}, "email_verified is neither true nor false"),
        ({"disabled": []}, "disabled is neither true nor false"),
        ({"unconfirmed": True}, "a user who waits for the confirmation has no address"),
        ({"unconfirmed": "yes"}, "unconfirmed is neither true nor false"),
        ({"roles": "two  'words'"}, "a role has"),
        ({"roles": {"admin": True}}, "roles is no list of texts"),
        ({"scope": "x" * 300}, "scope and roles take more than"),
        ({"language": "de_AT"}, "language is no language tag"),
        ({"created_at": "yesterday"}, "created_at is no time"),
        ({"created_at": "9" * 5000}, "created_at is no time"),  # Python converts no text of so many digits
        ({"created_at": NOW + 1}, "created_at is no time, or in the future"),
        ({"created_at": -1}, "created_at is no time"),
        ({"id": {"$oid": "x"}}, "id is no text"),
    ],
)
def test_a_user_who_breaks_a_rule_stays_behind(read: Reading, changed: dict[str, object], reason: str) -> None:
    """The reason quotes no value, which could be a password in the wrong column. The next user is taken."""
    result = read(lines({**GOOD, **changed}, GOOD), "jsonl")

    assert [*result.users] == ["line 2"]
    assert result.refused["line 1"].startswith(reason)
    assert not [value for value in changed.values() if str(value) in result.refused["line 1"]]


def test_nobody_comes_twice_in_a_file(read: Reading) -> None:
    """Two spellings of a name are one name. The reason says where the first user is."""
    bob = {**GOOD, "username": "bob", "id": "1"}
    result = read(lines(GOOD, {**GOOD, "username": "ADA"}, bob, {**bob, "username": "eve"}), "jsonl", system="shop")

    assert [*result.users] == ["line 1", "line 3"]
    assert result.refused == {
        "line 2": "the user name is that of line 1 too",
        "line 4": "the id is that of line 3 too",
    }


def test_small_ids_of_two_systems_are_two_users(read: Reading) -> None:
    """Django counts from 1 in each project. So the name belongs to the source, unless the operator names the system."""
    first, other = read(lines(django(1)), "django"), read(lines(django(1, username="bob")), "django")
    assert first.file.source_of(first.one) != other.file.source_of(other.one)

    named = [read(lines(django(1, username=name)), "django", system="shop") for name in ("ada", "bob")]
    assert len({each.file.source_of(each.one) for each in named}) == 1
    elsewhere = read(lines(django(1)), "django", system="forum")
    assert elsewhere.file.source_of(elsewhere.one) != named[0].file.source_of(named[0].one)


@pytest.mark.parametrize(
    "line", ["{", "[]", '"x"', "{}x", '{"username": "a", "username": "b"}', "\udcff", "[" * 100_000]
)
def test_a_line_that_cannot_be_read_stops_no_other(read: Reading, line: str) -> None:
    """It is reported. A member that comes twice is no less damaged: a reader could take either."""
    result = read(f"{line}\n\n{json.dumps(GOOD)}\n", "jsonl")

    assert result.refused == {"line 1": "it cannot be read"}
    assert [*result.users] == ["line 3"]


def test_a_row_that_cannot_be_read_stops_no_other(read: Reading) -> None:
    """One field less, or quotes inside of a field."""
    text = table(GOOD) + "bob\n" + f'"e"ve,{BCRYPT}\n' + f"mallory,{BCRYPT}\n"
    result = read(text, "csv")

    assert result.refused == {"line 3": "it cannot be read", "line 4": "it cannot be read"}
    assert [user.identity.username for user in result.users.values()] == ["ada", "mallory"]


@pytest.mark.parametrize(
    ("text", "format_name"),
    [
        ("", "csv"),
        ("id,id\n1,2\n", "csv"),
        ('"id"x,username\n1,2\n', "csv"),
        ("", "firebase"),
        ("[]", "firebase"),
        ("{}", "firebase"),
        ('{"users": {}}', "firebase"),
        ('{"members": []}', "firebase"),
        ('{"users": [{"localId": "1"}', "firebase"),
    ],
)
def test_a_file_of_another_form_is_not_read(read: Reading, text: str, format_name: str) -> None:
    """The operator has chosen the wrong format, or the file is cut."""
    with pytest.raises(UnreadableFile):
        read(text, format_name)


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 16])
def test_a_large_document_is_read_in_pieces(read: Reading, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """The users are the same, wherever a piece ends."""
    monkeypatch.setattr("admin.imports.records.CHUNK_CHARACTERS", chunk)
    users = [{**FIREBASE, "localId": str(number), "email": f"u{number}@example.com"} for number in range(20)]
    document = json.dumps({"version": 12, "tenants": [1.5, "users", None], "users": [*users, 7]})
    result = read(document, "firebase", config=CONFIG)

    assert [user.source_id for user in result.users.values()] == [str(number) for number in range(20)]
    assert result.refused == {"entry 21": "it cannot be read"}
