"""Requests as a browser sends them, and the cookies of the answers."""

import json

from tests.support.people import PASSWORD
from tests.support.sample_events import Event, with_json
from tests.support.stack import Answer, Stack

APP = "https://app.example.com"
OTHER_APP = "http://localhost:5173"
REFRESH_COOKIE = "__Host-Http-refresh"
DEVICE_COOKIE = "__Host-Http-device"
SESSION_COOKIE = "__Host-Http-session"
ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"
LAX_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def with_header(event: Event, name: str, *values: str) -> Event:
    """Return the event with a header. Without values the header is absent."""
    for headers, value in ((event["headers"], values[-1:]), (event["multiValueHeaders"], values)):
        headers.pop(name, None)
        if value:
            headers[name] = value[-1] if headers is event["headers"] else list(value)
    return event


def from_page(event: Event, *cookies: str, origin: str = APP) -> Event:
    """Return the event as the client for browsers sends it from a page, with these cookies."""
    with_header(event, "Origin", origin)
    with_header(event, "Sec-Fetch-Site", "same-site")
    with_header(event, "X-Edge-Auth", "1")
    return with_header(event, "Cookie", *(["; ".join(cookies)] if cookies else []))


def page_login(*cookies: str, username: str = "ada", password: str = PASSWORD, transport: str = "cookie") -> Event:
    """Return the event of a login with cookies."""
    body = {"username": username, "password": password, "transport": transport}
    return from_page(with_json("login", body), *cookies)


def site_login(*cookies: str, password: str = PASSWORD) -> Event:
    """Return the event of a login at a site with a session cookie."""
    return page_login(*cookies, password=password, transport="session")


def page_refresh(*cookies: str, **body: object) -> Event:
    """Return the event of a refresh with cookies."""
    return from_page(with_json("refresh-json", body), *cookies)


def page_logout(*cookies: str, **body: object) -> Event:
    """Return the event of a logout with cookies."""
    return from_page(with_json("logout-json", body), *cookies)


def jar(answer: Answer) -> list[str]:
    """Return the cookies of an answer as a browser sends them back."""
    return [cookie.partition(";")[0] for cookie in answer.cookies]


def token_in(cookie: str) -> str:
    """Return the value of a cookie."""
    return cookie.partition("=")[2].partition(";")[0]


def for_browsers(stack: Stack) -> Stack:
    """Return the stack with two allowed origins."""
    return stack.with_parameters(AllowedOrigins=f"{APP},{OTHER_APP}")


def body_of(event: Event) -> dict[str, object]:
    """Return the JSON body of an event."""
    body: dict[str, object] = json.loads(event["body"])
    return body
