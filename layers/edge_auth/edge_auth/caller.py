"""The caller of your own function, as the authorizer in front of it passed it on. A client cannot set any of it.

Your function loads nothing else with it: it needs the standard library only. You may also copy this one file.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = [
    "Caller",
    "CallerRefused",
    "InsufficientAuthentication",
    "InsufficientScope",
    "NoCaller",
    "caller",
    "requires",
]

# How strong a login was (`acr`), the weakest first. These and the seconds are those of our authorizers.
_LEVELS = ("1fa", "2fa", "phr")
_LATE_SECONDS = 5  # clocks differ
_EARLY_SECONDS = 30

# RFC 6749 §3.3: scope tokens, one space between them. None of them ends the quoted text of a challenge.
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*")
_SECONDS = re.compile(r"[0-9]{1,16}")


class Caller(NamedTuple):
    """The user and the session of a valid access token. `token_id` is `jti`. Times are in seconds since 1970.

    `acr` says how strong the login was: `1fa`, `2fa` or `phr`. It is empty if the token does not say it. `amr` says how
    the user logged in, and `auth_time_seconds` when. It is 0 if nobody has passed it on.

    `claims` are the operators' own claims of the user, by their names, which have a colon. API Gateway passes on texts
    only: a number has its digits, a flag is `true` or `false`, and a list has a space between its words.
    """

    user_id: str
    session_id: str
    client_id: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    token_id: str
    expires_at_seconds: int
    acr: str = ""
    amr: tuple[str, ...] = ()
    auth_time_seconds: int = 0
    claims: Mapping[str, str] = MappingProxyType({})


class CallerRefused(Exception):
    """Base of all errors. `status`, `code`, `description` and `headers` are for the client, the text for the log."""

    status: int
    code: str
    description: str
    headers: Mapping[str, str]

    def response(self) -> dict[str, object]:
        """Return the answer for API Gateway, a function URL or a load balancer."""
        body = json.dumps({"error": self.code, "error_description": self.description})
        headers = {"Cache-Control": "no-store", "Content-Type": "application/json", **self.headers}
        return {"statusCode": self.status, "headers": headers, "body": body}


class NoCaller(CallerRefused):
    """The event names no caller: the route has no authorizer, or one that is not ours. RFC 6750 §3.1."""

    status = 401
    code = "invalid_token"
    description = "The access token is missing or not valid."
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class InsufficientScope(CallerRefused):
    """The caller lacks a scope or a role that the route requires: RFC 6750 §3.1."""

    status = 403
    code = "insufficient_scope"
    description = "The access token does not allow this."

    def __init__(self, detail: str, *, scope: str) -> None:
        """Name the required scope in the challenge. Without one, a role is missing, which clients cannot ask for."""
        super().__init__(detail)
        named = f', scope="{scope}"' if scope else ""
        self.headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope"{named}'}


class InsufficientAuthentication(CallerRefused):
    """The login of the caller is too weak or too old for the route: RFC 9470 §3. A new login helps."""

    status = 401
    code = "insufficient_user_authentication"
    description = "The route needs a stronger or a newer login."

    def __init__(self, detail: str, *, acr: str, max_age_seconds: int) -> None:
        """Name in the challenge what the route demands. An empty `acr` or a `max_age_seconds` of 0 demands nothing."""
        super().__init__(detail)
        level = f', acr_values="{acr}"' if acr else ""
        age = f', max_age="{max_age_seconds}"' if max_age_seconds else ""
        self.headers = {"WWW-Authenticate": f'Bearer error="{self.code}"{level}{age}'}


def caller(event: object) -> Caller:
    """Return the caller that an event of API Gateway or AppSync names.

    The events: of REST APIs, HTTP APIs and WebSocket APIs behind our authorizers or API Gateway's own JWT authorizers,
    and of AppSync behind a Lambda authorizer that passes on what ours do.

    Raises:
        NoCaller: the event names none.

    """
    members = event if isinstance(event, dict) else {}
    if ("requestContext" in members) == ("identity" in members):
        raise NoCaller("not one authorizer's event")
    if "identity" in members:
        return _read(_member(members["identity"], "resolverContext"))
    passed_on = _member(members["requestContext"], "authorizer")
    if "lambda" in passed_on:  # HTTP APIs, payload format 2.0
        return _read(_member(passed_on, "lambda"))
    if "jwt" in passed_on:  # JWT authorizers of HTTP APIs
        return _read(_member(passed_on["jwt"], "claims"))
    if "claims" in passed_on:  # JWT authorizers of REST APIs
        return _read(_member(passed_on, "claims"))
    return _read(passed_on)


def requires(
    event: object,
    *,
    scope: str = "",
    roles: str = "",
    acr: str = "",
    max_age_seconds: int = 0,
    now_seconds: int = 0,
) -> Caller:
    """Return the caller, who has every one of these scopes and roles. Several have a space between them.

    The caller's login was as strong as `acr` or stronger. It was at most `max_age_seconds` ago; 0 is any age.
    `now_seconds` is the time since 1970, and a refresh is no login.

    Raises:
        NoCaller: the event names no caller.
        InsufficientScope: the caller lacks a scope or a role.
        InsufficientAuthentication: the login was weaker, or longer ago.
        ValueError: nothing is required; `scope` is malformed (RFC 6749 §3.3); `acr` is no level; or an age is required
            without the time. This is a mistake in your code.

    """
    if not (scope or roles.strip() or acr or max_age_seconds):
        raise ValueError("a scope, a role, a level or an age is required")
    if scope and not _SCOPE.fullmatch(scope):
        raise ValueError("a scope is one or more words, one space between them")
    if acr and acr not in _LEVELS:
        raise ValueError("a level is required: 1fa, 2fa or phr")
    if max_age_seconds < 0 or (max_age_seconds and not now_seconds):
        raise ValueError("an age is required with the time, in seconds")
    found = caller(event)
    missing = {*scope.split()} - {*found.scopes} | {*roles.split()} - {*found.roles}
    if missing:
        raise InsufficientScope(f"lacks {' '.join(sorted(missing))}", scope=scope)
    if acr and found.acr not in _LEVELS[_LEVELS.index(acr) :]:
        raise InsufficientAuthentication("too weak a login", acr=acr, max_age_seconds=max_age_seconds)
    oldest = max(1, now_seconds - max_age_seconds - _LATE_SECONDS)  # 0 is the time of no login
    newest = now_seconds + _EARLY_SECONDS
    if max_age_seconds and not oldest <= found.auth_time_seconds <= newest:
        raise InsufficientAuthentication("too old a login", acr=acr, max_age_seconds=max_age_seconds)
    return found


def _member(parent: object, name: str) -> Mapping[str, object]:
    member = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(member, dict):
        raise NoCaller(f"no {name}")
    return member


def _read(claims: Mapping[str, object]) -> Caller:
    return Caller(
        user_id=_text(claims, "sub"),
        session_id=_text(claims, "sid"),
        client_id=_text(claims, "client_id"),
        scopes=_scopes(claims.get("scope", "")),
        roles=_words(claims, "roles"),
        token_id=_text(claims, "jti"),
        expires_at_seconds=_seconds(claims, "exp"),
        acr=_text(claims, "acr") if claims.get("acr", "") != "" else "",
        amr=_words(claims, "amr"),
        auth_time_seconds=_seconds(claims, "auth_time") if "auth_time" in claims else 0,
        claims=MappingProxyType({name: _own(name, value) for name, value in claims.items() if ":" in name}),
    )


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise NoCaller(f"no {name}")
    return value


def _own(name: str, value: object) -> str:
    """Return an own claim as a text. The JWT authorizers of API Gateway write lists as they do for roles."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value).removeprefix("[").removesuffix("]")  # no claim of ours has a bracket
        case list() if all(isinstance(word, str) for word in value):
            return " ".join(value)
    raise NoCaller(f"{name} is neither a text nor a list of texts")


def _scopes(value: object) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise NoCaller("scope is no text")
    return tuple(value.split())


def _words(claims: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return the words of a text or a list. The JWT authorizers of HTTP APIs write a list as `[admin auditor]`."""
    match claims.get(name, ""):
        case str() as text:  # no word of ours has a bracket
            return tuple(text.removeprefix("[").removesuffix("]").split())
        case list() as words if all(isinstance(word, str) for word in words):
            return tuple(words)
    raise NoCaller(f"{name} is neither a text nor a list of texts")


def _seconds(claims: Mapping[str, object], name: str) -> int:
    """Return a time. Behind a REST API every number is a text."""
    value = claims.get(name)
    if not isinstance(value, int | str) or not _SECONDS.fullmatch(str(value)):
        raise NoCaller(f"no {name}")
    return int(value)
