"""The authorizer's contract: the requests that it allows, the context that it passes on, and its exceptions."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from edge_auth.authorizer.issuer_keys import download
from edge_auth.settings.reading import SettingsError
from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import AccessClaims
from tests.support import cold_start
from tests.support.access_tokens import AUDIENCE, CLAIMS, ISSUER, claims_at, key
from tests.support.authorizer import (
    DENY_POLICY,
    DERIVED_ISSUER,
    SHAPES,
    STAGE_WILDCARD,
    Handler,
    Issuer,
    context_of,
    http_api_event,
    is_allowed,
    key_set,
    load,
    load_module,
    request_event,
    token_event,
)
from tests.support.sample_events import METHOD_ARN, STAGE


def bearer(claims: AccessClaims) -> str:
    """Return the Authorization header of a token with these claims."""
    return f"Bearer {access.issue(claims, key('ES256'))}"


@pytest.fixture
def claims() -> AccessClaims:
    """Return good claims, issued now."""
    return claims_at(int(time.time()))


PASSED_ON = {
    "sub": CLAIMS.sub,
    "sid": CLAIMS.sid,
    "scope": "orders:read orders:write",
    "roles": "admin ops",
    "client_id": "first-party",
    "jti": CLAIMS.jti,
    "acr": "",
    "amr": "pwd",
}


@pytest.mark.parametrize("shape", ["TOKEN", "REQUEST 1.0"])
def test_a_policy_allows_the_whole_stage(warm: Handler, claims: AccessClaims, shape: str) -> None:
    """The policy is for the stage and not for one method, because a cached policy serves all methods (Z12)."""
    assert warm(SHAPES[shape].event(bearer(claims)), None) == {
        "principalId": CLAIMS.sub,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": STAGE_WILDCARD}],
        },
        "context": {**PASSED_ON, "exp": claims.exp, "auth_time": claims.auth_time},
    }


def test_the_simple_answer_carries_the_same_context(warm: Handler, claims: AccessClaims) -> None:
    """An HTTP API gets the simple answer instead of a policy (Z10)."""
    answer = warm(http_api_event(bearer(claims)), None)
    assert answer == {"isAuthorized": True, "context": {**PASSED_ON, "exp": claims.exp, "auth_time": claims.auth_time}}


@pytest.mark.parametrize(
    ("arn", "resource"),
    [
        (METHOD_ARN, STAGE_WILDCARD),
        ("arn:aws:execute-api:us-east-1:1:a1/dev/POST/a/b/c", "arn:aws:execute-api:us-east-1:1:a1/dev/*"),
        ("arn:aws:execute-api:us-east-1:1:a1/dev/GET/", "arn:aws:execute-api:us-east-1:1:a1/dev/*"),
        ("arn:aws:execute-api:us-east-1:1:a1/dev/$connect", "arn:aws:execute-api:us-east-1:1:a1/dev/*"),
        ("arn:aws:execute-api:us-east-1:1:a1/$default/GET/x", "arn:aws:execute-api:us-east-1:1:a1/$default/*"),
        ("arn:aws-cn:execute-api:cn-north-1:1:a1/dev/GET/x", "arn:aws-cn:execute-api:cn-north-1:1:a1/dev/*"),
        (
            "arn:aws-us-gov:execute-api:us-gov-west-1:1:a1/dev/GET/x",
            "arn:aws-us-gov:execute-api:us-gov-west-1:1:a1/dev/*",
        ),
        ("arn:aws:execute-api:us-east-1:1:a1/dev/GET/" + "x" * 1500, "arn:aws:execute-api:us-east-1:1:a1/dev/*"),
        ("arn:aws:execute-api:us-east-1:1:a1/dev/GET/a/../b/*?:\n", "arn:aws:execute-api:us-east-1:1:a1/dev/*"),
    ],
)
def test_the_resource_is_the_stage_of_the_request(warm: Handler, claims: AccessClaims, arn: str, resource: str) -> None:
    """This holds in every partition and for WebSocket routes. The resource is short for every path (Z11, Z12)."""
    event = request_event(bearer(claims))
    event["methodArn"] = arn
    (statement,) = warm(event, None)["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", resource)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_context_has_texts_and_numbers_only(warm: Handler, claims: AccessClaims, shape: str) -> None:
    """REST APIs refuse lists and objects. Without rights, the context still has all keys (Z11)."""
    for claimed in (claims, claims._replace(scope="", roles=(), amr=()), claims._replace(acr="2fa")):
        context = context_of(warm(SHAPES[shape].event(bearer(claimed)), None))
        assert set(context) == {*PASSED_ON, "exp", "auth_time"}
        assert context["acr"] == claimed.acr
        assert {type(value) for value in context.values()} == {str, int}


def test_the_answer_stays_under_8_kb(warm: Handler, claims: AccessClaims) -> None:
    """This holds with the longest claims that the verifier accepts (Z11)."""
    longest = claims._replace(sub="s" * 64, sid="s" * 64, jti="j" * 64, client_id="c" * 128, scope="s" * 500)
    answer = warm(request_event(bearer(longest)), None)
    assert is_allowed(answer)
    assert len(json.dumps(answer)) < 8192
    assert json.dumps(answer).isascii()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("jwks", ["", '{"keys":[]}'])
def test_without_keys_nothing_is_decided(
    monkeypatch: pytest.MonkeyPatch, claims: AccessClaims, shape: str, jwks: str
) -> None:
    """An exception is a 5xx, which no gateway caches. A Deny would log all users out (Z14)."""
    handler = load(monkeypatch, jwks=jwks)
    for value in (bearer(claims), "Bearer x", "", None):
        with pytest.raises(RuntimeError, match="no keys"):
            handler(SHAPES[shape].event(value), None)


@pytest.mark.parametrize("jwks", ["{", "[]", '{"keys":[{}]}', '{"keys":[{"kty":"oct","k":"AA","kid":"x"}]}'])
def test_a_damaged_key_set_does_not_start(monkeypatch: pytest.MonkeyPatch, jwks: str) -> None:
    """The function fails closed, with an exception at the cold start (Z14)."""
    with pytest.raises(ValueError, match=r".*"):
        load(monkeypatch, jwks=jwks)


@pytest.mark.parametrize("name", ["ISSUER", "AUDIENCE", "JWKS"])
def test_a_missing_variable_does_not_start(name: str) -> None:
    """There is no default audience and no default issuer."""
    environ = dict.fromkeys({"ISSUER", "AUDIENCE", "JWKS"} - {name}, "x")
    with pytest.raises(SettingsError, match=name):
        cold_start.load("authorizer", environ)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_issuer_is_the_apis_own_address(
    monkeypatch: pytest.MonkeyPatch, claims: AccessClaims, shape: str
) -> None:
    """It comes from the request context, or in TOKEN events from the method's ARN. Another issuer is denied."""
    handler = load(monkeypatch, issuer="")
    event = SHAPES[shape].event
    assert is_allowed(handler(event(bearer(claims._replace(iss=DERIVED_ISSUER))), None))
    for issuer in (ISSUER, "", DERIVED_ISSUER + "/", DERIVED_ISSUER.replace(STAGE, "dev"), "https:///"):
        assert handler(event(bearer(claims._replace(iss=issuer))), None) == SHAPES[shape].deny


def test_the_derived_issuer_is_not_a_header(monkeypatch: pytest.MonkeyPatch, claims: AccessClaims) -> None:
    """The client's Host and X-Forwarded-Host headers change nothing."""
    handler = load(monkeypatch, issuer="")
    event = request_event(bearer(claims._replace(iss=f"https://evil.example/{STAGE}")))
    for name in ("Host", "X-Forwarded-Host"):
        event["headers"][name] = "evil.example"
        event["multiValueHeaders"][name] = ["evil.example"]
    assert handler(event, None) == DENY_POLICY


def test_without_any_issuer_nothing_is_decided(monkeypatch: pytest.MonkeyPatch, claims: AccessClaims) -> None:
    """If neither the setting nor the event names an issuer, the function raises an exception (Z14)."""
    handler = load(monkeypatch, issuer="")
    event: dict[str, Any] = token_event(bearer(claims))
    event["methodArn"] = "*"
    with pytest.raises(ValueError, match="not the ARN"):
        handler(event, None)


def test_a_set_issuer_wins_over_the_events(warm: Handler, claims: AccessClaims) -> None:
    """Behind a custom domain, the issuer is the one in the setting."""
    assert is_allowed(warm(request_event(bearer(claims)), None))
    assert not is_allowed(warm(request_event(bearer(claims._replace(iss=DERIVED_ISSUER))), None))


def test_another_audience_is_denied(monkeypatch: pytest.MonkeyPatch, claims: AccessClaims) -> None:
    """A token for one API gives no access to another (F24)."""
    handler = load(monkeypatch, audience="https://other.example.com")
    assert not is_allowed(handler(token_event(bearer(claims)), None))
    assert is_allowed(handler(token_event(bearer(claims._replace(aud="https://other.example.com"))), None))


def test_another_environments_keys_are_denied(monkeypatch: pytest.MonkeyPatch, claims: AccessClaims) -> None:
    """The issuer and the audience are the same, but the keys differ (F24)."""
    handler = load(monkeypatch, jwks=key_set([key("ES256", "foreign")]))
    assert not is_allowed(handler(token_event(bearer(claims)), None))


@pytest.mark.parametrize("ago", [0, 600, 900])
def test_a_token_is_good_until_it_expires(warm: Handler, ago: int) -> None:
    """It is good for a few seconds more, because clocks differ (Z4)."""
    claims = claims_at(int(time.time()) - ago)
    assert is_allowed(warm(token_event(bearer(claims)), None))


@pytest.mark.parametrize("ago", [906, 1000, 10_000])
def test_an_expired_token_is_denied(warm: Handler, ago: int) -> None:
    """It is denied five seconds after its end at the latest (Z4)."""
    claims = claims_at(int(time.time()) - ago)
    assert warm(token_event(bearer(claims)), None) == DENY_POLICY


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of calls to the network. All of them fail."""
    calls: list[str] = []

    def no_network(name: str) -> Callable[..., None]:
        def call(*_args: object, **_kwargs: object) -> None:
            calls.append(name)
            raise OSError

        return call

    monkeypatch.setattr(socket.socket, "connect", no_network("connect"))
    monkeypatch.setattr(socket, "getaddrinfo", no_network("getaddrinfo"))
    return calls


@pytest.mark.parametrize("shape", SHAPES)
def test_the_network_is_used_for_an_unknown_key_only(
    monkeypatch: pytest.MonkeyPatch, claims: AccessClaims, network: list[str], shape: str
) -> None:
    """The cold start, good tokens and bad tokens use no network. Unknown keys use it once a minute (Z13)."""
    handler = load(monkeypatch, download=download)
    event, deny = SHAPES[shape].event, SHAPES[shape].deny
    header, payload, _ = bearer(claims).split(".")
    expired = claims._replace(iat=claims.iat - 1000, exp=claims.exp - 1000)
    for _ in range(2):
        assert is_allowed(handler(event(bearer(claims)), None))
        for value in (f"{header}.{payload}.AAAA", bearer(expired), "Bearer x", "Bearer a.b.c", "Basic eDp5", None):
            assert handler(event(value), None) == deny
    assert network == []

    for name in ("foreign", "another", "foreign"):
        stranger = access.issue(claims, key("ES256", name))
        assert handler(event(f"Bearer {stranger}"), None) == deny
    assert is_allowed(handler(event(bearer(claims)), None))
    assert network == ["getaddrinfo"]


def test_the_fetch_is_the_real_one(monkeypatch: pytest.MonkeyPatch, network: list[str], claims: AccessClaims) -> None:
    """The deployed function uses the real download, without the tests' replacement."""
    module = load_module(monkeypatch)
    monkeypatch.setattr(module.keys, "_download", module.download)
    stranger = access.issue(claims, key("ES256", "foreign"))
    assert module.download is download
    assert module.handler(token_event(f"Bearer {stranger}"), None) == DENY_POLICY
    assert network == ["getaddrinfo"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("issuer", [ISSUER, ""])
def test_a_new_key_of_the_issuer_is_accepted(
    monkeypatch: pytest.MonkeyPatch, claims: AccessClaims, shape: str, issuer: str
) -> None:
    """K3: it is accepted cold and warm, for a set issuer and for the API itself. Then the removed key is denied."""
    address = issuer or DERIVED_ISSUER
    claims = claims._replace(iss=address)
    published = Issuer(key_set([key("ES256", "new")]))
    event, deny = SHAPES[shape].event, SHAPES[shape].deny
    new = event(f"Bearer {access.issue(claims, key('ES256', 'new'))}")

    cold = load(monkeypatch, issuer=issuer, download=published.download)
    assert is_allowed(cold(new, None))
    warm = load(monkeypatch, issuer=issuer, download=published.download)
    assert is_allowed(warm(event(bearer(claims)), None))
    assert [is_allowed(warm(new, None)) for _ in range(3)] == [True] * 3
    assert warm(event(bearer(claims)), None) == deny
    assert published.asked == [f"{address}/.well-known/jwks.json"] * 2


@pytest.mark.parametrize("shape", ["REQUEST 1.0", "REQUEST 2.0"])
@pytest.mark.parametrize(
    "domain", ["evil.example.com", "evil.example.com:8443", "x@evil.example.com", "169.254.169.254"]
)
def test_keys_never_come_from_a_domain_that_the_client_chose(
    monkeypatch: pytest.MonkeyPatch, claims: AccessClaims, shape: str, domain: str
) -> None:
    """Under a wildcard domain, the client chooses the event's domain name, which may be an attacker's server.

    The attacker's tokens name this server as issuer, and its key signs them. The authorizer does not ask the server, so
    it denies the tokens.
    """
    evil = Issuer(key_set([key("ES256", "foreign")]))
    handler = load(monkeypatch, issuer="", download=evil.download)
    theirs = access.issue(claims._replace(iss=f"https://{domain}/{STAGE}"), key("ES256", "foreign"))
    event = SHAPES[shape].event(f"Bearer {theirs}")
    event["requestContext"]["domainName"] = domain
    for _ in range(2):
        assert handler(event, None) == SHAPES[shape].deny
    assert evil.asked == []


@pytest.mark.parametrize(
    "arn", [None, "", "*", 5, METHOD_ARN.replace(STAGE, "dev"), METHOD_ARN.replace("a1b2c3d4e5", "b")]
)
def test_keys_never_come_from_an_address_that_the_arn_does_not_confirm(
    monkeypatch: pytest.MonkeyPatch, claims: AccessClaims, arn: object
) -> None:
    """With the ARN of another API or stage, or without an ARN, the answer is a Deny and no exception (Z10)."""
    published = Issuer(key_set([key("ES256", "new")]))
    handler = load(monkeypatch, issuer="", download=published.download)
    new = access.issue(claims._replace(iss=DERIVED_ISSUER), key("ES256", "new"))
    for shape, name in (("REQUEST 1.0", "methodArn"), ("REQUEST 2.0", "routeArn")):
        event = SHAPES[shape].event(f"Bearer {new}")
        event[name] = arn
        assert not is_allowed(handler(event, None))
    assert published.asked == []


def test_the_log_holds_no_token_and_no_claim(
    warm: Handler, claims: AccessClaims, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log has only the name of the check that refused the token (Z15)."""
    caplog.set_level("DEBUG")
    expired = claims._replace(iat=1, exp=2, sub="somebody-in-particular")
    for value in (bearer(claims), bearer(expired), "Bearer s3cret.s3cret.s3cret", "Basic s3cret"):
        for shape in SHAPES.values():
            warm(shape.event(value), None)
    logged = repr([vars(record) for record in caplog.records]) + "".join(capfd.readouterr())
    assert len(caplog.records) >= 9
    for secret in ("s3cret", "somebody-in-particular", CLAIMS.sub, CLAIMS.jti, "eyJ", AUDIENCE):
        assert secret not in logged
