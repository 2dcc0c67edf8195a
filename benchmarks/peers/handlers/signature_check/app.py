"""Checks only the signature of an ES256 token. It is not an authorizer: every authorizer needs at least this time."""

import json
import os
from base64 import urlsafe_b64decode
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

JWK = json.loads(os.environ["JWK"])


def number(text: str) -> int:
    """Return a coordinate as a number."""
    return int.from_bytes(urlsafe_b64decode(text + "=="))


KEY = EllipticCurvePublicNumbers(number(JWK["x"]), number(JWK["y"]), SECP256R1()).public_key()
ALGORITHM = ECDSA(SHA256())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a policy. Raises InvalidSignature."""
    signed, _, segment = event["authorizationToken"].removeprefix("Bearer ").rpartition(".")
    signature = urlsafe_b64decode(segment + "==")
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    KEY.verify(der, signed.encode(), ALGORITHM)
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "anonymous", "policyDocument": document, "context": {}}
