"""The API's public and protected routes, and the gateway's own answers."""

import json
import re
from typing import Any

import botocore.session
from botocore.model import StringShape

from edge_auth.web.cors import EXPOSED_HEADERS
from tests.support.conditions import Deployed
from tests.support.sam_transform import expanded
from tests.support.template import Intrinsic, by_default, functions, parameters, properties, variables

FEED_ROUTES = {(method, "/.well-known/ended-sessions") for method in ("GET", "HEAD")}
MAIL_ROUTES = {
    ("POST", "/auth/password/reset"),
    ("POST", "/auth/password/reset/confirm"),
    ("POST", "/auth/email/confirm"),
    ("POST", "/auth/email/undo"),
}
PUBLIC_ROUTES = {
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/passkeys/options"),
    ("POST", "/auth/passkeys/sign-in"),
    ("POST", "/auth/register"),
    ("POST", "/auth/factors/enrolment"),
    # RFC 9110 §9.1: a server supports HEAD where it supports GET. The public documents are what clients ask with it.
    *((method, "/.well-known/jwks.json") for method in ("GET", "HEAD")),
    *((method, "/.well-known/openid-configuration") for method in ("GET", "HEAD")),
    *((method, "/.well-known/oauth-authorization-server") for method in ("GET", "HEAD")),
    *FEED_ROUTES,
    *MAIL_ROUTES,
    ("OPTIONS", "/{proxy+}"),
}
FACTOR_ROUTES = {
    (method, f"{base}{route}")
    for base in ("/auth/factors", "/auth/site/factors")
    for method, route in (
        ("GET", ""),
        ("POST", "/totp"),
        ("DELETE", "/totp"),
        ("POST", "/totp/confirm"),
        ("POST", "/recovery-codes"),
    )
}
PASSKEY_ROUTES = {
    (method, f"{base}{route}")
    for base in ("/auth/passkeys", "/auth/site/passkeys")
    for method, route in (
        ("GET", ""),
        ("POST", ""),
        ("POST", "/registration"),
        ("PATCH", "/{passkey_id}"),
        ("DELETE", "/{passkey_id}"),
    )
}
PROTECTED_ROUTES = {
    *FACTOR_ROUTES,
    *PASSKEY_ROUTES,
    ("POST", "/auth/step-up"),
    ("POST", "/auth/site/step-up"),
    ("POST", "/auth/password"),
    ("GET", "/auth/email"),
    ("POST", "/auth/email"),
    ("GET", "/auth/site/email"),
    ("POST", "/auth/site/email"),
    ("GET", "/me"),
    ("GET", "/me/strict"),
    ("GET", "/auth/sessions"),
    ("DELETE", "/auth/sessions/{session_id}"),
    ("GET", "/me/session"),
    ("GET", "/auth/site/sessions"),
    ("DELETE", "/auth/site/sessions/{session_id}"),
    ("POST", "/auth/site/password"),
}


# The answer of every type of API Gateway's, with the status that AWS documents for it:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
ANSWERS = {
    "UNAUTHORIZED": (401, 401, "invalid_token"),
    "ACCESS_DENIED": (403, 401, "invalid_token"),
    "MISSING_AUTHENTICATION_TOKEN": (403, 404, "not_found"),
    "RESOURCE_NOT_FOUND": (404, 404, "not_found"),
    "EXPIRED_TOKEN": (403, 404, "not_found"),
    "INVALID_SIGNATURE": (403, 404, "not_found"),
    "WAF_FILTERED": (403, 403, "forbidden"),
    "INVALID_API_KEY": (403, 403, "forbidden"),
    "BAD_REQUEST_BODY": (400, 400, "invalid_request"),
    "BAD_REQUEST_PARAMETERS": (400, 400, "invalid_request"),
    "REQUEST_TOO_LARGE": (413, 413, "request_too_large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, 415, "unsupported_media_type"),
    "THROTTLED": (429, 429, "too_many_attempts"),
    "QUOTA_EXCEEDED": (429, 429, "too_many_attempts"),
    "API_CONFIGURATION_ERROR": (500, 503, "temporarily_unavailable"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, 503, "temporarily_unavailable"),
    "AUTHORIZER_FAILURE": (500, 503, "temporarily_unavailable"),
    "INTEGRATION_FAILURE": (504, 503, "temporarily_unavailable"),
    "INTEGRATION_TIMEOUT": (504, 503, "temporarily_unavailable"),
}


def answer_of(kind: str, own_status: int) -> tuple[int, str]:
    """Return the status and the error of a type, by AWS's rules: its own response, or the default of its class."""
    responses = properties("Api")["GatewayResponses"]
    response = responses.get(kind) or responses[f"DEFAULT_{own_status // 100}XX"]
    body = by_default(response["ResponseTemplates"]["application/json"])
    return response.get("StatusCode", own_status), json.loads(body)["error"]


def test_every_type_of_api_gateways_has_a_decided_answer() -> None:
    """The table has every type that the SDK lists, and no type has a status that it has by chance."""
    shape = botocore.session.get_session().get_service_model("apigateway").shape_for("GatewayResponseType")

    assert isinstance(shape, StringShape)
    assert {*ANSWERS, "DEFAULT_4XX", "DEFAULT_5XX"} == set(shape.enum)
    assert {kind: answer_of(kind, own) for kind, (own, *_) in ANSWERS.items()} == {
        kind: (status, error) for kind, (_, status, error) in ANSWERS.items()
    }


def test_another_fault_of_a_client_keeps_its_own_status() -> None:
    """A type that AWS adds later, or does not document, is not turned into another status."""
    assert answer_of("A_NEW_TYPE", 451) == (451, "invalid_request")


def test_the_authorizers_cache_is_explicit() -> None:
    """DC-6: the template sets the cache time, because the default of REST APIs is 300 seconds."""
    auth = properties("Api")["Auth"]

    assert auth["DefaultAuthorizer"] == "AccessToken"
    assert auth["Authorizers"]["AccessToken"]["Identity"]["ReauthorizeEvery"] == Intrinsic(
        "Ref", "AuthorizerCacheSeconds"
    )
    assert parameters()["AuthorizerCacheSeconds"]["Default"] == 0
    assert auth["Authorizers"]["LivingSession"]["Identity"]["ReauthorizeEvery"] == 0
    assert auth["Authorizers"]["SessionCookie"]["Identity"] == {"Headers": ["Cookie"], "ReauthorizeEvery": 0}
    assert auth["Authorizers"]["SessionCookie"]["FunctionPayloadType"] == "REQUEST"
    assert auth["AddDefaultAuthorizerToCorsPreflight"] is False


def test_only_the_public_routes_opt_out_of_the_authorizer() -> None:
    """A route is protected by default, and only the public routes turn the authorizer off. Others have another one."""
    public, protected = set(), set()
    for function in functions().values():
        for event in function.get("Events", {}).values():
            if event["Type"] in ("Schedule", "EventBridgeRule"):
                continue
            assert event["Type"] == "Api"
            route = (event["Properties"]["Method"], event["Properties"]["Path"])
            if event["Properties"].get("Auth") == {"Authorizer": "NONE"}:
                public.add(route)
            else:
                is_of_site = route[1] == "/me/session" or route[1].startswith("/auth/site/")
                other = "SessionCookie" if is_of_site else "LivingSession" if route[1] == "/me/strict" else ""
                assert event["Properties"].get("Auth") == ({"Authorizer": other} if other else None)
                protected.add(route)

    assert (public, protected) == (PUBLIC_ROUTES, PROTECTED_ROUTES)


def settings_of_methods() -> dict[tuple[str, str], tuple[dict[str, Any], str]]:
    """Return the settings of each route that has some, and the condition of each."""
    found = {}
    for setting in properties("Api")["MethodSettings"]:
        condition, body = "", setting
        if isinstance(setting, Intrinsic):
            condition, body, otherwise = setting.argument
            assert (setting.name, otherwise) == ("If", Intrinsic("Ref", "AWS::NoValue"))
        found[body["HttpMethod"], body["ResourcePath"][1:].replace("~1", "/")] = (body, condition)
    return found


def test_a_flood_of_a_public_route_is_stopped_at_the_gateway() -> None:
    """P13, F39: each public route that writes has a rate, and so has what strangers' preflight requests call.

    A refused request gets our own 429 (THROTTLED).
    """
    rate = Intrinsic("Ref", "PublicRequestsPerSecond")
    rates = {route: body["ThrottlingRateLimit"] for route, (body, _) in settings_of_methods().items()}

    flooded = {route for route in PUBLIC_ROUTES if route[0] in {"POST", "OPTIONS"}}
    assert {route for route, given in rates.items() if given == rate} == flooded
    assert rates.keys() == flooded | FEED_ROUTES
    assert all(
        body["ThrottlingRateLimit"] == body["ThrottlingBurstLimit"] for body, _ in settings_of_methods().values()
    )
    assert properties("Api")["GatewayResponses"]["THROTTLED"]["StatusCode"] == 429


def test_a_flood_of_the_feed_leaves_the_table_to_the_authorizers() -> None:
    """With 3,000 ended sessions a read takes 12 units at most, and a partition gives 3,000 units a second."""
    rates = [body["ThrottlingRateLimit"] for route, (body, _) in settings_of_methods().items() if route in FEED_ROUTES]

    assert rates == [100] * len(FEED_ROUTES)
    assert 12 * sum(rates) <= 0.8 * 3000


def test_the_setting_of_a_route_that_may_be_missing_has_its_condition() -> None:
    """Without self-registration, browsers, passkeys or the feed the stage has no such route."""
    conditions = {route: condition for route, (_, condition) in settings_of_methods().items() if condition}

    assert conditions == {
        ("POST", "/auth/passkeys/options"): "HasPasskeys",
        ("POST", "/auth/passkeys/sign-in"): "HasPasskeys",
        ("POST", "/auth/register"): "HasSelfRegistration",
        ("POST", "/auth/factors/enrolment"): "HasSecondFactor",
        ("OPTIONS", "/{proxy+}"): "HasAllowedOrigins",
        **dict.fromkeys(FEED_ROUTES, "HasRevocationFeed"),
        **dict.fromkeys(MAIL_ROUTES, "HasMail"),
    }


def test_gateway_responses_have_the_shape_of_errors_and_are_not_stored() -> None:
    """The gateway's own answers have the form of our errors, and none is cached."""
    for name, response in properties("Api")["GatewayResponses"].items():
        headers = response["ResponseParameters"]["Headers"]
        assert headers["Cache-Control"] == "'no-store'", name
        assert headers["X-Content-Type-Options"] == "'nosniff'", name
        body = by_default(response["ResponseTemplates"]["application/json"])
        assert re.fullmatch(r'\{"error":"[a-z_]+","error_description":"[^"]+"\}', body), name


def test_every_page_can_read_the_gateways_answers() -> None:
    """C12: they are constants, a page needs the 401 and the 429, and only functions know the allowed origins."""
    for name, response in properties("Api")["GatewayResponses"].items():
        headers = response["ResponseParameters"]["Headers"]
        assert headers["Access-Control-Allow-Origin"] == "'*'", name
        assert headers["Access-Control-Expose-Headers"] == f"'{EXPOSED_HEADERS}'", name
        assert "Access-Control-Allow-Credentials" not in headers, name


def test_gateway_challenges_follow_rfc_6750() -> None:
    """DC-7, RFC 6750 §3.1: the challenge has no error attribute if no credentials were sent."""
    responses = properties("Api")["GatewayResponses"]
    challenges = {
        name: (
            response.get("StatusCode"),
            by_default(response["ResponseParameters"]["Headers"].get("WWW-Authenticate")),
        )
        for name, response in responses.items()
    }

    assert challenges["UNAUTHORIZED"] == (401, "'Bearer'")
    assert challenges["ACCESS_DENIED"] == (401, "'Bearer error=\"invalid_token\"'")
    assert challenges["MISSING_AUTHENTICATION_TOKEN"] == (404, None)


def test_a_demand_of_logins_lets_the_authorizer_write_the_challenge() -> None:
    """RFC 9470 §3: only then, a Deny's own context is in the header and in the body. Only AWS can show the header."""
    given = [{"Audience": "x", **demand} for demand in ({}, {"StrictAcr": "2fa"}, {"StrictMaxAgeSeconds": "300"})]
    denied = [
        Deployed(stack, parameters).resources()["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
        for parameters, stack in zip(given, expanded(*given), strict=True)
    ]
    answers = [
        (
            responses["ACCESS_DENIED"]["responseParameters"]["gatewayresponse.header.WWW-Authenticate"],
            json.loads(responses["ACCESS_DENIED"]["responseTemplates"]["application/json"])["error"],
        )
        for responses in denied
    ]

    demanded = ("context.authorizer.challenge", "$context.authorizer.error")
    assert answers == [("'Bearer error=\"invalid_token\"'", "invalid_token"), demanded, demanded]


def test_a_demand_has_an_authorizer_and_a_cache_of_its_own() -> None:
    """Z21: a policy that one authorizer gave for the stage never answers for another one's routes, and none is kept."""
    authorizers = properties("Api")["Auth"]["Authorizers"]
    strict = [name for name, each in authorizers.items() if each["FunctionArn"].argument.startswith("Strict")]

    assert strict == ["LivingSession"]
    assert authorizers["LivingSession"]["Identity"]["ReauthorizeEvery"] == 0
    assert [name for name in functions() if "REQUIRED_ACR" in variables(name)] == ["strict_authorizer"]


def test_trouble_at_the_gateway_is_503_with_retry_after() -> None:
    """DC-3: a fault of the infrastructure is a 503 and no denial, and every 5xx type has the default answer."""
    responses = properties("Api")["GatewayResponses"]
    trouble = {name: response for name, response in responses.items() if response.get("StatusCode", 400) >= 500}

    assert set(trouble) == {"DEFAULT_5XX"}
    assert trouble["DEFAULT_5XX"]["StatusCode"] == 503
    assert "temporarily_unavailable" in trouble["DEFAULT_5XX"]["ResponseTemplates"]["application/json"]
    for name in ("DEFAULT_5XX", "THROTTLED", "QUOTA_EXCEEDED"):
        assert responses[name]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'", name
