"""An issuer of the test's own, which answers for its keys as the test says."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

from edge_auth.keys import signing_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims
from local.settings import AUDIENCE
from tests.support.loopback import on_loopback

LIFETIME_SECONDS = 900


class Reply(NamedTuple):
    """The answer to a request for the keys: status and body. None is a connection that closes without an answer."""

    status: int | None
    body: str


BROKEN = {
    "no answer": Reply(None, ""),
    "an outage": Reply(503, '{"message": "Service Unavailable"}'),
    "too many requests": Reply(429, '{"message": "Too Many Requests"}'),
    "a page of a proxy": Reply(200, "<html>Please wait</html>"),
}


@dataclass
class Issuer:
    """Signs tokens with one key, and gives its `reply` to whoever asks for the keys."""

    url: str
    key: SigningKey = field(default_factory=lambda: SigningKey("ES256", signing_key.generate("ES256")))

    def __post_init__(self) -> None:
        """Answer with the key at first."""
        self.reply = self.keys

    @property
    def keys(self) -> Reply:
        """Return the answer with the key, as the route of edge-auth has it."""
        return Reply(200, json.dumps({"keys": [self.key.public_jwk()]}))

    def token(self, *, age_seconds: int = 0) -> str:
        """Sign a token of this age that may read notes. A negative age is one of the future."""
        issued_at = int(time.time()) - age_seconds
        claims = AccessClaims(
            iss=self.url,
            aud=AUDIENCE,
            sub="ada",
            client_id="web",
            iat=issued_at,
            exp=issued_at + LIFETIME_SECONDS,
            jti="a-token",
            sid="a-session",
            auth_time=issued_at,
            scope="notes:read",
        )
        return issue(claims, self.key)


@contextmanager
def listening() -> Iterator[Issuer]:
    """Yield an issuer on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server requires
            status, body = issuer.reply if self.path == "/.well-known/jwks.json" else Reply(404, "")
            if status is None:
                return
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if body.startswith("<") else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

    with on_loopback(Handler) as port:
        issuer = Issuer(f"http://127.0.0.1:{port}")
        yield issuer
