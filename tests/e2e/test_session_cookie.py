"""A site on the deployed stack: its pages open with the cookie alone, and only its own pages change anything."""

import pytest
import requests

from tests.e2e.answers import assert_error
from tests.e2e.client import JSON, Client, cookies_of
from tests.e2e.conftest import APP
from tests.e2e.operator import Person

FROM_PAGE = {**JSON, "Origin": APP, "Sec-Fetch-Site": "same-origin", "X-Edge-Auth": "1"}
FROM_LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
CHALLENGE = 'Bearer error="invalid_token"'


def sign_in(client: Client, person: Person) -> tuple[str, str]:
    """Log in at a site. Return the session cookie, and the id of the session."""
    body = {"username": person.name, "password": person.password, "transport": "session"}
    answer = client.post_json("/auth/login", body, headers=FROM_PAGE)
    assert answer.status_code == 200
    return session_cookie(answer), answer.json()["session_id"]


def session_cookie(answer: requests.Response) -> str:
    """Return the session cookie of an answer, as a browser sends it back."""
    [found] = [cookie for cookie in cookies_of(answer) if cookie.startswith("__Host-Http-session=")]
    return found.partition(";")[0]


def test_a_page_opens_from_a_mail_until_the_logout(client: Client, person: Person) -> None:
    """C1, C18: the browser sends the cookie with a link (Lax), and the request after the logout is refused."""
    theirs, session_id = sign_in(client, person)

    page = client.get_with("/me/session", {"Cookie": theirs, **FROM_LINK})
    assert (page.status_code, page.json()["sid"], page.json()["jti"]) == (200, session_id, f"{session_id}.0")

    left = client.post_json("/auth/logout", {}, headers={**FROM_PAGE, "Cookie": theirs})
    assert (left.status_code, session_cookie(left)) == (204, "__Host-Http-session=")
    for headers in ({"Cookie": theirs}, {"Cookie": "theme=dark"}, {}):
        assert_error(client.get_with("/me/session", headers), 401, "invalid_token")


@pytest.mark.parametrize(
    ("site", "origin"), [("cross-site", "https://evil.example.com"), ("same-site", "https://blog.example.com")]
)
def test_a_request_of_another_page_does_not_reach_the_function(
    client: Client, person: Person, site: str, origin: str
) -> None:
    """C7: the gateway itself answers, with its own challenge, and the password stays as it is."""
    theirs, _ = sign_in(client, person)
    foreign = {**JSON, "Cookie": theirs, "Origin": origin, "Sec-Fetch-Site": site}
    body = {"current_password": person.password, "new_password": f"{person.password} of mine"}

    answer = client.post_json("/auth/site/password", body, headers=foreign)

    assert_error(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == CHALLENGE
    sign_in(client, person)


def test_a_user_manages_the_account_with_the_cookie(client: Client, person: Person) -> None:
    """A8, C20: the list, the end of another session, the address, and a new password with a new cookie."""
    other, other_id = sign_in(client, person)
    theirs, session_id = sign_in(client, person)
    mine = {"Cookie": theirs}

    listed = client.get_with("/auth/site/sessions", mine).json()["sessions"]
    assert {each["session_id"]: each["current"] for each in listed} == {session_id: True, other_id: False}
    ended = client.send("DELETE", f"/auth/site/sessions/{other_id}", {**FROM_PAGE, **mine})
    assert ended.status_code == 204
    assert client.get_with("/me/session", {"Cookie": other}).status_code == 401
    assert client.get_with("/auth/site/email", mine).json() == {"email": None, "email_verified": False}

    body = {"current_password": person.password, "new_password": person.password}
    changed = client.post_json("/auth/site/password", body, headers={**FROM_PAGE, **mine})
    assert changed.status_code == 204
    renewed = session_cookie(changed)
    assert renewed != theirs
    assert client.get_with("/me/session", {"Cookie": renewed}).json()["jti"] == f"{session_id}.1"
