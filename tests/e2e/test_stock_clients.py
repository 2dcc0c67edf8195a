"""OAuth clients of other projects, used as their manuals say."""

from collections.abc import Iterator

import pytest
from authlib.integrations.requests_client import OAuth2Session

from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients speak plain HTTP to this machine, without a proxy."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def oauth(client: Client, session: Session) -> Iterator[OAuth2Session]:
    """Yield Authlib's session with the tokens of `session`, configured from discovery."""
    metadata = client.get("/.well-known/oauth-authorization-server").json()
    with OAuth2Session(
        client_id="first-party",
        token_endpoint_auth_method="none",
        revocation_endpoint_auth_method="none",
        token_endpoint=metadata["token_endpoint"],
        revocation_endpoint=metadata["revocation_endpoint"],
        token={
            "access_token": session.access_token,
            "refresh_token": session.refresh_token,
            "token_type": "Bearer",
        },
    ) as oauth:
        yield oauth


def test_authlib_refreshes_and_calls_the_protected_route(client: Client, oauth: OAuth2Session) -> None:
    """A stock OAuth client rotates the refresh token and uses the new access token."""
    metadata = oauth.metadata
    before = oauth.token["refresh_token"]

    token = oauth.refresh_token(metadata["token_endpoint"])

    client.secrets |= {token["access_token"], token["refresh_token"]}
    assert token["refresh_token"] != before
    assert oauth.get(f"{client.base_url}/me", timeout=30).status_code == 200


def test_authlib_revokes(client: Client, session: Session, oauth: OAuth2Session) -> None:
    """A revocation by a stock client ends the session. Some clients fail on any status but 200 (RFC 7009 §2.2)."""
    response = oauth.revoke_token(
        oauth.metadata["revocation_endpoint"], token=session.refresh_token, token_type_hint="refresh_token"
    )

    assert (response.status_code, response.content) == (200, b"")
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")


def test_authlib_revokes_an_access_token(client: Client, session: Session, oauth: OAuth2Session) -> None:
    """A client may present its access token instead (RFC 7009 §2.1): the session ends too."""
    response = oauth.revoke_token(
        oauth.metadata["revocation_endpoint"], token=session.access_token, token_type_hint="access_token"
    )

    assert (response.status_code, response.content) == (200, b"")
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")
