"""The next token of a site's session: who gets it, and what becomes of the one before."""

import pytest

from edge_auth.errors import InvalidToken, TemporarilyUnavailable
from edge_auth.flows.session_grant import SessionGrant
from edge_auth.flows.sessions.regenerate import Presented, Regenerate
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.session import SESSION, Session
from edge_auth.tokens import refresh_token, session_token
from edge_auth.tokens.refresh_token import RefreshToken
from edge_auth.tokens.token_form import SESSION as KIND
from tests.support.access_tokens import NOW
from tests.support.deployment import MAC_KEY, Deployment

IDLE = 1800
CLIENT = ClientDescription("", "phone/2", "192.0.2.0/24")
TOKEN = RefreshToken("A" * 22, "Q" * 22, 0, b"seed" * 4)
NEXT_KEY = MacKey(b"mac-2", b"2" * 32)


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with a session of a site, an hour after its login."""
    deployment.store.sessions[TOKEN.user_id, TOKEN.session_id] = Session(
        user_id=TOKEN.user_id,
        session_id=TOKEN.session_id,
        seed_hash=TOKEN.seed_hash,
        generation=0,
        rotated_at_ms=0,
        rotation_id="",
        created_at_ms=(NOW - 3600) * 1000,
        auth_time_seconds=NOW - 3600,
        idle_expires_at_seconds=NOW + 60,
        absolute_expires_at_seconds=NOW + 43_200,
        client_id="first-party",
        client=UNKNOWN_CLIENT,
        transport=SESSION,
    )
    return deployment


def session(deployment: Deployment) -> Session:
    """Return the session in the table."""
    return deployment.store.sessions[TOKEN.user_id, TOKEN.session_id]


def regenerate(deployment: Deployment) -> Regenerate:
    """Return the use case."""
    return Regenerate(
        sessions=deployment.sessions,
        key_ring=deployment.key_ring,
        idle_seconds=IDLE,
        clock=deployment.clock,
        entropy=deployment.entropy,
    )


def presented(deployment: Deployment, generation: int = 0) -> Presented:
    """Return the cookie of a generation, as it was read before the act."""
    cookie = refresh_token.mint(TOKEN.of_generation(generation), MAC_KEY, KIND)
    return regenerate(deployment).presented(cookie, TOKEN.user_id, TOKEN.session_id)


def granted(deployment: Deployment, generation: int = 0) -> SessionGrant | None:
    """Give the session its next token for the cookie of a generation."""
    return regenerate(deployment)(presented(deployment, generation), CLIENT)


def is_accepted(deployment: Deployment, cookie: str) -> bool:
    """Return whether the pages take a cookie now."""
    try:
        session_token.check_presented(session_token.read(cookie), session(deployment), now_ms=deployment.clock())
    except InvalidToken:
        return False
    return True


def test_the_session_goes_on_with_its_next_token(deployment: Deployment) -> None:
    """Its id, its seed and its absolute timeout stay; its idle timeout begins anew."""
    found = granted(deployment)

    assert found is not None
    after = session(deployment)
    assert (found.session_id, found.expires_in_seconds, found.device_token) == (TOKEN.session_id, 43_200, "")
    assert found.session_token == refresh_token.mint(TOKEN.of_generation(1), MAC_KEY, KIND)
    assert (after.generation, after.base, after.rotated_at_ms) == (1, 0, NOW * 1000)
    assert (after.idle_expires_at_seconds, after.absolute_expires_at_seconds) == (NOW + IDLE, NOW + 43_200)
    assert (after.seed_hash, after.client) == (TOKEN.seed_hash, CLIENT)
    assert len(bytes.fromhex(after.rotation_id)) == 16


def test_the_cookie_before_is_taken_for_ten_seconds_more(deployment: Deployment) -> None:
    """Requests of the same page may be on their way. Nobody can write the next one out of it."""
    old = refresh_token.mint(TOKEN, MAC_KEY, KIND)
    found = granted(deployment)
    forged = refresh_token.mint(TOKEN.of_generation(1), MacKey(b"mac-1", b"x" * 32), KIND)

    assert found is not None
    assert [is_accepted(deployment, text) for text in (old, found.session_token, forged)] == [True, True, False]
    deployment.clock.advance(ms=10_000)
    assert is_accepted(deployment, old)
    deployment.clock.advance(ms=1)
    assert [is_accepted(deployment, text) for text in (old, found.session_token)] == [False, True]


def test_an_earlier_cookie_is_known_by_its_mac_too(deployment: Deployment) -> None:
    """The session keeps the hashes of both, so a copy of the seed makes neither."""
    granted(deployment)
    granted(deployment, generation=1)
    forged = refresh_token.mint(TOKEN.of_generation(1), MacKey(b"mac-1", b"x" * 32), KIND)

    assert is_accepted(deployment, refresh_token.mint(TOKEN.of_generation(1), MAC_KEY, KIND))
    assert not is_accepted(deployment, forged)


def test_of_two_requests_at_a_time_both_get_the_same_token(deployment: Deployment) -> None:
    """The slower one finds the session one generation further, and writes the token of the faster one again."""
    slow = presented(deployment)
    fast = granted(deployment)
    stored = session(deployment)
    deployment.clock.advance(seconds=10)

    assert fast is not None
    after = regenerate(deployment)(slow, CLIENT)
    assert after is not None
    assert (after.session_token, after.expires_in_seconds) == (fast.session_token, 43_190)
    assert session(deployment) == stored


def test_a_cookie_that_is_too_old_gets_nothing(deployment: Deployment) -> None:
    """It may be a copy. Neither may it go two generations back."""
    slow = presented(deployment)
    granted(deployment)
    deployment.clock.advance(ms=10_001)
    stored = session(deployment)

    assert regenerate(deployment)(slow, CLIENT) is None
    assert session(deployment) == stored
    granted(deployment, generation=1)
    assert regenerate(deployment)(slow, CLIENT) is None


def test_a_session_that_has_ended_gets_nothing(deployment: Deployment) -> None:
    """There is no item, a record of its end, or one that has expired."""
    cookie = presented(deployment)
    deployment.clock.advance(seconds=60)
    assert regenerate(deployment)(cookie, CLIENT) is None
    deployment.clock.advance(seconds=-60)
    deployment.store.sessions.clear()
    assert regenerate(deployment)(cookie, CLIENT) is None


def test_a_token_under_the_next_mac_key_cannot_be_written_again(deployment: Deployment) -> None:
    """The faster request still had the key before. Its own answer has the token."""
    slow = presented(deployment)
    granted(deployment)

    later = slow._replace(keys=KeysInForce(slow.keys.verifying, NEXT_KEY, slow.keys.mac_keys))

    assert regenerate(deployment)(later, CLIENT) is None
    assert regenerate(deployment)(slow, CLIENT) is not None


def test_a_write_that_fails_is_trouble(deployment: Deployment) -> None:
    """The whole act may be repeated."""
    deployment.trouble.fail("rotate", times=1)

    with pytest.raises(TemporarilyUnavailable):
        granted(deployment)
    assert granted(deployment) is not None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        refresh_token.mint(TOKEN, MacKey(b"mac-1", b"x" * 32), KIND),
        refresh_token.mint(TOKEN, NEXT_KEY, KIND),
        refresh_token.mint(TOKEN, MAC_KEY),
    ],
)
def test_another_cookie_is_refused_before_anything_changes(deployment: Deployment, cookie: str) -> None:
    """A forged one, and a refresh token in the place of a session token."""
    with pytest.raises(InvalidToken, match=r"^cookie: "):
        regenerate(deployment).presented(cookie, TOKEN.user_id, TOKEN.session_id)


@pytest.mark.parametrize(("user_id", "session_id"), [("B" * 22, TOKEN.session_id), (TOKEN.user_id, "B" * 22)])
def test_the_cookie_of_another_session_is_refused(deployment: Deployment, user_id: str, session_id: str) -> None:
    """The caller has changed something in the caller's session only."""
    cookie = refresh_token.mint(TOKEN, MAC_KEY, KIND)

    with pytest.raises(InvalidToken, match=r"^the cookie of another session$"):
        regenerate(deployment).presented(cookie, user_id, session_id)


@pytest.mark.parametrize("behind", [0, 1, 120])
def test_two_acts_in_one_moment_get_a_token_each(deployment: Deployment, behind: int) -> None:
    """The second was made with the token of the first, which is of no use any more, by whichever clock (F23)."""
    first = granted(deployment)
    deployment.clock.advance(seconds=-behind)
    second = granted(deployment, generation=1)

    assert first is not None
    assert second is not None
    assert second.session_token == refresh_token.mint(TOKEN.of_generation(2), MAC_KEY, KIND)
    assert session(deployment).generation == 2
    deployment.clock.advance(seconds=11)
    assert not is_accepted(deployment, first.session_token)
