"""GET /.well-known/…: the public keys and the discovery documents."""

import os

from edge_auth.adapters.aws import secrets_client
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.clock import now_ms
from edge_auth.errors import NotFound
from edge_auth.observability import FunctionLog
from edge_auth.settings import JwksSettings
from edge_auth.tokens.issuer import issuer_from_context
from edge_auth.web.discovery import (
    JWKS_PATH,
    authorization_server_response,
    jwks_response,
    openid_configuration_response,
)
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response

settings = JwksSettings.from_env(os.environ)
log = FunctionLog("jwks")
key_ring = SecretKeyRing(secrets_client(), secret_id=settings.key_ring_secret, clock=now_ms)


def get(request: Request) -> Response:
    """Answer with the document of this route."""
    match request.path:
        case path if path == JWKS_PATH:
            return jwks_response(key_ring.load())
        case "/.well-known/openid-configuration":
            issuer = settings.issuer or issuer_from_context(request.context)
            return openid_configuration_response(issuer, key_ring.load())
        case "/.well-known/oauth-authorization-server":
            issuer = settings.issuer or issuer_from_context(request.context)
            return authorization_server_response(issuer)
        case _:
            raise NotFound


handler = endpoint({"GET": get}, log)
