"""One login for many tests: it runs once in a process, and the next tests get the same tokens, items and log lines."""

from collections.abc import Hashable
from dataclasses import dataclass

from tests.support.memory_tables.tables import Contents
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event
from tests.support.stack import TABLES, Stack
from tests.support.wire import Call


@dataclass(frozen=True)
class _Login:
    """All that a login has left behind."""

    tokens: dict[str, str]
    tables: Contents
    calls: tuple[Call, ...]
    printed: str


_logins: dict[Hashable, _Login] = {}


def one_login(stack: Stack) -> dict[str, str]:
    """Return the token response of one login of ada, whose effects are then in the stack."""
    before = tuple(repr(stack.tables.items(table)) for table in TABLES.values())
    circumstances = (stack.clock.now_ms, stack.jwks, tuple(sorted(stack.parameters.items())), before)
    if circumstances not in _logins:
        _logins[circumstances] = _log_in(stack)
    else:
        _repeat(_logins[circumstances], stack)
    return dict(_logins[circumstances].tokens)


def _log_in(stack: Stack) -> _Login:
    stack.output.read()
    printed, calls = len(stack.output.printed), len(stack.wire.calls)
    answer = stack.function("login")(login_event("ada", PASSWORD))
    assert answer.status == 200
    stack.output.read()
    return _Login(
        answer.json,
        stack.tables.contents(),
        tuple(stack.wire.calls[calls:]),
        stack.output.printed[printed:],
    )


def _repeat(login: _Login, stack: Stack) -> None:
    stack.tables.restore(login.tables)
    stack.wire.calls.extend(login.calls)
    stack.output.printed += login.printed
    stack.secrets.keep_tokens(login.tokens)
