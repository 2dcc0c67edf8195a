"""CORS: the pages of which other origins may read an answer (the Fetch standard, §3.3).

An origin is compared byte for byte with the allowed ones, and is never parsed. An answer depends on the origin of its
request, so each one says `Vary: Origin`, also one that no page may read.
"""

from edge_auth.web.request import Headers

# What a page may read beside the status, the body and a few harmless headers. API Gateway renames the challenge of a
# function behind a REST API.
EXPOSED_HEADERS = "WWW-Authenticate, x-amzn-Remapped-WWW-Authenticate, Retry-After"
METHODS = "GET, POST, DELETE"
METHODS_OF_PASSKEYS = "GET, POST, PATCH, DELETE"
PASSKEYS = "auth/passkeys"
# `*` does not stand for Authorization.
REQUEST_HEADERS = "authorization, content-type, x-edge-auth"
# Paths of the API: those whose functions read or set a cookie of the client.
WITH_COOKIES = frozenset(
    {"auth/login", "auth/refresh", "auth/logout", "auth/passkeys/sign-in", "auth/password/reset", "auth/step-up"}
)
MAX_AGE_SECONDS = 7200  # the longest time for which Chromium remembers an answer


class Cors:
    """The allowed origins of a deployment."""

    def __init__(self, allowed_origins: str) -> None:
        """Allow the origins of the setting, with commas between."""
        self._allowed = frozenset(filter(None, allowed_origins.split(",")))

    def answer_headers(self, headers: Headers, *, with_cookies: bool = False) -> dict[str, str]:
        """Return what the answer to a request with these headers says to the browser.

        Only on a route `with_cookies` may a page send cookies and read the answer.
        """
        origins = headers.all("origin")
        if len(origins) != 1 or origins[0] not in self._allowed:
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origins[0],
            "Access-Control-Expose-Headers": EXPOSED_HEADERS,
            **({"Access-Control-Allow-Credentials": "true"} if with_cookies else {}),
        }

    def preflight_headers(self, headers: Headers, path: str) -> dict[str, str]:
        """Return what the answer to a preflight request says: which requests the page may send to this path."""
        shared = self.answer_headers(headers, with_cookies=path in WITH_COOKIES)
        if "Access-Control-Allow-Origin" not in shared:
            return shared
        return {
            **shared,
            "Access-Control-Allow-Methods": METHODS_OF_PASSKEYS if path.startswith(PASSKEYS) else METHODS,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
        }
