"""API Gateway's Lambda authorizer: verifies access tokens with the public keys in its environment.

It asks the issuer for newer keys only when a token names a key that it does not have. An invalid token is a Deny, which
the REST API answers with 401. An exception means that nothing could be decided.
"""

import logging
import os
import time

from edge_auth.authorizer.event import answer, bearer_token, is_the_apis_own, issuer_of
from edge_auth.authorizer.issuer_keys import IssuerKeys, download
from edge_auth.errors import InvalidToken
from edge_auth.request_ids import gateway_request_ids
from edge_auth.settings import AuthorizerSettings, read_settings
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import Verifier, keys_from_jwks

logger = logging.getLogger(__name__)
settings = read_settings(AuthorizerSettings, os.environ)
deployed = Verifier(keys_from_jwks(settings.jwks), audience=settings.audience)
keys = IssuerKeys(deployed, audience=settings.audience, download=download)


def handler(event: object, _context: object) -> dict[str, object]:
    """Answer whether the request carries a valid access token.

    Raises:
        RuntimeError: there are no keys to verify with.
        ValueError: no issuer is set, and the event names none.

    """
    request = event if isinstance(event, dict) else {}
    try:
        claims = authenticate(request)
    except InvalidToken as error:
        logger.info("access denied", extra={"check": error.detail, **gateway_request_ids(request)})
        return answer(request, None)
    return answer(request, claims)


def authenticate(event: dict[str, object]) -> AccessClaims:
    """Return the claims of the event's access token. Raises InvalidToken."""
    if not deployed.has_keys:
        raise RuntimeError("no keys to verify with")
    token = bearer_token(event)
    issuer = settings.issuer or issuer_of(event)
    # Keys come only from the issuer in the settings, or from the API itself.
    return keys.verify(
        token,
        issuer=issuer,
        may_ask=lambda: bool(settings.issuer) or is_the_apis_own(issuer, event),
        now_seconds=int(time.time()),
    )
