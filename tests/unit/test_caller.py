"""The caller that API Gateway or AppSync passes on, in the event of a user's function."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_auth import caller as module
from edge_auth.authorizer.login_demand import LoginDemand
from edge_auth.caller import Caller, InsufficientAuthentication, InsufficientScope, NoCaller, caller, requires
from edge_auth.errors import InsufficientAuthentication as AuthorizersRefusal
from edge_auth.tokens.claims import LEVELS

PASSED_ON = {
    "sub": "b3duZXI",
    "sid": "c2Vzc2lvbg",
    "client_id": "first-party",
    "scope": "notes:read notes:write",
    "roles": "admin auditor",
    "jti": "dG9rZW4",
    "exp": 1_800_000_900,
    "acr": "2fa",
    "amr": "pwd otp",
    "auth_time": 1_799_999_000,
}
OWN = {"acme:tenant": "tenant 7", "acme:level": "3", "acme:beta": "true", "acme:teams": "blue red"}
ADA = Caller(
    user_id="b3duZXI",
    session_id="c2Vzc2lvbg",
    client_id="first-party",
    scopes=("notes:read", "notes:write"),
    roles=("admin", "auditor"),
    token_id="dG9rZW4",
    expires_at_seconds=1_800_000_900,
    acr="2fa",
    amr=("pwd", "otp"),
    auth_time_seconds=1_799_999_000,
)
# REST APIs turn numbers into texts, and add members of their own.
TEXTS = {"exp": "1800000900", "auth_time": "1799999000"}
REST = {**PASSED_ON, **TEXTS, "principalId": "b3duZXI", "integrationLatency": 12}
CLAIMS = {**PASSED_ON, "iss": "https://auth.example.com", "aud": "https://api.example.com", "iat": 1_800_000_000}


def behind(authorizer: object, **context: object) -> dict[str, Any]:
    """Return an event of API Gateway with what the authorizer passed on."""
    return {"headers": {"X": "1"}, "body": None, "requestContext": {"stage": "v1", "authorizer": authorizer, **context}}


EVENTS = {
    "REST API": behind(REST),
    "WebSocket API": behind(REST, eventType="MESSAGE", routeKey="$default", connectionId="Xm1cGcfsoAMCJ1A="),
    "HTTP API": {"version": "2.0", **behind({"lambda": PASSED_ON})},
    "HTTP API, its own JWT authorizer": {
        "version": "2.0",
        **behind(
            {"jwt": {"claims": {**CLAIMS, **TEXTS, "roles": "[admin auditor]", "amr": "[pwd otp]"}, "scopes": None}}
        ),
    },
    "REST API, its own JWT authorizer": behind(
        {"claims": {**CLAIMS, "roles": ["admin", "auditor"], "amr": ["pwd", "otp"]}}
    ),
    "AppSync": {"arguments": {}, "identity": {"resolverContext": {**PASSED_ON, **TEXTS}}, "source": None},
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_every_kind_of_event_names_the_same_caller(event: dict[str, Any]) -> None:
    """The shapes differ, and what a function gets does not."""
    assert caller(event) == ADA


def test_a_caller_whose_login_nobody_describes_has_none() -> None:
    """An authorizer of an earlier version, and a resolver's own one, pass on less. Such a login is never enough."""
    context = {name: value for name, value in PASSED_ON.items() if name not in {"acr", "amr", "auth_time"}}

    found = caller(behind(context))

    assert found == ADA._replace(acr="", amr=(), auth_time_seconds=0)
    assert requires(behind(context), scope="notes:read") == found
    demands: list[dict[str, Any]] = [
        {"acr": "1fa"},
        *({"max_age_seconds": age, "now_seconds": 1_800_000_000} for age in (86_400, 10**10)),
    ]
    for demand in demands:
        with pytest.raises(InsufficientAuthentication):
            requires(behind(context), **demand)


WITH_OWN_CLAIMS = {
    "REST API": behind({**REST, **OWN}),
    "HTTP API": {"version": "2.0", **behind({"lambda": {**PASSED_ON, **OWN}})},
    "HTTP API, its own JWT authorizer": {
        "version": "2.0",
        **behind(
            {"jwt": {"claims": {**CLAIMS, "exp": "1800000900", **OWN, "acme:teams": "[blue red]"}, "scopes": None}}
        ),
    },
    "REST API, its own JWT authorizer": behind(
        {"claims": {**CLAIMS, **OWN, "acme:level": 3, "acme:beta": True, "acme:teams": ["blue", "red"]}}
    ),
    "AppSync": {"identity": {"resolverContext": {**PASSED_ON, "exp": "1800000900", **OWN}}},
}


@pytest.mark.parametrize("event", WITH_OWN_CLAIMS.values(), ids=WITH_OWN_CLAIMS)
def test_every_kind_of_event_names_the_same_own_claims(event: dict[str, Any]) -> None:
    """They are texts in each. What has no colon in its name, such as `principalId`, is none."""
    found = caller(event)

    assert dict(found.claims) == OWN
    assert found.user_id == ADA.user_id
    with pytest.raises(TypeError):
        found.claims["acme:tenant"] = "8"  # type: ignore[index]  # this is what is refused


@pytest.mark.parametrize("value", [None, 1.5, {}, {"a": "b"}, [1], [None], [["a"]]])
def test_an_own_claim_that_is_no_text_is_refused(value: object) -> None:
    """Our authorizers pass on nothing like it."""
    with pytest.raises(NoCaller):
        caller(behind({**PASSED_ON, "acme:tenant": value}))


@pytest.mark.parametrize("missing", ["scope", "roles"])
@pytest.mark.parametrize("empty", [{}, {"value": ""}])
def test_a_caller_may_have_no_rights(missing: str, empty: dict[str, str]) -> None:
    """A token without rights is valid."""
    context = {name: value for name, value in PASSED_ON.items() if name != missing}
    if empty:
        context[missing] = empty["value"]

    assert getattr(caller(behind(context)), {"scope": "scopes"}.get(missing, missing)) == ()


def test_a_caller_cannot_be_changed() -> None:
    """The function that checks the rights and the one that uses them see the same."""
    with pytest.raises(AttributeError):
        ADA.user_id = "another"  # type: ignore[misc]  # this is what is refused


NO_TIMES: list[object] = [None, "", -1, "1e9", "-1", " 1", "1.0", "\u0661", "9" * 17, 0.5, True, []]
NOBODY: dict[str, object] = {
    "no event": None,
    "a list": [],
    "an empty event": {},
    "no context": {"requestContext": None},
    "no authorizer": {"requestContext": {"stage": "v1"}},
    "an authorizer without a context": behind(None),
    "an authorizer of IAM": behind({"iam": {"userId": "AIDA"}}),
    "a context that is a text": behind("b3duZXI"),
    "a context in the body": {"body": REST, **PASSED_ON, "requestContext": {}},
    "a context in the headers": {"headers": {"requestContext": REST}, "requestContext": {}},
    "a load balancer": {"requestContext": {"elb": {"targetGroupArn": "arn:…"}}, "headers": REST},
    "an empty context of an HTTP API": behind({"lambda": None}),
    "an empty context of an HTTP API, and one beside it": behind({"lambda": {}, **REST}),
    "claims that are none": behind({"jwt": {"scopes": []}}),
    "AppSync with an API key": {"identity": None},
    "AppSync with another mode": {"identity": {**PASSED_ON, "claims": CLAIMS}},
    "both kinds of event": {**behind(REST), "identity": {"resolverContext": PASSED_ON}},
}


@pytest.mark.parametrize("event", NOBODY.values(), ids=NOBODY)
def test_an_event_without_a_caller_is_refused(event: object) -> None:
    """A route without our authorizer, and what a client writes into a request, name no caller."""
    with pytest.raises(NoCaller):
        caller(event)


@pytest.mark.parametrize("name", ["sub", "sid", "client_id", "jti", "exp"])
@pytest.mark.parametrize("value", [None, "", 0.5, True, [], {}, ["b3duZXI"]])
def test_a_claim_of_another_type_is_refused(name: str, value: object) -> None:
    """Another authorizer, such as Cognito's, has no `sid`."""
    with pytest.raises(NoCaller):
        caller(behind({**PASSED_ON, name: value}))
    with pytest.raises(NoCaller):
        caller(behind({other: value for other, value in PASSED_ON.items() if other != name}))


@pytest.mark.parametrize(
    "changed",
    [
        *({"exp": exp} for exp in (-1, "1e9", "-1", " 1", "1.0", "\u0661", "9" * 17)),
        *({"scope": scope} for scope in (None, 1, ["notes:read"])),
        *({name: words} for name in ("roles", "amr") for words in (None, 1, ["a", 1], [["admin"]], {"admin": 1})),
        *({"acr": acr} for acr in (None, 2, True, ["2fa"], {"acr": "2fa"})),
        *({"auth_time": moment} for moment in NO_TIMES),
    ],
)
def test_a_value_of_no_token_of_ours_is_refused(changed: dict[str, object]) -> None:
    """What is not understood gives no rights, and is no caller either."""
    with pytest.raises(NoCaller):
        caller(behind({**PASSED_ON, **changed}))


def test_only_roles_lose_the_brackets_of_http_apis() -> None:
    """No role of ours has a bracket, and a scope may have one: `[notes:write]` is another scope than `notes:write`."""
    found = caller(behind({**PASSED_ON, "scope": "[notes:write]", "roles": "[admin]"}))

    assert (found.scopes, found.roles) == (("[notes:write]",), ("admin",))


@pytest.mark.parametrize(
    "required",
    [
        {"scope": "notes:read"},
        {"scope": "notes:write notes:read"},
        {"roles": "admin"},
        {"roles": "auditor admin"},
        {"scope": "notes:read", "roles": "admin"},
    ],
)
def test_who_has_all_that_is_required_is_returned(required: dict[str, Any]) -> None:
    """All of the words, in any order."""
    assert requires(behind(REST), **required) == ADA


@pytest.mark.parametrize(
    ("required", "challenge"),
    [
        ({"scope": "notes"}, 'Bearer error="insufficient_scope", scope="notes"'),
        ({"scope": "Notes:read"}, 'Bearer error="insufficient_scope", scope="Notes:read"'),
        ({"scope": "notes:read orders:read"}, 'Bearer error="insufficient_scope", scope="notes:read orders:read"'),
        ({"roles": "owner"}, 'Bearer error="insufficient_scope"'),
        ({"roles": "admin owner"}, 'Bearer error="insufficient_scope"'),
        ({"scope": "notes:read", "roles": "owner"}, 'Bearer error="insufficient_scope", scope="notes:read"'),
    ],
)
def test_who_lacks_one_of_them_gets_a_403_with_its_challenge(required: dict[str, Any], challenge: str) -> None:
    """RFC 6750 §3.1: `insufficient_scope`, with the scope that the route needs."""
    with pytest.raises(InsufficientScope) as refused:
        requires(behind(REST), **required)

    response = refused.value.response()
    assert (response["statusCode"], refused.value.code) == (403, "insufficient_scope")
    assert dict(refused.value.headers) == {"WWW-Authenticate": challenge}
    assert response["headers"] == {
        "Cache-Control": "no-store",
        "Content-Type": "application/json",
        "WWW-Authenticate": challenge,
    }
    assert "owner" not in str(response["body"])


NOW = 1_800_000_000


def verdict(required: str, max_age_seconds: int, acr: str, age_seconds: int) -> str:
    """Return the challenge of a function that demands a login, or an empty text. The authorizer's is the same."""
    event = behind({**PASSED_ON, "acr": acr, "auth_time": NOW - age_seconds})
    ours = theirs = ""
    try:
        requires(event, roles="admin", acr=required, max_age_seconds=max_age_seconds, now_seconds=NOW)
    except InsufficientAuthentication as refused:
        ours = refused.headers["WWW-Authenticate"]
    try:
        LoginDemand(required, max_age_seconds).check(acr, NOW - age_seconds, now_seconds=NOW)
    except AuthorizersRefusal as refused:
        theirs = refused.headers["WWW-Authenticate"]
    assert ours == theirs
    return ours


@pytest.mark.parametrize("required", ["", *LEVELS])
@pytest.mark.parametrize("acr", ["", *LEVELS, "3fa", "2FA", "2fa phr"])
def test_a_stronger_login_serves_where_a_weaker_one_does(required: str, acr: str) -> None:
    """RFC 9470 §3: 1fa < 2fa < phr. A level that we do not know is none, and the authorizer decides the same."""
    order = ["", *LEVELS]
    enough = order.index(acr if acr in order else "") >= order.index(required)

    assert verdict(required, 0, acr, 0) == (
        "" if enough else f'Bearer error="insufficient_user_authentication", acr_values="{required}"'
    )


@pytest.mark.parametrize(
    ("age_seconds", "fresh"),
    [(0, True), (299, True), (300, True), (305, True), (306, False), (10**9, False), (-30, True), (-31, False)],
)
def test_a_login_is_fresh_for_the_time_and_five_seconds(age_seconds: int, fresh: bool) -> None:  # noqa: FBT001 - a table
    """RFC 9470 §3: the leeway is that of the expiry, and a time in the future is none. The authorizer says the same."""
    challenge = verdict("", 300, "", age_seconds)

    assert challenge == ("" if fresh else 'Bearer error="insufficient_user_authentication", max_age="300"')


@pytest.mark.parametrize(("acr", "age_seconds"), [("1fa", 0), ("2fa", 1000), ("1fa", 1000)])
def test_a_challenge_names_all_that_is_demanded(acr: str, age_seconds: int) -> None:
    """RFC 9470 §3: so one step-up is enough, whichever of both was missing."""
    assert verdict("2fa", 300, "2fa", 0) == ""
    assert verdict("2fa", 300, acr, age_seconds) == (
        'Bearer error="insufficient_user_authentication", acr_values="2fa", max_age="300"'
    )


def test_a_weak_login_is_answered_with_a_401() -> None:
    """RFC 9470 §3. Whoever also lacks a scope gets the 403 for it, which a stronger login would not change."""
    with pytest.raises(InsufficientAuthentication) as refused:
        requires(behind(REST), acr="phr")

    response = refused.value.response()
    assert (response["statusCode"], refused.value.code) == (401, "insufficient_user_authentication")
    assert isinstance(response["headers"], dict)
    assert response["headers"]["WWW-Authenticate"] == refused.value.headers["WWW-Authenticate"]
    with pytest.raises(InsufficientScope):
        requires(behind(REST), acr="phr", scope="orders:read")


def test_without_a_caller_the_answer_is_a_401_without_an_error_code() -> None:
    """RFC 6750 §3.1: no code, if the request has no credentials."""
    with pytest.raises(NoCaller) as refused:
        requires({}, scope="notes:read")

    response = refused.value.response()
    assert (response["statusCode"], dict(refused.value.headers)) == (401, {"WWW-Authenticate": "Bearer"})


@pytest.mark.parametrize(
    "required",
    [
        *({}, {"scope": ""}, {"roles": " "}),
        *({"acr": ""}, {"max_age_seconds": 0, "now_seconds": NOW}, {"acr": "3fa"}, {"acr": "2FA"}, {"acr": "1fa 2fa"}),
        *({"max_age_seconds": 300}, {"max_age_seconds": -1, "now_seconds": NOW}, {"scope": "a", "acr": '2fa"'}),
    ],
)
def test_a_requirement_that_requires_nothing_is_a_mistake(required: dict[str, Any]) -> None:
    """An empty setting must not let everybody in, nor write another header."""
    with pytest.raises(ValueError, match="required"):
        requires(behind(REST), **required)


@pytest.mark.parametrize("required", [{"scope": 'a" b'}, {"scope": "a  b"}, {"scope": "a\n", "roles": "b"}])
def test_a_malformed_scope_is_a_mistake_and_the_text_says_so(required: dict[str, Any]) -> None:
    """RFC 6749 §3.3: one space between words, and no quotation mark, which would end the text of a challenge."""
    with pytest.raises(ValueError, match="a scope is one or more words, one space between them"):
        requires(behind(REST), **required)


def test_the_file_works_alone(tmp_path: Path) -> None:
    """A function without the layer has a copy of it: it imports nothing of ours, and the standard library only."""
    source = Path(module.__file__)
    (tmp_path / "caller.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    script = f"from caller import caller; print(caller({behind(REST)!r}).user_id)"

    outcome = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )

    assert (outcome.stdout, outcome.stderr) == ("b3duZXI\n", "")
