"""The cookies of a browser: its refresh token or session token, and its device token.

No script can read them (RFC 6265 §4.1.2.6).

By the prefix `__Host-` a cookie is of this host alone, and comes over HTTPS alone. By `__Host-Http-` a browser also
lets no script set it; one that does not know this prefix treats it like the shorter one.
"""

from edge_auth.errors import InvalidRequest
from edge_auth.tokens.session_token import SESSION_COOKIE
from edge_auth.web.request import Headers

REFRESH_COOKIE = "__Host-Http-refresh"
DEVICE_COOKIE = "__Host-Http-device"
# A device token ends with the password or its key, which a browser cannot know. No browser keeps a cookie for longer.
DEVICE_COOKIE_SECONDS = 400 * 86_400

# Strict: no other site makes a browser send it. The page itself asks by `fetch`, so links to the page need no cookie.
# A page that a server makes needs its cookie when a link opens it. Lax sends it then, and with no POST of another site.
_LAX = frozenset({SESSION_COOKIE})


def cookies(name: str, headers: Headers) -> list[str]:
    """Return the values of all cookies of this name, from all `Cookie` headers (RFC 6265 §5.4)."""
    pairs = (pair.strip(" \t").partition("=") for value in headers.all("cookie") for pair in value.split(";"))
    return [value for found, equals, value in pairs if found == name and equals]


def one_cookie(name: str, headers: Headers) -> str:
    """Return the value of a cookie, empty if there is none.

    Raises:
        InvalidRequest: there are several. No browser sends two of a `__Host-` name.

    """
    values = cookies(name, headers)
    if len(values) > 1:
        raise InvalidRequest(f"{len(values)} cookies of one name")
    return values[0] if values else ""


def kept(name: str, value: str, *, max_age_seconds: int) -> str:
    """Return the header value that makes a browser keep a cookie."""
    same_site = "Lax" if name in _LAX else "Strict"
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={max_age_seconds}"


def removed(name: str) -> str:
    """Return the header value that makes a browser forget a cookie: the attributes are those that it was set with."""
    return kept(name, "", max_age_seconds=0)


def device_cookies(token: str) -> tuple[str, ...]:
    """Return the header value that makes a browser keep a device token, if a login has one."""
    return (kept(DEVICE_COOKIE, token, max_age_seconds=DEVICE_COOKIE_SECONDS),) if token else ()
