"""The scope in the rotation's condition: each wanted word must be a whole word of the session's scope."""

from typing import Any

import pytest

from edge_auth.flows.ports.sessions import RotationRefused
from edge_auth.sessions.scope import MAX_SCOPE_CHARACTERS, wanted_words
from tests.support.dynamodb.engines import Engine
from tests.support.dynamodb.records import (
    ADA_ID,
    NOW_SECONDS,
    a_session,
    a_token,
    opened,
    rotate,
    session_id,
    sessions_of,
)


@pytest.mark.parametrize("wanted", [(), ("read",), ("write",), ("write", "read")])
def test_a_part_of_the_scope_rotates_and_the_session_keeps_all_of_it(engine: Engine, wanted: tuple[str, ...]) -> None:
    """A4: the session keeps the scope of the login, also when a refresh asks for less."""
    opened(engine, a_session())

    assert rotate(engine, a_token(), wanted_scope=wanted).scope == "read write"


@pytest.mark.parametrize(
    "wanted",
    [("delete",), ("read", "delete"), ("rea",), ("READ",), ("read write",), ("read,write",), ("",), ("x" * 8000,)],
)
def test_any_other_word_refuses_and_changes_nothing(engine: Engine, wanted: tuple[str, ...]) -> None:
    """A4: a wider scope does not use up the token, and the refused write brings the session."""
    opened(engine, a_session())

    with pytest.raises(RotationRefused) as refused:
        rotate(engine, a_token(), wanted_scope=wanted)

    assert refused.value.found == a_session()
    assert sessions_of(engine.sessions, ADA_ID) == [a_session()]


@pytest.mark.parametrize("scope", ["", "x"])
def test_a_session_of_little_scope_has_little(engine: Engine, scope: str) -> None:
    """A4: a session without the wanted word refuses, and rotates when no word is wanted."""
    opened(engine, a_session(scope=scope))

    with pytest.raises(RotationRefused):
        rotate(engine, a_token(), wanted_scope=("read",))
    assert rotate(engine, a_token()).scope == scope


def test_as_many_words_as_a_request_can_have_fit_into_the_condition(engine: Engine) -> None:
    """DynamoDB allows 4 KB and 300 operators in an expression, and the longest scope stays below both."""
    words = [chr(code) for code in range(0x23, 0x7F) if code != 0x5C]
    words += [f"{one}{other}" for one in words[:3] for other in words]
    scope = " ".join(words)[:MAX_SCOPE_CHARACTERS].rstrip()
    opened(engine, a_session(scope=scope))

    assert rotate(engine, a_token(), wanted_scope=wanted_words(scope)).generation == 4


@pytest.mark.parametrize("wanted", [(), ("read",)])
@pytest.mark.parametrize("ending", ["idle_expires_at_seconds", "absolute_expires_at_seconds"])
def test_a_scope_puts_no_timeout_off(engine: Engine, ending: str, wanted: tuple[str, ...]) -> None:
    """A5: both timeouts are checked in the same condition, to the second, with a scope and without."""
    at_the_second: dict[str, Any] = {ending: NOW_SECONDS}
    a_second_before: dict[str, Any] = {ending: NOW_SECONDS + 1}
    dying, dead = a_session(1, **a_second_before), a_session(2, **at_the_second)
    opened(engine, dying, dead)

    with pytest.raises(RotationRefused):
        rotate(engine, a_token(number=2), wanted_scope=wanted)

    assert engine.sessions.find(ADA_ID, session_id(2)) == dead
    assert rotate(engine, a_token(number=1), wanted_scope=wanted).generation == 4
