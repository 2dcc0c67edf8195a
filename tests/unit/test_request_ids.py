"""API Gateway's ids of a request: read from any event, and bounded."""

import pytest

from edge_auth.request_ids import gateway_request_ids
from edge_auth.tokens.token_form import REFRESH
from tests.support.sample_events import sample


@pytest.mark.parametrize("name", ["login", "me", "authorizer-request-1.0"])
def test_a_request_of_a_rest_api_has_two_ids(name: str) -> None:
    """Both are in the answer's headers: `x-amzn-RequestId` and `x-amz-apigw-id`."""
    assert gateway_request_ids(sample(name)) == {
        "gateway_request_id": "6f1e2d3c-4b5a-4697-8877-665544332211",
        "gateway_extended_request_id": "Xm1cGEfUliAEPxA=",
    }


def test_a_request_of_an_http_api_has_one_id() -> None:
    """Payload 2.0 has only the one id."""
    assert gateway_request_ids(sample("authorizer-request-2.0")) == {"gateway_request_id": "JKJaXmPLvHcESHA="}


@pytest.mark.parametrize(
    "event", [None, [], "x", {}, {"requestContext": None}, {"requestContext": ["x"]}, sample("authorizer-token")]
)
def test_an_event_without_a_context_has_none(event: object) -> None:
    """No event raises an exception (L1). A TOKEN authorizer is not told the ids."""
    assert gateway_request_ids(event) == {}


@pytest.mark.parametrize(
    "value",
    [None, 1, "", " ", "a b", "a\n", "a.b.c", "\u00e9", "x" * 65, "edgeauth_rt_".ljust(REFRESH.characters, "A")],
)
def test_an_odd_id_is_left_out(value: object) -> None:
    """L4: a client can choose the request id, so no token and no long text may pass for one."""
    context = {"requestId": value, "extendedRequestId": "Xm1cGEfUliAEPxA="}
    assert gateway_request_ids({"requestContext": context}) == {"gateway_extended_request_id": "Xm1cGEfUliAEPxA="}
