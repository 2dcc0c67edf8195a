"""The answer to a login at a site."""

import json

from edge_auth.flows.session_grant import SessionGrant
from edge_auth.web.session_response import session_response


def test_the_token_of_a_site_is_in_a_cookie_that_lives_as_long_as_its_session() -> None:
    """No script can read it. Lax lets a link open a page with it (RFC 6265bis §5.6.7.1)."""
    event = session_response(SessionGrant("token", 43_200, "sid")).to_event()

    assert event["statusCode"] == 200
    assert json.loads(str(event["body"])) == {"session_id": "sid", "expires_in": 43_200}
    assert event["multiValueHeaders"] == {
        "Set-Cookie": ["__Host-Http-session=token; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200"]
    }
    assert isinstance(event["headers"], dict)
    assert event["headers"]["Cache-Control"] == "no-store"


def test_a_login_that_has_a_device_token_sets_a_second_cookie() -> None:
    """For 400 days: no browser keeps a cookie for longer (RFC 6265bis §5.5). No other site makes it send this one."""
    event = session_response(SessionGrant("token", 43_200, "sid", "device")).to_event()

    assert isinstance(event["multiValueHeaders"], dict)
    assert event["multiValueHeaders"]["Set-Cookie"][1:] == [
        "__Host-Http-device=device; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=34560000"
    ]
