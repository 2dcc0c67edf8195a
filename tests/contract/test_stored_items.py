"""The items in the tables, read without the adapters."""

from typing import Any

import pytest

from edge_auth.adapters.dynamodb.session_items import EXPIRED_KEPT_SECONDS
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.accounts.rights_administration import MAX_RIGHTS_BYTES
from edge_auth.flows.ports.sessions import RotationRefused
from edge_auth.keys.mac_key import MAC_KEY_BYTES, MAC_KEY_ID_BYTES, MacKey
from edge_auth.sessions.client_description import MAX_NAME_BYTES, MAX_USER_AGENT_CHARACTERS, ClientDescription
from edge_auth.sessions.session import COOKIE, Rotation
from edge_auth.tokens import refresh_token as refresh
from edge_auth.tokens.token_form import REFRESH
from tests.support.dynamodb.engines import Tables
from tests.support.dynamodb.records import (
    ADA,
    ADA_ID,
    NOW_MS,
    NOW_SECONDS,
    SEED,
    a_rotation,
    a_session,
    a_token,
    end,
    opened,
    rotate,
    session_id,
    sessions_of,
)

DAY_SECONDS = 86_400
SESSION_ATTRIBUTES = [
    "seed_hash",
    "generation",
    "rotated_at_ms",
    "rotation_id",
    "created_at_ms",
    "auth_time",
    "idle_expires_at",
    "absolute_expires_at",
    "client_id",
    "scope",
    "roles",
    "amr",
    "client_name",
    "user_agent",
    "network",
]
# A rotation writes these attributes anew and does not read their old values.
WRITTEN_BY_A_ROTATION = {"base", "rotated_at_ms", "rotation_id", "user_agent", "network"}
NUMBERS = [
    "generation",
    "base",
    "rotated_at_ms",
    "created_at_ms",
    "auth_time",
    "idle_expires_at",
    "absolute_expires_at",
]


def item_bytes(item: Any) -> int:  # noqa: ANN401 - DynamoDB attribute values
    """Return what DynamoDB charges an item for: "DynamoDB item sizes and formats" in its developer guide."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: dict[str, Any]) -> int:
    """Return the size of one attribute value in bytes, and for a number its upper bound."""
    match value:
        case {"S": text}:
            return len(text.encode())
        case {"N": digits}:
            return (len(digits) + 1) // 2 + 1
        case {"B": raw}:
            return len(raw)
        case {"L": values}:
            return 3 + sum(1 + value_bytes(each) for each in values)
        case _:
            raise AssertionError(value)


def damage(tables: Tables, name: str, value: dict[str, Any] | None) -> None:
    """Write a wrong value into one attribute of the only session, or remove the attribute if it is None."""
    [item] = tables.session_items()
    changed = {**item, name: value}
    damaged: dict[str, Any] = {key: kept for key, kept in changed.items() if kept is not None}
    tables.client.put_item(TableName=tables.sessions, Item=damaged)


def test_time_to_live_is_in_seconds_and_follows_the_timeouts(tables: Tables) -> None:
    """F27: `delete_at` is in seconds, a day after the session expires, and a rotation puts it off."""
    engine = tables.engine()
    opened(engine, a_session())

    [item] = tables.session_items()
    rotated = rotate(engine, a_token())
    [after] = tables.session_items()

    assert EXPIRED_KEPT_SECONDS == DAY_SECONDS
    assert item["delete_at"] == {"N": str(a_session().expires_at_seconds + DAY_SECONDS)}
    assert after["delete_at"] == {"N": str(rotated.idle_expires_at_seconds + DAY_SECONDS)}
    delete_at: dict[str, str] = after["delete_at"]
    assert 1_000_000_000 < int(delete_at["N"]) < 10_000_000_000


def test_only_a_session_of_another_transport_names_it(tables: Tables) -> None:
    """The item of a session with tokens in bodies is the one of earlier versions, which named none."""
    opened(tables.engine(), a_session(1), a_session(2, transport=COOKIE))

    named = [(item["session_id"], item.get("transport")) for item in tables.session_items()]

    assert sorted(named, key=str) == [({"S": session_id(1)}, None), ({"S": session_id(2)}, {"S": "cookie"})]


def test_only_a_session_with_a_level_has_one_in_its_item(tables: Tables) -> None:
    """Without second factors, the item is the one of earlier versions; with them, a rotation keeps the level."""
    engine = tables.engine()
    opened(engine, a_session(1), a_session(2, acr="2fa"))

    plain, leveled = sorted(tables.session_items(), key=lambda item: "acr" in item)

    assert leveled == {**plain, "session_id": {"S": session_id(2)}, "acr": {"S": "2fa"}}
    rotated = [rotate(engine, a_token(number=number)).acr for number in (1, 2)]
    assert rotated == ["", "2fa"]
    assert sorted(str(item.get("acr")) for item in tables.session_items()) == ["None", "{'S': '2fa'}"]


def test_the_tables_hold_nothing_that_could_be_used(tables: Tables) -> None:
    """A15: the tables hold no token, seed, MAC or key, only the hashes of the password and of the seed."""
    engine = tables.engine()
    key = MacKey(b"k" * MAC_KEY_ID_BYTES, b"s" * MAC_KEY_BYTES)
    token = a_token(0)
    opened(engine, a_session(generation=0))
    rotate(engine, token)

    dump = repr([*tables.session_items(), *tables.identity_items()])

    for minted in (refresh.mint(token, key), refresh.mint(token.of_generation(token.generation + 1), key)):
        assert minted not in dump
        raw = minted.removeprefix(REFRESH.prefix)
        assert not [raw[at : at + 20] for at in range(60, 101, 20) if raw[at : at + 20] in dump]
    assert repr(SEED)[2:-1] not in dump
    assert SEED.hex() not in dump
    assert ADA.password_hash in dump
    assert repr(a_token().seed_hash)[2:-1] in dump


@pytest.mark.parametrize("name", SESSION_ATTRIBUTES)
@pytest.mark.parametrize("value", [None, {"BOOL": True}], ids=["missing", "flag"])
def test_a_damaged_session_does_not_rotate(tables: Tables, name: str, value: dict[str, Any] | None) -> None:
    """F38: a missing attribute, or one of another type, is an outage and is not answered by invalid_grant."""
    engine = tables.engine()
    opened(engine, a_session())
    damage(tables, name, value)

    with pytest.raises(TemporarilyUnavailable, match=name):
        engine.sessions.find(ADA_ID, session_id(1))
    with pytest.raises(TemporarilyUnavailable, match=name):
        sessions_of(engine.sessions, ADA_ID)
    if name not in WRITTEN_BY_A_ROTATION:
        with pytest.raises(TemporarilyUnavailable, match=name):
            rotate(engine, a_token())


def test_a_damaged_level_is_an_outage(tables: Tables) -> None:
    """F38: a level that is no text is no missing level."""
    engine = tables.engine()
    opened(engine, a_session(acr="2fa"))
    damage(tables, "acr", {"N": "2"})

    with pytest.raises(TemporarilyUnavailable, match="acr"):
        engine.sessions.find(ADA_ID, session_id(1))


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["-1", "1.5"])
def test_a_number_that_no_session_has_is_damage(tables: Tables, name: str, text: str) -> None:
    """F38: a negative number or a fraction is an outage."""
    engine = tables.engine()
    opened(engine, a_session())
    damage(tables, name, {"N": text})

    with pytest.raises(TemporarilyUnavailable, match=name):
        engine.sessions.find(ADA_ID, session_id(1))
    if name not in WRITTEN_BY_A_ROTATION:
        with pytest.raises(TemporarilyUnavailable, match=name):
            rotate(engine, a_token())


def test_a_session_without_its_last_rotation_does_not_rotate(tables: Tables) -> None:
    """F38: without the time of the last rotation, the grace window is unknown."""
    engine = tables.engine()
    opened(engine, a_session())
    damage(tables, "rotated_at_ms", None)

    with pytest.raises(TemporarilyUnavailable, match="rotated_at_ms"):
        rotate(engine, a_token())


@pytest.mark.parametrize("name", [name for name in SESSION_ATTRIBUTES if name != "seed_hash"])
def test_a_damaged_session_can_be_ended(tables: Tables, name: str) -> None:
    """F38: a client with a token of the damaged session can still log out, and the session ends."""
    engine = tables.engine()
    opened(engine, a_session())
    damage(tables, name, {"BOOL": True})

    end(engine, a_token())

    [item] = tables.session_items()
    assert item["revoked_reason"] == {"S": "logout"}


def test_the_largest_session_is_one_write_unit(tables: Tables) -> None:
    """DynamoDB charges a write unit for each kilobyte, and the largest rotated session fits into one."""
    words = "a" * (MAX_RIGHTS_BYTES - len('{"scope":"","roles":["b"]}'))
    client = ClientDescription(
        name="\N{GREEK SMALL LETTER OMEGA}" * (MAX_NAME_BYTES // 2),
        user_agent="u" * MAX_USER_AGENT_CHARACTERS,
        network="2001:db8:ffff::/48",
    )
    spread = " ".join("a" * (len(words) // 2))  # as many words as possible, because each adds a byte
    own = {"a:b": "c" * 128, "a:d": "e" * (len(words) - 128 - len(',"a:b":"","a:d":"b"'))}
    rights: list[dict[str, Any]] = [
        {"scope": words, "roles": ("b",)},
        {"scope": spread, "roles": ("b",)},
        {"claims": own, "roles": ("b",)},
    ]
    for number, given in enumerate(rights, start=1):
        engine = tables.engine()
        session = a_session(
            number,
            rotation_id="f" * 32,
            generation=2**32 - 3,
            client=client,
            acr="2fa",
            amr=("pwd", "otp", "mfa"),
            **{"scope": "", **given},
        )
        opened(engine, session)
        engine.sessions.rotate(
            a_token(2**32 - 3, number=number),
            Rotation("f" * 32, NOW_MS, NOW_SECONDS + 1_500, client),
            grace_seconds=0,
            wanted_scope=(),
        )

    sizes = [item_bytes(item) for item in tables.session_items()]

    assert len(sizes) == len(rights)
    assert max(sizes) <= 1024, sizes


def test_a_session_that_an_earlier_version_rotated_has_the_previous_token_as_its_base(tables: Tables) -> None:
    """Its item has no base. A rotation and a late retry write one."""
    engine = tables.engine()
    opened(engine, a_session(), a_session(2))
    for item in tables.session_items():
        without: Any = {name: value for name, value in item.items() if name != "base"}
        tables.client.put_item(TableName=tables.sessions, Item=without)

    found = engine.sessions.find(ADA_ID, session_id(1))

    assert found == a_session()
    retried = engine.sessions.retry_late(found, a_rotation())
    assert (retried.generation, retried.base) == (4, 2)
    assert [seen.base for seen in engine.sessions.to_end(ADA_ID)] == [2, 2]
    assert rotate(engine, a_token(number=2)).base == 3
    assert [item["base"] for item in tables.session_items()] == [{"N": "2"}, {"N": "3"}]


def test_attributes_of_a_later_version_are_left_alone(tables: Tables) -> None:
    """F38: an unknown attribute is no error, and a rotation keeps it."""
    engine = tables.engine()
    opened(engine, a_session())
    damage(tables, "from_a_later_version", {"S": "kept"})

    assert rotate(engine, a_token()).generation == 4

    [item] = tables.session_items()
    assert item["from_a_later_version"] == {"S": "kept"}


def test_an_item_of_400_kilobytes_still_refuses_and_ends(tables: Tables) -> None:
    """F38: a refused write brings the whole item, and the end of the session needs no more room than there is."""
    engine = tables.engine()
    opened(engine, a_session(rotated_at_ms=NOW_MS))
    damage(tables, "ballast", {"S": "x" * 400_000})

    with pytest.raises(RotationRefused) as refused:
        rotate(engine, a_token())
    assert refused.value.found == a_session(rotated_at_ms=NOW_MS)

    end(engine, a_token())
    [item] = tables.session_items()
    assert item["revoked_reason"] == {"S": "logout"}


def test_a_session_without_own_claims_is_stored_as_before_there_were_any(tables: Tables) -> None:
    """A feature that nobody uses changes no byte."""
    engine = tables.engine()
    opened(engine, a_session(), a_session(2, claims={"acme:tenant": "7"}))

    without, with_claims = sorted(tables.session_items(), key=len)
    assert with_claims.keys() - without.keys() == {"claims"}
    assert with_claims["claims"] == {"S": '{"acme:tenant":"7"}'}


@pytest.mark.parametrize("value", [{"S": ""}, {"S": '{"sub":"root"}'}, {"M": {}}, {"BOOL": True}, {"S": '{"a:b":1.5}'}])
def test_damaged_own_claims_are_an_outage(tables: Tables, value: dict[str, Any]) -> None:
    """DC-3: 503, and no login without the claims that the user has."""
    engine = tables.engine()
    engine.identities.create(ADA)
    [login] = [item for item in tables.identity_items() if "user_id" in item]
    tables.client.put_item(TableName=tables.identities, Item={**login, "claims": value})  # type: ignore[dict-item]  # what is damaged

    with pytest.raises(TemporarilyUnavailable, match="damaged item: claims"):
        engine.identities.find(ADA.username)


def test_a_user_without_an_address_is_stored_as_before_there_were_any(tables: Tables) -> None:
    """A feature that is off changes no byte: the item has the attributes of a release without mails."""
    tables.engine().identities.create(ADA)

    [login] = [item for item in tables.identity_items() if "user_id" in item]
    attributes = {"pk", "user_id", "username", "password_hash", "status", "epoch", "created_at", "scope", "roles"}
    assert set(login) == attributes


@pytest.mark.parametrize("name", ["user_id", "username", "status", "epoch", "created_at", "scope", "roles"])
@pytest.mark.parametrize("value", [None, {"BOOL": True}], ids=["missing", "flag"])
def test_a_damaged_user_is_an_outage(tables: Tables, name: str, value: dict[str, Any] | None) -> None:
    """F38: a damaged user is neither an unknown user nor a user with fields missing."""
    engine = tables.engine()
    engine.identities.create(ADA)
    user = next(item for item in tables.identity_items() if item["pk"] == {"S": f"login#{ADA.username}"})
    changed: dict[str, Any] = {key: kept for key, kept in {**user, name: value}.items() if kept is not None}
    tables.client.put_item(TableName=tables.identities, Item=changed)

    with pytest.raises(TemporarilyUnavailable, match=name):
        engine.identities.find(ADA.username)


def test_a_list_without_text_is_damage(tables: Tables) -> None:
    """F38: a role that is no text is an outage."""
    engine = tables.engine()
    opened(engine, a_session())
    damage(tables, "roles", {"L": [{"S": "admin"}, {"N": "1"}]})

    with pytest.raises(TemporarilyUnavailable, match="roles"):
        engine.sessions.find(ADA_ID, session_id(1))


@pytest.mark.parametrize(
    "stored",
    [None, {"S": "x"}, {"N": "1"}, {"BOOL": True}, {"NULL": True}, {"B": b"$argon2id$"}, {"L": []}],
)
def test_a_password_hash_of_any_form_is_read(tables: Tables, stored: dict[str, Any] | None) -> None:
    """P9: a hash that is no text is read as an empty hash, which matches no password."""
    engine = tables.engine()
    engine.identities.create(ADA)
    user = next(item for item in tables.identity_items() if item["pk"] == {"S": f"login#{ADA.username}"})
    changed: dict[str, Any] = {key: kept for key, kept in {**user, "password_hash": stored}.items() if kept is not None}
    tables.client.put_item(TableName=tables.identities, Item=changed)

    assert engine.identities.find(ADA.username).password_hash == (stored or {}).get("S", "")


def test_a_session_that_rotates_and_ends_is_one_item(tables: Tables) -> None:
    """A session is one item for all its life, and what is kept of it is one item."""
    engine = tables.engine()
    opened(engine, a_session())
    for times, generation in enumerate(range(3, 8)):
        rotated = rotate(engine, a_token(generation), now_ms=NOW_MS + times * 60_000)
        assert rotated.generation == generation + 1
        assert len(tables.session_items()) == 1
    end(engine, a_token(8))

    assert len(tables.session_items()) == 1
