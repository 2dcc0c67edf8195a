"""The demo walk detects every broken promise of the API."""

from contextlib import closing

import pytest

from edge_auth.keys import signing_key
from edge_auth.keys.signing_key import SigningKey
from local.api import Api
from local.failure import Failure
from local.user import User
from local.walk import Walk
from tests.local.stub_api import StubApi, serving

PASSWORD = "correct horse battery staple"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubApi:
    """Return a stub whose clock moves when the walk sleeps."""
    stub = StubApi(SigningKey("ES256", signing_key.generate("ES256")), PASSWORD)

    def sleep(seconds: float) -> None:
        stub.clock += seconds

    monkeypatch.setattr("local.walk.time.sleep", sleep)
    return stub


def walk(stub: StubApi) -> list[str]:
    """Walk through the stub, and return the printed lines."""
    said: list[str] = []
    with serving(stub) as url, closing(Api(url)) as api:
        Walk(
            api, User("ada", PASSWORD), stub.key, rotation_grace_seconds=2, revocation_seconds=2, say=said.append
        ).all()
    return said


def test_an_api_that_keeps_every_promise_is_walked_to_the_end(stub: StubApi) -> None:
    """The walk prints fourteen steps, each with its mark."""
    said = walk(stub)

    assert len([line for line in said if line.startswith("  ✓ ")]) == 14
    assert not [line for line in said if "✗" in line]


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        ("login", "log in as ada"),
        ("missing token", "without a token"),
        ("forged token", "with a forged token"),
        ("expired token", "with an expired token"),
        ("grace", "again, at once"),
        ("lost answer", "after its answer was lost"),
        ("replay", "a thief has the lost"),
        ("same bytes", "a thief has the lost"),
        ("honest token", "the current refresh token"),
        ("revocation", "with the access token, afterwards"),
        ("logout", "the refresh token after the logout"),
    ],
)
def test_a_broken_promise_ends_the_walk_at_its_step(stub: StubApi, broken: str, step: str) -> None:
    """The walk ends with a Failure that names the step."""
    stub.broken = broken

    with pytest.raises(Failure, match=step):
        walk(stub)


def test_no_line_holds_a_whole_token(stub: StubApi) -> None:
    """The walk prints only the beginning of a token, because its output is shown and copied."""
    said = "\n".join(walk(stub))

    assert "…" in said
    assert "eyJ" in said
    assert not [word for word in said.split() if word.count(".") == 2 and word.startswith("eyJ")]
    assert "stub_rt-0-0-Z" not in said
