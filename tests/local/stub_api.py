"""A stand-in for the deployed API. It keeps the promises that the demo walk checks, and can break each of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from math import inf
from typing import Any, Protocol

from edge_auth import base64url
from edge_auth.errors import InvalidToken
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import Verifier, keys_from_jwks
from local.tokens import claims_of
from tests.support.loopback import on_loopback

ISSUER = "http://127.0.0.1/stub"
AUDIENCE = "https://api.example.com"
NOW_SECONDS = 1_800_000_000
GRACE_SECONDS = 2.0
REVOCATION_SECONDS = 2.0

Reply = tuple[int, dict[str, object], dict[str, str]]


class Answering(Protocol):
    """What answers requests."""

    def answer(self, path: str, body: dict[str, Any], authorization: str | None) -> Reply:
        """Answer one request with status, body and headers."""


@dataclass
class StubSession:
    """One session: its newest generation, the one that it was issued for, its last rotation, and whether it lives.

    Without a logout it has no end.
    """

    generation: int = 0
    base: int = -1
    rotated_at: float = -1000.0
    alive: bool = True
    ended_at: float = inf


@dataclass
class StubApi:
    """Keeps every promise except the one named in `broken`. Only the test moves `clock` (seconds)."""

    key: SigningKey
    password: str
    broken: str = ""
    clock: float = 0.0
    sessions: list[StubSession] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, str], authorization: str | None) -> Reply:
        """Answer one request with status, body and headers."""
        if path == "/me":
            return self._me(authorization)
        if path == "/auth/login":
            if self.broken == "login" or body["password"] != self.password:
                return 401, {"error": "invalid_credentials"}, {}
            self.sessions.append(StubSession())
            return self._tokens(len(self.sessions) - 1)
        return self._logout(body["refresh_token"]) if path == "/auth/logout" else self._refresh(body["refresh_token"])

    def _me(self, authorization: str | None) -> Reply:
        if authorization is None:
            challenge = 'Bearer error="invalid_token"' if self.broken == "missing token" else "Bearer"
            return 401, {"error": "invalid_token"}, {"WWW-Authenticate": challenge}
        token = authorization.removeprefix("Bearer ")
        now = claims_of(token).iat if self.broken == "expired token" else NOW_SECONDS
        verifier = Verifier(keys_from_jwks(json.dumps({"keys": [self.key.public_jwk()]})), audience=AUDIENCE)
        refused: Reply = 401, {"error": "invalid_token"}, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        try:
            claims = verifier.verify(token, issuer=ISSUER, now_seconds=now)
        except InvalidToken:
            is_broken = self.broken == "forged token" and "somebody-else" in _payload(token)
            return (200, {}, {}) if is_broken else refused
        is_known = self.clock - self.sessions[int(claims.sid)].ended_at >= REVOCATION_SECONDS
        return refused if is_known and self.broken != "revocation" else (200, {}, {})

    def _refresh(self, token: str) -> Reply:
        session_number, generation, known = token.split("-")[1:]
        session = self.sessions[int(session_number)]
        is_late = self.clock - session.rotated_at > GRACE_SECONDS
        if known != "Z" or not session.alive:
            return self._dead("logged out" if known == "Z" else "")
        if int(generation) == session.generation:
            session.base = session.generation
            session.generation, session.rotated_at = session.generation + 1, self.clock
        elif is_late and int(generation) == session.base and self.broken != "lost answer":
            session.generation, session.rotated_at = session.generation + 1, self.clock
        elif is_late and self.broken != "replay":
            session.alive = self.broken == "honest token"
            return self._dead("reused")
        elif self.broken == "grace":
            session.generation += 1
        return self._tokens(int(session_number))

    def _logout(self, token: str) -> Reply:
        session = self.sessions[int(token.split("-")[1])]
        session.alive, session.ended_at = self.broken == "logout", self.clock
        return 204, {}, {}

    def _dead(self, why: str) -> Reply:
        told = {"why": why} if self.broken == "same bytes" else {}
        return 400, {"error": "invalid_grant", **told}, {}

    def _tokens(self, session_number: int) -> Reply:
        generation = self.sessions[session_number].generation
        claims = AccessClaims(
            iss=ISSUER,
            aud=AUDIENCE,
            sub="ada",
            client_id="first-party",
            iat=NOW_SECONDS,
            exp=NOW_SECONDS + 900,
            jti=f"{session_number}-{generation}",
            sid=str(session_number),
            auth_time=NOW_SECONDS,
        )
        access = issue(claims, self.key)
        refresh = f"stub_rt-{session_number}-{generation}-Z"
        return 200, {"access_token": access, "expires_in": 900, "refresh_token": refresh}, {}


def _payload(token: str) -> str:
    return base64url.decode(token.split(".")[1]).decode()


@contextmanager
def serving(api: Answering) -> Iterator[str]:
    """Serve the stub on a free port of this machine, and yield its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

        def _reply(self, body: dict[str, str]) -> None:
            status, answer, headers = api.answer(self.path, body, self.headers.get("Authorization"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            content = b"" if status == 204 else json.dumps(answer).encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with on_loopback(Handler) as port:
        yield f"http://127.0.0.1:{port}"
