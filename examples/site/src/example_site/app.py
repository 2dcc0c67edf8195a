"""A site of three pages that this function makes: sign in, account, sessions.

The user is known by the session cookie of edge-auth, which is one read of DynamoDB a request. What changes an account
is asked of edge-auth by HTTP, with the same cookie.
"""

import base64
import os
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from edge_auth.errors import CsrfFailed, TemporarilyUnavailable
from edge_auth.web.session import SessionCookie, SignedIn
from example_site import pages
from example_site.edge_auth_api import EdgeAuthApi, Refused, Unavailable

Event = Mapping[str, object]
Answer = dict[str, object]

session = SessionCookie(os.environ, monotonic=time.monotonic, wall=time.time)
api = EdgeAuthApi(os.environ["EDGE_AUTH_URL"], origin=os.environ["ALLOWED_ORIGINS"])


def handler(event: Event, _context: object) -> Answer:
    """Answer a request of an HTTP API (payload 2.0)."""
    method, path = _method(event), str(event.get("rawPath"))
    if method == "GET" and path in pages.FILES:
        return pages.file(path)
    route = ROUTES.get((method, path))
    if route is None:
        return pages.message(404, "There is no such page.")
    try:
        user = session.current(event)
        return stranger(path) if user is None else route(user, event)
    except CsrfFailed:
        return pages.message(403, "The request does not come from a page of this site.")
    except Refused as refused:  # by edge-auth, such as for a session that has ended in this moment
        return pages.message(400, refused.text)
    except (TemporarilyUnavailable, Unavailable):  # the user stays signed in, so this is no redirect to the sign-in
        return pages.message(503, "The site is not available at the moment. Try again.")


def stranger(path: str) -> Answer:
    """Lead who is not signed in to the sign-in."""
    return pages.sign_in() if path == SIGN_IN else pages.redirect(SIGN_IN)


def home(_user: SignedIn, _event: Event) -> Answer:
    """Lead a signed-in user on."""
    return pages.redirect(ACCOUNT)


def account(user: SignedIn, _event: Event) -> Answer:
    """Show who is signed in."""
    return pages.account(user)


def change_password(user: SignedIn, event: Event) -> Answer:
    """Change the password. The answer of edge-auth has a new cookie, and the old one ends."""
    form = _form(event)
    try:
        cookies = api.change_password(
            _cookie(event), form.get("current", ""), form.get("new", ""), user_agent=_user_agent(event)
        )
    except Refused as refused:
        return pages.account(user, problem=refused.text, status=400)
    return pages.account(user, notice="The password is changed.", cookies=cookies)


def sessions(_user: SignedIn, event: Event) -> Answer:
    """Show the user's sessions."""
    return pages.sessions(api.sessions(_cookie(event)))


def end_session(_user: SignedIn, event: Event) -> Answer:
    """End one of the user's sessions."""
    try:
        api.end_session(_cookie(event), _form(event).get("session_id", ""))
    except Refused as refused:
        return pages.sessions(api.sessions(_cookie(event)), problem=refused.text)
    return pages.redirect(SESSIONS)


def end_others(_user: SignedIn, event: Event) -> Answer:
    """End all sessions of the user but this one."""
    api.log_out(_cookie(event), others=True)
    return pages.redirect(SESSIONS)


def sign_out(_user: SignedIn, event: Event) -> Answer:
    """End this session. The answer of edge-auth removes the cookie."""
    return pages.redirect(SIGN_IN, cookies=api.log_out(_cookie(event)))


SIGN_IN, ACCOUNT, SESSIONS = "/sign-in", "/account", "/sessions"
ROUTES: dict[tuple[str, str], Callable[[SignedIn, Event], Answer]] = {
    ("GET", "/"): home,
    ("GET", SIGN_IN): home,
    ("GET", ACCOUNT): account,
    ("POST", "/account/password"): change_password,
    ("GET", SESSIONS): sessions,
    ("POST", "/sessions/end"): end_session,
    ("POST", "/sessions/end-others"): end_others,
    ("POST", "/sign-out"): sign_out,
}


def _method(event: Event) -> str:
    context = event["requestContext"]
    return str(context["http"]["method"]) if isinstance(context, dict) else ""


def _form(event: Event) -> dict[str, str]:
    body = str(event.get("body", ""))
    try:
        text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    except ValueError:  # no UTF-8
        raise Refused("The form cannot be read.") from None
    return {name: values[-1] for name, values in parse_qs(text).items()}


def _user_agent(event: Event) -> str:
    """Return the browser's name, which the list of sessions shows."""
    headers = event.get("headers")
    return str(headers.get("user-agent", "")) if isinstance(headers, dict) else ""


def _cookie(event: Event) -> str:
    """Return the pair of the session cookie. No other cookie is passed on."""
    cookies = event.get("cookies")
    pairs = cookies if isinstance(cookies, list) else []
    return next((str(pair) for pair in pairs if str(pair).startswith("__Host-Http-session=")), "")
