"""A stand-in for the deployed routes of an account. It keeps the promises of the demo, and can break each of them."""

import time
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Any

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from tests.local.stub_api import Reply

SECRET = b"s" * 20
PROOF = "edgeauth_pt_" + "p" * 132
CODES = ["AAAAA-AAAAA", "BBBBB-BBBBB"]


@dataclass
class StubAccount:
    """Keeps every promise except the one named in `broken`."""

    broken: str = ""
    password: str = ""
    mails: list[dict[str, object]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    has_app: bool = False

    def answer(self, path: str, body: dict[str, Any], authorization: str | None) -> Reply:
        """Answer one request with status, body and headers."""
        match path:
            case "/auth/password/reset":
                return self._ask()
            case "/auth/password/reset/confirm":
                return self._reset(body)
            case "/auth/factors/totp":
                assert authorization == "Bearer access"
                return 200, {"secret": b32encode(SECRET).decode(), "enrolment": "e"}, {}
            case "/auth/factors/totp/confirm":
                return self._confirm(body)
        return self._login(body)

    def _ask(self) -> Reply:
        if self.broken != "no mail":
            link = "" if self.broken == "no link" else f"https://app.example.com/reset-password#{PROOF}"
            text = f"Set a new password:\n\n{link}\n\n01234567"
            self.mails = [{"to": "ada@mail.example", "subject": "Reset", "text": text, "at": 1}]
        return (500 if self.broken == "ask" else 202), {}, {}

    def _reset(self, body: dict[str, Any]) -> Reply:
        if self.broken == "reset" or (body["proof"] in self.used and self.broken != "link twice"):
            return 400, {"error": "invalid_proof"}, {}
        self.used.add(body["proof"])
        self.password = body["new_password"]
        return 204, {}, {}

    def _confirm(self, body: dict[str, Any]) -> Reply:
        assert body == {"enrolment": "e", "otp": _code(0)}
        self.has_app = True
        return 200, {"recovery_codes": [] if self.broken == "no codes" else CODES}, {}

    def _login(self, body: dict[str, Any]) -> Reply:
        shown = {"otp": _code(1), "recovery_code": CODES[0]}
        given = {name: body[name] for name in shown.keys() & body.keys()}
        opened: Reply = 200, {"access_token": "access", "expires_in": 900, "refresh_token": "r"}, {}
        if body["password"] != self.password or (self.broken == "login" and not self.has_app):
            return 401, {"error": "invalid_credentials"}, {}
        if not self.has_app or (not given and self.broken == "no factor"):
            return opened
        if not given:
            return 401, {"error": "mfa_required"}, {}
        [(name, value)] = given.items()
        is_used = value in self.used and self.broken != "code twice"
        if value != shown[name] or is_used or self.broken == name:
            return 401, {"error": "invalid_otp"}, {}
        self.used.add(value)
        return opened


def _code(later: int) -> str:
    return code_of(SECRET, int(time.time()) // STEP_SECONDS + later)
