"""API Gateway's events for a Lambda authorizer, in three shapes, and the answers that it expects.

The shapes: TOKEN and REQUEST of REST and WebSocket APIs (payload 1.0), REQUEST 2.0 of HTTP APIs.
"""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Protocol

from edge_auth.authorizer.event_headers import Event, header_values
from edge_auth.errors import AuthError, CsrfFailed, InsufficientAuthentication, InvalidToken
from edge_auth.request_ids import gateway_request_ids
from edge_auth.tokens.issuer_address import issuer_from_context, issuer_from_method_arn

__all__ = ["bearer_token"]

_BEARER = re.compile(r"bearer +([^ ]+)", re.IGNORECASE | re.ASCII)  # RFC 9110 §11.1, RFC 6750 §2.1
# RFC 6455 §1.9: what a browser's `new WebSocket(url, ["bearer", token])` sends.
_BEARER_PROTOCOL = re.compile(r"bearer, ?([^ ,]+)")
# A stage is letters, digits, - and _, or $default. Any other character could make the policy wider than the stage.
_METHOD_ARN = re.compile(
    r"(arn:[a-z-]+:execute-api:[a-z0-9-]*:[0-9]*:[A-Za-z0-9]+/[A-Za-z0-9_$-]{1,128})/.*", re.DOTALL
)

logger = logging.getLogger(__name__)


class Caller(Protocol):
    """What an answer passes on to the functions behind the authorizer. The claims of an access token have all of it."""

    @property
    def sub(self) -> str:
        """The user."""

    @property
    def sid(self) -> str:
        """The session."""

    @property
    def scope(self) -> str:
        """The scope, with spaces between its words."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles."""

    @property
    def client_id(self) -> str:
        """The client."""

    @property
    def jti(self) -> str:
        """The id of the credential."""

    @property
    def exp(self) -> int:
        """When the credential expires, in seconds since 1970."""

    @property
    def acr(self) -> str:
        """How strong the login was, or empty."""

    @property
    def amr(self) -> tuple[str, ...]:
        """How the user logged in."""

    @property
    def auth_time(self) -> int:
        """When the user logged in, in seconds since 1970."""


def bearer_token(event: Event) -> str:
    """Return the one bearer token that the event carries (RFC 6750 §2: not more than one). Raises InvalidToken.

    A browser cannot send `Authorization` with a WebSocket. So a connection may name the token as a subprotocol instead.
    """
    found = _credentials(event)
    pattern, value = found[0] if len(found) == 1 else (_BEARER, None)
    if not isinstance(value, str):
        raise InvalidToken("not one Authorization header")
    credentials = pattern.fullmatch(value)
    if credentials is None:
        raise InvalidToken("scheme")
    return credentials[1]


def _credentials(event: Event) -> list[tuple[re.Pattern[str], object]]:
    """Return every value that may hold a token, each with its form."""
    if event.get("type") == "TOKEN":
        return [(_BEARER, event.get("authorizationToken"))]
    found = [(_BEARER, value) for value in header_values(event, "authorization")]
    if _is_connection(event):
        protocols = header_values(event, "sec-websocket-protocol")
        found += [(_BEARER_PROTOCOL, value) for value in protocols if "bearer" in str(value).lower()]
    return found


def _is_connection(event: Event) -> bool:
    """Whether a WebSocket is about to open. API Gateway writes the request context, and a client cannot."""
    context = event.get("requestContext")
    return isinstance(context, dict) and (context.get("eventType"), context.get("routeKey")) == ("CONNECT", "$connect")


def issuer_of(event: Event) -> str:
    """Derive the issuer from the event. Raises ValueError if the event names none."""
    context = event.get("requestContext")
    if isinstance(context, dict):
        return issuer_from_context(context)
    return issuer_from_method_arn(str(event.get("methodArn", "")))


def is_the_apis_own(issuer: str, event: Event) -> bool:
    """Whether an issuer is the address of the API that asks.

    With a wildcard custom domain, the client chooses the domain in the event. It may name another party's server. The
    ARN comes from API Gateway only.
    """
    arn = event.get("methodArn", event.get("routeArn"))
    try:
        return issuer == issuer_from_method_arn(str(arn))
    except ValueError:
        return False


def answered(event: object, authenticate: Callable[[Event], Caller]) -> dict[str, object]:
    """Return the answer to an event. If `authenticate` refuses the request, the answer denies, and the log says why.

    It refuses with InvalidToken, InsufficientAuthentication or CsrfFailed.

    Raises:
        Exception: any other that `authenticate` raises. Then nothing could be decided.

    """
    request = event if isinstance(event, dict) else {}
    try:
        caller = authenticate(request)
    except (InvalidToken, InsufficientAuthentication, CsrfFailed) as error:
        logger.info("access denied", extra={"check": error.detail, **gateway_request_ids(request)})
        return _answer(request, None, _challenge(error))
    return _answer(request, caller, _passed_on(caller))


def _answer(event: Event, caller: Caller | None, context: Mapping[str, str | int]) -> dict[str, object]:
    """Return the answer that allows the request. Without a caller, it denies the request."""
    if event.get("version") == "2.0":
        return {"isAuthorized": caller is not None, "context": context}
    return _policy(caller, event.get("methodArn"), context)


def _challenge(error: AuthError) -> dict[str, str | int]:
    """Return the context of a denial. A gateway response of a REST API can write it into its answer (RFC 9110 §11.6.1).

    A request from another page is answered like one without a session.
    """
    named = error if "WWW-Authenticate" in error.headers else InvalidToken()
    return {"error": named.code, "challenge": named.headers["WWW-Authenticate"]}


def _passed_on(caller: Caller) -> dict[str, str | int]:
    """Return the context for the functions behind the authorizer: strings and numbers only."""
    return {
        "sub": caller.sub,
        "sid": caller.sid,
        "scope": caller.scope,
        "roles": " ".join(caller.roles),
        "client_id": caller.client_id,
        "jti": caller.jti,
        "exp": caller.exp,
        "acr": caller.acr,
        "amr": " ".join(caller.amr),
        "auth_time": caller.auth_time,
    }


def _policy(caller: Caller | None, method_arn: object, context: Mapping[str, str | int]) -> dict[str, object]:
    """Return an IAM policy for the whole stage, because API Gateway uses a cached one for every method of it."""
    stage = _METHOD_ARN.fullmatch(method_arn) if isinstance(method_arn, str) else None
    allow = caller is not None and stage is not None
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allow else "Deny",
        "Resource": f"{stage[1]}/*" if stage else "*",
    }
    return {
        "principalId": caller.sub if caller else "anonymous",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context if allow or caller is None else _challenge(InvalidToken()),
    }
