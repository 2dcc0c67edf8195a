"""The claims of an access token (RFC 9068 §2.2): their names and their shapes."""

import re
from typing import NamedTuple

__all__ = ["AccessClaims"]

# How strong a login was, as the claim `acr` says it (RFC 9068 §2.2.1).
ONE_FACTOR = "1fa"
TWO_FACTORS = "2fa"
PHISHING_RESISTANT = "phr"  # OpenID Connect EAP ACR Values 1.0
LEVELS = (ONE_FACTOR, TWO_FACTORS, PHISHING_RESISTANT)  # the weakest first

# sub, sid and jti go into policies, log lines and table keys. No character here has a meaning there.
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
# RFC 6749 §3.3: scope tokens, one space between them.
SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*")
ROLE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
LEVEL = re.compile(f"({'|'.join(LEVELS)})")
AUTHENTICATION_METHOD = re.compile(r"[a-z0-9_]{1,16}")  # RFC 8176 §2


class AccessClaims(NamedTuple):
    """The claims of a token. Times are whole seconds since 1970. An empty optional claim is not in the token."""

    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    exp: int
    jti: str
    sid: str
    auth_time: int
    scope: str = ""
    roles: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    acr: str = ""

    def payload(self) -> dict[str, str | int | list[str]]:
        """Return the JWT payload, in a fixed order."""
        payload: dict[str, str | int | list[str]] = {
            "iss": self.iss,
            "aud": self.aud,
            "sub": self.sub,
            "client_id": self.client_id,
            "iat": self.iat,
            "exp": self.exp,
            "jti": self.jti,
            "sid": self.sid,
            "auth_time": self.auth_time,
        }
        if self.scope:
            payload["scope"] = self.scope
        if self.roles:
            payload["roles"] = list(self.roles)
        if self.amr:
            payload["amr"] = list(self.amr)
        if self.acr:
            payload["acr"] = self.acr
        return payload
