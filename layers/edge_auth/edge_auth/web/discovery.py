"""The public documents: the key set, and two discovery documents.

These follow RFC 8414 §2, and OpenID Connect Discovery 1.0 §3, which API Gateway's JWT authorizers read.
"""

from edge_auth.keys.ring import KeysInForce
from edge_auth.web.cacheable import Document

JWKS_PATH = "/.well-known/jwks.json"


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
