"""GET and HEAD /.well-known/…: the public keys and the discovery documents."""

import os

from edge_auth.adapters.aws import secrets_client
from edge_auth.adapters.connections import prime
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.errors import NotFound
from edge_auth.keys.timing import JWKS_MAX_AGE_SECONDS
from edge_auth.observability import FunctionLog
from edge_auth.settings.jwks import JwksSettings
from edge_auth.settings.reading import read_settings
from edge_auth.tokens.issuer_address import issuer_from_context
from edge_auth.web.cacheable import Document, cacheable_response
from edge_auth.web.discovery import JWKS_PATH, authorization_server_metadata, openid_configuration
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

CACHE_CONTROL = f"public, max-age={JWKS_MAX_AGE_SECONDS}"

settings = read_settings(JwksSettings, os.environ)
log = FunctionLog("jwks")
secrets_manager = secrets_client()
prime(os.environ, secrets_manager)
key_ring = SecretKeyRing(secrets_manager, secret_id=settings.key_ring_secret, clock=now_ms)


def get(request: Request) -> Response:
    """Answer with the document of this route, or with 304 if the client has it already."""
    if_none_match = request.headers.one("if-none-match")
    return cacheable_response(document(request), if_none_match, cache_control=CACHE_CONTROL)


def document(request: Request) -> Document:
    """Return the document of this route. Raises NotFound."""
    match request.path:
        case path if path == JWKS_PATH:
            return key_ring.load().jwks()
        case "/.well-known/openid-configuration":
            return openid_configuration(settings.issuer or issuer_from_context(request.context), key_ring.load())
        case "/.well-known/oauth-authorization-server":
            return authorization_server_metadata(settings.issuer or issuer_from_context(request.context))
        case _:
            raise NotFound


handler = endpoint({"GET": get, "HEAD": get}, log, trusted_proxy=settings.trusted_proxy)
