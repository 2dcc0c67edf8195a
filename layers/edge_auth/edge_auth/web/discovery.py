"""The public documents: key set and discovery (RFC 8414 §2; OpenID Connect Discovery 1.0 §3 for API Gateway's sake)."""

from edge_auth.tokens.keyring import KeyRing
from edge_auth.web.response import Response

# A next key is published at least two hours before it signs, so minutes of caching are safe.
CACHEABLE = {"Cache-Control": "public, max-age=300"}

JWKS_PATH = "/.well-known/jwks.json"


def jwks_response(ring: KeyRing) -> Response:
    """Answer with the JWK Set (RFC 7517 §5)."""
    return Response(200, ring.jwks(), CACHEABLE)


def authorization_server_response(issuer: str) -> Response:
    """Answer with the authorization server's metadata."""
    return Response(200, _metadata(issuer), CACHEABLE)


def openid_configuration_response(issuer: str, ring: KeyRing) -> Response:
    """Answer with the same as an OpenID provider would: verifiers look here for the keys. No ID tokens are issued."""
    algorithms = sorted({key.alg for key in (ring.signing, ring.next, *ring.retired)})
    extra = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": algorithms}
    return Response(200, _metadata(issuer) | extra, CACHEABLE)


def _metadata(issuer: str) -> dict[str, str | list[str]]:
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}{JWKS_PATH}",
        "token_endpoint": f"{issuer}/auth/refresh",
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["refresh_token"],
        # Required, and never empty: there is no authorization endpoint that would answer with anything.
        "response_types_supported": ["none"],
        "revocation_endpoint": f"{issuer}/auth/logout",
        "revocation_endpoint_auth_methods_supported": ["none"],
    }
