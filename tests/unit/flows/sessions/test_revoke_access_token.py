"""An access token that is presented for revocation ends its own session, and no other."""

from collections.abc import Callable

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS
from edge_auth.sessions.session import EndedSession
from edge_auth.tokens import access_token
from tests.support.access_tokens import ISSUER, NOW, key, other_spelling
from tests.support.deployment import ACCESS_SECONDS, Deployment


@pytest.fixture
def granted(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login."""
    granted = deployment.log_in()
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def revoke(deployment: Deployment, token: str, issuer: str = ISSUER) -> None:
    """Present a token for revocation."""
    deployment.revoke_access_token(token, issuer=issuer)


def test_a_valid_access_token_ends_its_session_by_one_read_and_one_write(
    deployment: Deployment, granted: TokenGrant
) -> None:
    """A6: the end is told, and the refresh token is dead."""
    revoke(deployment, granted.access_token)

    token = deployment.token_of(granted)
    assert deployment.trouble.acts == ["find_session", "end"]
    assert deployment.end_of(granted) == EndedSession(token.generation, token.seed_hash, NOW, "access_token_revoked", 0)
    assert deployment.events == [
        SecurityEvent(EventName.SESSION_ENDED, token.user_id, token.session_id, reason="access_token_revoked")
    ]
    assert deployment.is_dead(granted)


def test_a_refresh_during_the_revocation_is_no_sign_of_a_theft(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session was read before the refresh and ended after it. The token of that refresh is refused as any other."""
    found, rotated = deployment.sessions.find, list[TokenGrant]()

    def found_then_rotated(user_id: str, session_id: str) -> object:
        session = found(user_id, session_id)
        rotated.append(deployment.refreshed(granted.refresh_token))
        return session

    monkeypatch.setattr(deployment.sessions, "find", found_then_rotated)
    revoke(deployment, granted.access_token)
    assert deployment.has_ended(granted)
    deployment.clock.advance(seconds=3600)
    deployment.names()

    assert deployment.is_dead(rotated[0])
    assert deployment.names() == [EventName.REFRESH_REFUSED]


def test_it_ends_no_other_session(deployment: Deployment, granted: TokenGrant) -> None:
    """A stolen access token does no more harm than a logout of its own session."""
    other = deployment.log_in()

    revoke(deployment, granted.access_token)

    assert not deployment.is_dead(other)


def test_a_second_revocation_changes_nothing(deployment: Deployment, granted: TokenGrant) -> None:
    """RFC 7009 §2.2: it is no error, also after a logout, and the end is told once (F10)."""
    revoke(deployment, granted.access_token)
    kept = deployment.end_of(granted)
    deployment.clock.advance(seconds=5)

    revoke(deployment, granted.access_token)

    assert deployment.end_of(granted) == kept
    assert deployment.names() == [EventName.SESSION_ENDED]


def test_a_deleted_session_is_not_created(deployment: Deployment, granted: TokenGrant) -> None:
    """No revocation creates an item (F25)."""
    deployment.store.sessions.clear()

    revoke(deployment, granted.access_token)

    assert deployment.store.sessions == {}
    assert deployment.names() == []


def forged(deployment: Deployment, granted: TokenGrant) -> str:
    """Return a token with the same claims under a key that is not in the ring."""
    return access_token.issue(deployment.claims_of(granted), key("ES256", "another"))


def of_another_audience(deployment: Deployment, granted: TokenGrant) -> str:
    """Return a token of our own key for another API."""
    claims = deployment.claims_of(granted)._replace(aud="https://other.example.com")
    return access_token.issue(claims, deployment.key_ring.keys.signing)


def of_another_issuer(deployment: Deployment, granted: TokenGrant) -> str:
    """Return a token of our own key that names another issuer."""
    claims = deployment.claims_of(granted)._replace(iss="https://other.example.com")
    return access_token.issue(claims, deployment.key_ring.keys.signing)


def changed(_deployment: Deployment, granted: TokenGrant) -> str:
    """Return the token with one character of its payload changed."""
    header, payload, signature = granted.access_token.split(".")
    return f"{header}.{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}.{signature}"


def refresh_token(_deployment: Deployment, granted: TokenGrant) -> str:
    """Return the refresh token: it is no access token (A9)."""
    return granted.refresh_token


@pytest.mark.parametrize("forge", [forged, of_another_audience, of_another_issuer, changed, refresh_token])
def test_any_other_token_changes_nothing_and_costs_no_call(
    deployment: Deployment, granted: TokenGrant, forge: Callable[[Deployment, TokenGrant], str]
) -> None:
    """The strict verifier decides before the store is asked (F24, F37)."""
    revoke(deployment, forge(deployment, granted))

    assert deployment.trouble.acts == []
    assert deployment.names() == []


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "\ud800", "x" * 10_000])
def test_garbage_costs_no_call(deployment: Deployment, text: str) -> None:
    """Any text is answered (L1)."""
    revoke(deployment, text)

    assert deployment.trouble.acts == []


def test_an_expired_token_ends_nothing(deployment: Deployment, granted: TokenGrant) -> None:
    """Old access tokens are in many logs: they must not end living sessions."""
    deployment.clock.advance(seconds=ACCESS_SECONDS + EXPIRY_LEEWAY_SECONDS)

    revoke(deployment, granted.access_token)

    assert deployment.trouble.acts == []
    assert not deployment.is_dead(granted)


def test_the_other_spelling_of_a_signature_is_the_same_token(deployment: Deployment, granted: TokenGrant) -> None:
    """DC-5: nothing is looked up by the bytes of a token."""
    revoke(deployment, other_spelling(granted.access_token))

    assert deployment.is_dead(granted)


def test_an_outage_is_said_and_the_call_may_be_repeated(deployment: Deployment, granted: TokenGrant) -> None:
    """A client must not believe that it is logged out while it is not (A7)."""
    deployment.trouble.fail("end")
    with pytest.raises(TemporarilyUnavailable):
        revoke(deployment, granted.access_token)
    assert deployment.names() == []
    deployment.trouble.heal()

    revoke(deployment, granted.access_token)

    assert deployment.is_dead(granted)
