"""The demo of an account detects every broken promise of the API."""

from contextlib import closing

import pytest

from local.account_walk import AccountWalk
from local.api import Api
from local.failure import Failure
from local.user import User
from tests.local.stub_account import CODES, PROOF, SECRET, StubAccount
from tests.local.stub_api import serving


@pytest.fixture(autouse=True)
def _still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of codes stand still, and that of the wait for a mail run at each look."""
    looks = iter(range(1000))
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    monkeypatch.setattr("local.account_walk.time.monotonic", lambda: float(next(looks)))
    monkeypatch.setattr("local.account_walk.time.sleep", lambda _seconds: None)


def walk(stub: StubAccount) -> list[str]:
    """Walk through the stub, and return the printed lines."""
    said: list[str] = []
    with serving(stub) as url, closing(Api(url)) as api:
        user = User("ada", "forgotten", "ada@mail.example")
        AccountWalk(api, user, lambda: stub.mails, say=said.append).all()
    return said


def test_an_api_that_keeps_every_promise_is_walked_to_the_end() -> None:
    """The walk prints ten steps, each with its mark, and the mail between them."""
    said = walk(StubAccount())

    assert len([line for line in said if line.startswith("  ✓ ")]) == 10
    assert [line for line in said if "✗" in line] == []
    assert any("a mail to ada@mail.example: “Reset”" in line for line in said)


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        ("ask", "forget the password"),
        ("no mail", "no mail came within 30 seconds"),
        ("no link", "the mail has no link"),
        ("reset", "set a new password"),
        ("link twice", "with the same link"),
        ("login", "log in with the new password"),
        ("no codes", "no recovery codes"),
        ("no factor", "the password alone"),
        ("otp", "the password and a code"),
        ("code twice", "the same code again"),
        ("recovery_code", "a recovery code in its place"),
    ],
)
def test_a_broken_promise_ends_the_walk_at_its_step(broken: str, step: str) -> None:
    """The walk ends with a Failure that names the step."""
    with pytest.raises(Failure, match=step):
        walk(StubAccount(broken))


def test_no_line_holds_a_secret() -> None:
    """The output is shown and copied."""
    stub = StubAccount()
    said = "\n".join(walk(stub))

    assert [word for word in (PROOF, stub.password, SECRET.decode(), *CODES) if word in said] == []
