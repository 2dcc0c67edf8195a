"""The caller of a route of this API."""

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.web.caller import caller_of
from edge_auth.web.request import request_from
from tests.support.sample_events import called_by, proxy_event, sample


def test_the_caller_is_the_one_that_the_authorizer_names() -> None:
    """Not one that the client names in a body or a header."""
    caller = caller_of(request_from(called_by(sample("sessions"), "A" * 22, "session")))

    assert (caller.user_id, caller.session_id) == ("A" * 22, "session")


def test_a_route_without_the_authorizer_has_no_caller() -> None:
    """It is answered like a request without a token. The log says why."""
    with pytest.raises(InvalidToken) as refused:
        caller_of(request_from(proxy_event()))
    assert refused.value.detail
