"""The events of a Lambda authorizer: where the token is, whose the issuer is, and what the answers say."""

import logging
from typing import Any

import pytest

from edge_auth.authorizer.event import Caller, answered, bearer_token, is_the_apis_own, issuer_of
from edge_auth.errors import CsrfFailed, InsufficientAuthentication, InvalidToken
from tests.support.access_tokens import CLAIMS
from tests.support.sample_events import AUTHORIZER_SAMPLES, ISSUER, METHOD_ARN, STAGE_ARN, authorizer_event
from tests.support.sample_events import websocket_event as websocket

ADA = CLAIMS._replace(
    sub="ada",
    sid="session",
    scope="read write",
    roles=("admin", "auditor"),
    client_id="first-party",
    jti="token",
    exp=1_800_000_900,
    acr="2fa",
    amr=("pwd", "otp"),
    auth_time=1_800_000_000,
    own_claims={"acme:level": 3},
)
PASSED_ON = {
    "sub": "ada",
    "sid": "session",
    "scope": "read write",
    "roles": "admin auditor",
    "client_id": "first-party",
    "jti": "token",
    "exp": 1_800_000_900,
    "acr": "2fa",
    "amr": "pwd otp",
    "auth_time": 1_800_000_000,
    "acme:level": "3",
}
SHAPES = pytest.mark.parametrize("shape", AUTHORIZER_SAMPLES)


def policy_of(answer: dict[str, object]) -> tuple[str, str]:
    """Return the effect and the resource of an answer's policy."""
    document: Any = answer["policyDocument"]
    [statement] = document["Statement"]
    assert (document["Version"], statement["Action"]) == ("2012-10-17", "execute-api:Invoke")
    return statement["Effect"], statement["Resource"]


def refusing(error: Exception) -> Any:  # noqa: ANN401 - a function that never returns
    """Return what refuses every event with this error."""

    def authenticate(_event: object) -> Caller:
        raise error

    return authenticate


@SHAPES
@pytest.mark.parametrize("value", ["Bearer abc", "bearer   abc", "BEARER abc"])
def test_the_token_is_the_one_of_the_header(shape: str, value: str) -> None:
    """RFC 9110 §11.1: the scheme has no case. RFC 6750 §2.1."""
    assert bearer_token(authorizer_event(shape, value)) == "abc"


@SHAPES
@pytest.mark.parametrize("value", ["", "abc", "Basic abc", "Bearer", "Bearer ", "Bearer a b", "XBearer abc", None, 5])
def test_anything_else_is_no_token(shape: str, value: object) -> None:
    """Each is refused, and never read in part."""
    with pytest.raises(InvalidToken):
        bearer_token(authorizer_event(shape, value))


def test_a_websocket_may_name_its_token_as_a_protocol() -> None:
    """A browser cannot send the header. Either of both is enough, and both are one too many (RFC 6750 §2)."""
    assert bearer_token(websocket("bearer, abc")) == "abc"
    assert bearer_token(websocket("bearer,abc")) == "abc"
    assert bearer_token(websocket("chat", authorization=["Bearer abc"])) == "abc"
    for event in (
        websocket(),
        websocket("chat"),
        websocket("Bearer, abc"),
        websocket("bearer, abc", "bearer, abc"),
        websocket("bearer, abc", authorization=["Bearer abc"]),
        websocket("bearer, abc, chat"),
    ):
        with pytest.raises(InvalidToken):
            bearer_token(event)


@pytest.mark.parametrize(("member", "value"), [("eventType", "MESSAGE"), ("routeKey", "chat")])
def test_only_a_connecting_websocket_names_its_token_so(member: str, value: str) -> None:
    """API Gateway writes the context, and a client cannot."""
    event = websocket("bearer, abc")
    event["requestContext"][member] = value

    with pytest.raises(InvalidToken):
        bearer_token(event)


@pytest.mark.parametrize("shape", ["TOKEN", "REQUEST 1.0"])
def test_the_issuer_is_the_api_that_asks(shape: str) -> None:
    """So a deployment needs no setting. The ARN says whether the client has chosen the domain."""
    assert issuer_of(authorizer_event(shape, "Bearer abc")) == ISSUER
    assert is_the_apis_own(ISSUER, {"methodArn": METHOD_ARN})
    assert is_the_apis_own(ISSUER, {"routeArn": METHOD_ARN})
    for issuer, arn in (("https://evil.example", METHOD_ARN), (ISSUER, "x"), (ISSUER, None)):
        assert not is_the_apis_own(issuer, {"methodArn": arn})
    assert not is_the_apis_own(ISSUER, {})


def test_the_issuer_of_an_http_api_is_the_domain_and_stage_that_were_asked() -> None:
    """Its event names no method's ARN, so the context says it."""
    event = authorizer_event("REQUEST 2.0", "Bearer abc")
    event["requestContext"] |= {"domainName": "auth.example.com", "stage": "v1"}

    assert issuer_of(event) == "https://auth.example.com/v1"


def test_an_event_that_names_no_api_has_no_issuer() -> None:
    """Then nothing is verified."""
    with pytest.raises(ValueError, match=r".*"):
        issuer_of({})
    with pytest.raises(ValueError, match=r".*"):
        issuer_of({"methodArn": 5})


def test_an_accepted_caller_is_passed_on_for_the_whole_stage() -> None:
    """API Gateway uses a cached policy for every method of it. All values are texts or numbers."""
    answer = answered({"methodArn": METHOD_ARN}, lambda _event: ADA)

    assert policy_of(answer) == ("Allow", f"{STAGE_ARN}/*")
    assert (answer["principalId"], answer["context"]) == ("ada", PASSED_ON)
    simple = answered({"version": "2.0"}, lambda _event: ADA)
    assert simple == {"isAuthorized": True, "context": PASSED_ON}


@pytest.mark.parametrize("arn", [None, 5, "", "x", METHOD_ARN.replace("/v1/", "/v*/"), f"x{METHOD_ARN}"])
def test_without_the_arn_of_a_stage_nobody_is_let_through(arn: object) -> None:
    """Another text could make the policy wider than the stage. The caller is not passed on either."""
    answer = answered({"methodArn": arn}, lambda _event: ADA)

    assert policy_of(answer) == ("Deny", "*")
    assert answer["context"] == {"error": "invalid_token", "challenge": 'Bearer error="invalid_token"'}


@pytest.mark.parametrize(
    ("error", "context"),
    [
        (InvalidToken("exp"), {"error": "invalid_token", "challenge": 'Bearer error="invalid_token"'}),
        (CsrfFailed("exp"), {"error": "invalid_token", "challenge": 'Bearer error="invalid_token"'}),
        (
            InsufficientAuthentication("exp", acr="2fa", max_age_seconds=0),
            {
                "error": "insufficient_user_authentication",
                "challenge": 'Bearer error="insufficient_user_authentication", acr_values="2fa"',
            },
        ),
    ],
)
def test_a_refused_request_is_denied_and_the_log_says_why(
    error: Exception, context: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A gateway response can write the challenge into its answer (RFC 9110 §11.6.1)."""
    event = {"methodArn": METHOD_ARN, "requestContext": {"requestId": "r-1"}}
    with caplog.at_level(logging.INFO, logger="edge_auth.authorizer.event"):
        answer = answered(event, refusing(error))

    assert policy_of(answer) == ("Deny", f"{STAGE_ARN}/*")
    assert (answer["principalId"], answer["context"]) == ("anonymous", context)
    assert answered({"version": "2.0"}, refusing(error)) == {"isAuthorized": False, "context": context}
    [record] = caplog.records
    assert (record.getMessage(), vars(record)["check"]) == ("access denied", "exp")
    assert "r-1" in vars(record).values()


@pytest.mark.parametrize("event", [None, [], "x", 5])
def test_anything_but_an_event_is_denied(event: object) -> None:
    """The authorizer answers, and does not crash."""
    assert policy_of(answered(event, bearer_token_caller)) == ("Deny", "*")


def bearer_token_caller(event: Any) -> Caller:  # noqa: ANN401 - an event
    """Read the token, and accept it."""
    bearer_token(event)
    return ADA


def test_another_error_decides_nothing() -> None:
    """API Gateway answers 500 then, and caches nothing."""
    with pytest.raises(RuntimeError):
        answered({"methodArn": METHOD_ARN}, refusing(RuntimeError()))
