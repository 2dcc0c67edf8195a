"""The public documents: the key set, and two discovery documents.

These follow RFC 8414 §2, and OpenID Connect Discovery 1.0 §3, which API Gateway's JWT authorizers read.
"""

import hashlib
import json
from collections.abc import Mapping

from edge_auth.keys.ring import KeysInForce
from edge_auth.keys.timing import JWKS_MAX_AGE_SECONDS
from edge_auth.web.response import Response

JWKS_PATH = "/.well-known/jwks.json"
CACHEABLE = {"Cache-Control": f"public, max-age={JWKS_MAX_AGE_SECONDS}"}

Document = Mapping[str, object]


def cacheable_response(document: Document, if_none_match: str) -> Response:
    """Answer with a document and its entity tag, or with 304 for the same copy (RFC 9110 §13.1.2, §15.4.5)."""
    text = json.dumps(document, separators=(",", ":"))  # as it is sent
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {**CACHEABLE, "ETag": tag}
    known = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    if known & {tag, "*"}:
        return Response(304, None, headers)
    return Response(200, document, headers)


def authorization_server_metadata(issuer: str) -> Document:
    """Return the authorization server's metadata."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}{JWKS_PATH}",
        "token_endpoint": f"{issuer}/auth/refresh",
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["refresh_token"],
        # Required, and never an empty list. There is no authorization endpoint, so no response type is supported.
        "response_types_supported": ["none"],
        "revocation_endpoint": f"{issuer}/auth/logout",
        "revocation_endpoint_auth_methods_supported": ["none"],
    }


def openid_configuration(issuer: str, keys: KeysInForce) -> Document:
    """Return the metadata in an OpenID provider's form: verifiers look here for the keys. No ID token is issued."""
    return {
        **authorization_server_metadata(issuer),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted({timed.key.alg for timed in keys.verifying}),
    }
