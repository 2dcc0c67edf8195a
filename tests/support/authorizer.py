"""The authorizer for tests, newly loaded with its own keys, and events of every shape around a token."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any, Protocol

import pytest

from edge_auth.authorizer.issuer_keys import Download, IssuerKeys
from edge_auth.keys.signing_key import SigningKey
from tests.support import cold_start, sample_events
from tests.support.access_tokens import AUDIENCE, ISSUER, key

STAGE_WILDCARD = f"{sample_events.STAGE_ARN}/*"
DERIVED_ISSUER = sample_events.ISSUER

# The signing and the next key, and one key of each other algorithm, as all targets of an algorithm confusion.
DEPLOYED_KEYS = (key("ES256"), key("ES256", "next"), key("RS256"), key("EdDSA"))


# The variables of an authorizer that reads no table: RevocationSeconds is 0.
WITHOUT_FEED = {
    "ACCESS_TOKEN_SECONDS": "900",
    "REVOCATIONS_TABLE": "",
    "REVOCATION_SECONDS": "0",
    "REVOCATION_FAILURE": "open",
    "URL_SUFFIX": "amazonaws.com",
}


class Handler(Protocol):
    """A Lambda handler."""

    def __call__(self, event: object, context: object) -> dict[str, Any]:
        """Answer an event."""


def key_set(keys: Sequence[SigningKey] = DEPLOYED_KEYS) -> str:
    """Return the public keys as a JWK Set."""
    return json.dumps({"keys": [pair.public_jwk() for pair in keys]})


def unreachable(_address: str) -> str:
    """Fail at once, as a download does when the issuer is unreachable."""
    raise OSError


@dataclass
class Issuer:
    """Publishes a key set, and records the requested addresses. Without a key set, it is unreachable."""

    jwks: str = ""
    asked: list[str] = field(default_factory=list)

    def download(self, address: str) -> str:
        """Return the key set, or fail if there is none."""
        self.asked.append(address)
        return self.jwks or unreachable(address)


def load_module(
    monkeypatch: pytest.MonkeyPatch,
    *,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
    jwks: str | None = None,
    download: Download = unreachable,
) -> ModuleType:
    """Import the function again with this environment, as a cold start does. It fetches keys with `download`."""
    environ = {"ISSUER": issuer, "AUDIENCE": audience, "JWKS": key_set() if jwks is None else jwks, **WITHOUT_FEED}
    module = cold_start.load("authorizer", environ)
    monkeypatch.setattr(module, "keys", IssuerKeys(module.deployed, audience=audience, download=download))
    return module


def load(
    monkeypatch: pytest.MonkeyPatch,
    *,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
    jwks: str | None = None,
    download: Download = unreachable,
) -> Handler:
    """Return the handler of a cold start."""
    module = load_module(monkeypatch, issuer=issuer, audience=audience, jwks=jwks, download=download)
    handler: Handler = module.handler
    return handler


# Each makes an event around any `Authorization` header: the first two of a REST API, the last of an HTTP API.
token_event = partial(sample_events.authorizer_event, "TOKEN")
request_event = partial(sample_events.authorizer_event, "REQUEST 1.0")
http_api_event = partial(sample_events.authorizer_event, "REQUEST 2.0")

DENIED = {"error": "invalid_token", "challenge": 'Bearer error="invalid_token"'}
DENY_POLICY = {
    "principalId": "anonymous",
    "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": STAGE_WILDCARD}],
    },
    "context": DENIED,
}
DENY_SIMPLE = {"isAuthorized": False, "context": DENIED}


@dataclass(frozen=True)
class Shape:
    """One kind of event, and the only answer to a bad token in it."""

    event: Callable[[object], dict[str, Any]]
    deny: dict[str, Any]


SHAPES = {
    "TOKEN": Shape(token_event, DENY_POLICY),
    "REQUEST 1.0": Shape(request_event, DENY_POLICY),
    "REQUEST 2.0": Shape(http_api_event, DENY_SIMPLE),
}


def is_allowed(answer: dict[str, Any]) -> bool:
    """Return whether an answer of either form allows the request."""
    if "isAuthorized" in answer:
        return answer["isAuthorized"] is True
    return any(statement["Effect"] != "Deny" for statement in answer["policyDocument"]["Statement"])


def context_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the context that an answer passes on."""
    context: dict[str, Any] = answer["context"]
    return context
