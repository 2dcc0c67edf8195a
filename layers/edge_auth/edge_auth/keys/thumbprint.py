"""The thumbprint of a JSON Web Key (RFC 7638): our `kid`."""

import hashlib
import json
from collections.abc import Mapping

from edge_auth import base64url

# RFC 7638 §3.2, RFC 8037 §2: the members that are hashed, by key type.
REQUIRED_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the SHA-256 thumbprint, base64url-encoded. Private members do not change it.

    Raises:
        KeyError: another key type, or a member that is missing.

    """
    members = {name: jwk[name] for name in REQUIRED_MEMBERS[jwk["kty"]]}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True).encode("ascii")
    return base64url.encode(hashlib.sha256(canonical).digest())
