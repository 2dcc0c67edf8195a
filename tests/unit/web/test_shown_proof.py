"""What a user shows to prove something."""

import pytest

from edge_auth.errors import InvalidRequest
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.web.body import Parameters
from edge_auth.web.shown_proof import shown_in


def test_it_is_the_proof_of_a_link_or_the_code_beside_it() -> None:
    """A link needs no user name: it has one."""
    assert shown_in(Parameters({"proof": "p", "username": "ada"})) == Shown(proof="p")
    assert shown_in(Parameters({"code": "c", "username": "ada"})) == Shown(username="ada", code="c")


@pytest.mark.parametrize(
    "parameters", [{}, {"username": "ada"}, {"proof": "p", "code": "c"}, {"code": "c"}, {"proof": 5}, {"code": 5}]
)
def test_neither_or_both_of_them_are_refused(parameters: dict[str, object]) -> None:
    """It would be unclear which of both counts. A code needs its user name."""
    with pytest.raises(InvalidRequest):
        shown_in(Parameters(parameters))
