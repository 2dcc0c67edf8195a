"""The verifier of examples/edge, with CloudFront's documented event: what it answers, and what it passes on."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import AccessClaims
from tests.support.access_tokens import CLAIMS, NOW, claims_at, key
from tests.support.cloudfront import EdgeVerifier, Event, issuer_file, needs_node, request_of, viewer_request

pytestmark = needs_node

MADE_AT = NOW - 60
# AWS, CloudFront Developer Guide, "Restrictions on all edge functions", "HTTP headers": no function may set these.
REFUSED_HEADERS = (
    "connection", "expect", "keep-alive", "proxy-*", "trailer", "upgrade", "x-accel-*", "x-amz-cf-*", "x-amzn-*",
    "x-cache", "x-edge-*", "x-forwarded-proto", "x-real-ip", "content-length", "host", "transfer-encoding", "via",
)  # fmt: skip


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> EdgeVerifier:
    """Return the function with one key."""
    keys = [{**key("ES256", "ours").public_jwk(), "exp": NOW + 86_400}]
    return EdgeVerifier(tmp_path_factory.mktemp("edge"), issuer_file(keys, made_at=MADE_AT))


def sent(*tokens: str, **headers: str) -> Event:
    """Return an event with these tokens, each in an Authorization header, and other headers."""
    more = {name: [value] for name, value in headers.items()}
    return viewer_request({"Authorization": [f"Bearer {token}" for token in tokens], **more} if tokens else more)


def issued(claims: AccessClaims, name: str = "ours") -> str:
    """Return a token under a key of this name."""
    return access.issue(claims, key("ES256", name))


def values(headers: dict[str, Any]) -> dict[str, str]:
    """Return the headers of a request or an answer, each with its one value."""
    assert all(name == each[0]["key"].lower() and len(each) == 1 for name, each in headers.items())
    return {name: each[0]["value"] for name, each in headers.items()}


def test_a_good_request_goes_on_with_the_caller_in_headers(edge: EdgeVerifier) -> None:
    """The rest of the request is as it was, with the token: an API behind may verify it again."""
    good = issued(claims_at(NOW)._replace(acr="2fa", amr=("pwd", "otp")))
    poor = issued(claims_at(NOW)._replace(scope="", roles=(), amr=()))

    with_rights, without = edge.answers([sent(good), sent(poor)], now_seconds=NOW)

    before = request_of(sent(good))
    assert values(with_rights.pop("headers")) == {
        **values(before.pop("headers")),
        "x-auth-sub": CLAIMS.sub,
        "x-auth-sid": CLAIMS.sid,
        "x-auth-scope": "orders:read orders:write",
        "x-auth-roles": "admin ops",
        "x-auth-client-id": "first-party",
        "x-auth-jti": CLAIMS.jti,
        "x-auth-exp": str(NOW + 900),
        "x-auth-acr": "2fa",
        "x-auth-amr": "pwd otp",
        "x-auth-auth-time": str(NOW - 60),
    }
    assert with_rights == before
    assert {"x-auth-scope", "x-auth-roles", "x-auth-acr", "x-auth-amr"} & set(without["headers"]) == set()


def test_no_header_of_the_client_passes_for_one_of_ours(edge: EdgeVerifier) -> None:
    """Also where a server behind takes other spellings for the same name, as CGI does."""
    good = issued(claims_at(NOW)._replace(scope="", roles=()))
    names = ("x-auth-sub", "X-AUTH-ROLES", "x-auth-other", "x_auth_roles", "X-Auth_Scope", "x.auth.roles", "x-auth-")
    others = ("x-author", "auth-sub")
    event = sent(good, **dict.fromkeys((*names, *others), "root"))

    [request] = edge.answers([event], now_seconds=NOW)

    assert {name for name, value in values(request["headers"]).items() if value == "root"} == set(others)
    assert values(request["headers"])["x-auth-sub"] == CLAIMS.sub


def test_cloudfront_takes_every_header_of_the_function(edge: EdgeVerifier) -> None:
    """It would answer 502 for one that it refuses."""
    events = [sent(issued(claims_at(NOW))), sent(), sent("x.y.z"), sent(issued(claims_at(NOW), "newer"))]

    answers = edge.answers(events, now_seconds=NOW)

    given = {name for answer in answers for name in answer["headers"]} - set(request_of(viewer_request())["headers"])
    assert {"x-auth-sub", "www-authenticate", "retry-after"} <= given
    assert [name for name in given for refused in REFUSED_HEADERS if fnmatchcase(name, refused)] == []


def test_a_request_without_a_token_gets_a_plain_challenge(edge: EdgeVerifier) -> None:
    """RFC 6750 §3.1: without an error. A cookie or a query is no place for a token."""
    token = issued(claims_at(NOW))
    in_query = sent()
    request_of(in_query)["querystring"] = f"access_token={token}"

    for answer in edge.answers([sent(), sent(Cookie=f"token={token}"), in_query], now_seconds=NOW):
        assert (answer["status"], answer["statusDescription"]) == ("401", "Unauthorized")
        assert values(answer["headers"]) == {
            "cache-control": "no-store",
            "content-type": "application/json",
            "www-authenticate": "Bearer",
            "x-content-type-options": "nosniff",
        }
        assert json.loads(answer["body"])["error"] == "invalid_token"


def test_a_request_with_anything_but_one_good_token_is_refused(edge: EdgeVerifier) -> None:
    """RFC 6750 §2 and §3.1: two headers are not one, whether CloudFront keeps them apart or joins them."""
    good = issued(claims_at(NOW))
    expired = issued(claims_at(NOW - 1000))
    joined, basic, bare, empty = (
        viewer_request({"Authorization": [value]})
        for value in (f"Bearer {good}, Bearer {good}", "Basic eDp5", good, "")
    )

    for answer in edge.answers(
        [sent(good, good), sent("x.y.z", good), joined, basic, bare, empty, sent(expired)], now_seconds=NOW
    ):
        assert answer["status"] == "401"
        assert values(answer["headers"])["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_key_that_may_be_newer_than_the_file_is_no_reason_to_refuse(edge: EdgeVerifier) -> None:
    """503, because nothing is known to be wrong. A key that was taken out before the file was made is 401.

    After a 401 a client refreshes, which helps against the key that was taken out, and not against the newer one.
    """
    older, newer = (issued(claims_at(at), "unknown") for at in (MADE_AT - 1, MADE_AT))

    gone, unclear = edge.answers([sent(older), sent(newer)], now_seconds=NOW)

    assert (gone["status"], unclear["status"]) == ("401", "503")
    assert values(unclear["headers"])["retry-after"] == "60"
    assert json.loads(unclear["body"])["error"] == "temporarily_unavailable"


def test_when_all_keys_of_the_file_have_ended_nothing_passes(edge: EdgeVerifier) -> None:
    """A file that was forgotten fails closed, and logs nobody out."""
    late = NOW + 86_400

    [answer] = edge.answers([sent(issued(claims_at(late)))], now_seconds=late)

    assert answer["status"] == "503"


def test_the_log_names_the_check_and_no_part_of_the_token(edge: EdgeVerifier) -> None:
    """One line for each refusal."""
    good = issued(claims_at(NOW))
    tokens = [f"{good}A", issued(claims_at(NOW - 1000)), issued(claims_at(NOW), "newer"), "s3cret"]

    edge.answers([sent(good), sent(), *map(sent, tokens)], now_seconds=NOW)

    lines = [json.loads(line) for line in edge.log.splitlines()]
    assert [line["check"] for line in lines] == [
        "no Authorization header", "signature", "exp", "unknown key", "shape",
    ]  # fmt: skip
    assert all(set(line) == {"message", "check", "request_id"} for line in lines)
