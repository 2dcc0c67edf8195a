"""API Gateway's Lambda authorizer: verifies access tokens with the public keys in its environment.

Only a token under a key that is not among them makes it ask the issuer for newer ones.

Serves all three shapes: TOKEN and REQUEST of REST and WebSocket APIs (payload 1.0), REQUEST 2.0 of HTTP APIs.
An invalid token is a Deny, which REST APIs turn into a 401; an exception means that nothing could be decided.
"""

import logging
import os
import re
import time

from edge_auth.errors import InvalidToken
from edge_auth.issuer_keys import IssuerKeys, download
from edge_auth.settings import AuthorizerSettings, read_settings
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.issuer import issuer_from_context, issuer_from_method_arn
from edge_auth.tokens.verifier import Verifier, keys_from_jwks

BEARER = re.compile(r"bearer +([^ ]+)", re.IGNORECASE | re.ASCII)  # RFC 9110 §11.1, RFC 6750 §2.1
METHOD_ARN = re.compile(r"(arn:[a-z-]+:execute-api:[a-z0-9-]*:[0-9]*:[A-Za-z0-9]+/[^/]+)/.*", re.DOTALL)

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
    try:
        claims = authenticate(event if isinstance(event, dict) else {})
    except InvalidToken as error:
        logger.info("access denied", extra={"check": error.detail})
        claims = None
    if isinstance(event, dict) and event.get("version") == "2.0":
        return {"isAuthorized": claims is not None, "context": passed_on(claims)}
    return policy(claims, event.get("methodArn") if isinstance(event, dict) else None)


def authenticate(event: dict[str, object]) -> AccessClaims:
    """Return the claims of the event's access token. Raises InvalidToken."""
    if not deployed.has_keys:
        raise RuntimeError("no keys to verify with")
    token = bearer_token(event)
    issuer = settings.issuer or issuer_of(event)
    return keys.verify(token, issuer=issuer, may_ask=lambda: may_ask(issuer, event), now_seconds=int(time.time()))


def bearer_token(event: dict[str, object]) -> str:
    """Return the one bearer token that the event carries (RFC 6750 §2: not more than one). Raises InvalidToken."""
    values = [event.get("authorizationToken")] if event.get("type") == "TOKEN" else authorization_headers(event)
    if len(values) != 1 or not isinstance(values[0], str):
        raise InvalidToken("not one Authorization header")
    credentials = BEARER.fullmatch(values[0])
    if credentials is None:
        raise InvalidToken("scheme")
    return credentials[1]


def authorization_headers(event: dict[str, object]) -> list[object]:
    """Return the values of all Authorization headers, whatever the case of their names (RFC 9110 §5.1)."""
    single, multiple = event.get("headers"), event.get("multiValueHeaders")
    if isinstance(multiple, dict) and multiple:  # REST APIs; `headers` then holds only the last value of each name
        lists = [values for name, values in multiple.items() if str(name).lower() == "authorization"]
        return [value for values in lists if isinstance(values, list) for value in values]
    if isinstance(single, dict):
        return [value for name, value in single.items() if str(name).lower() == "authorization"]
    return []


def issuer_of(event: dict[str, object]) -> str:
    """Derive the issuer from the event. Raises ValueError."""
    context = event.get("requestContext")
    if isinstance(context, dict):
        return issuer_from_context(context)
    return issuer_from_method_arn(str(event.get("methodArn", "")))


def may_ask(issuer: str, event: dict[str, object]) -> bool:
    """Whether keys may be fetched from an issuer: from the one that was set, or from the API itself.

    The domain in an event may be the client's choice (a wildcard custom domain) and somebody else's server; the ARN
    is API Gateway's own.
    """
    arn = event.get("methodArn", event.get("routeArn"))
    try:
        return bool(settings.issuer) or issuer == issuer_from_method_arn(str(arn))
    except ValueError:
        return False


def passed_on(claims: AccessClaims | None) -> dict[str, str | int]:
    """Return what the functions behind the authorizer learn of the caller: strings and numbers only."""
    if claims is None:
        return {}
    return {
        "sub": claims.sub,
        "sid": claims.sid,
        "scope": claims.scope,
        "roles": " ".join(claims.roles),
        "client_id": claims.client_id,
        "jti": claims.jti,
        "exp": claims.exp,
    }


def policy(claims: AccessClaims | None, method_arn: object) -> dict[str, object]:
    """Return an IAM policy for the whole stage: a cached one answers for every method of it."""
    stage = METHOD_ARN.fullmatch(method_arn) if isinstance(method_arn, str) else None
    allow = claims is not None and stage is not None
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allow else "Deny",
        "Resource": f"{stage[1]}/*" if stage else "*",
    }
    return {
        "principalId": claims.sub if claims else "anonymous",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": passed_on(claims) if allow else {},
    }
