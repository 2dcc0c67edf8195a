"""The check of a second factor, beside the flows that use it."""

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.errors import InvalidRequest, TemporarilyUnavailable
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.flows.ports.identities import EpochMoved
from tests.support.deployment import USERNAME, Deployment
from tests.support.fakes.factors import MemoryFactors
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app


@pytest.fixture
def enrolled(deployment: Deployment) -> Deployment:
    """Return a deployment where alice has an app."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    return deployment


def factors(deployment: Deployment) -> Factors:
    """Return alice's factors."""
    assert deployment.alice.factors is not None
    return deployment.alice.factors


def test_one_code_is_checked_and_not_two(enrolled: Deployment) -> None:
    """Two tries would be counted as one."""
    otp = shown_by_app(enrolled.clock() // 1000)

    for presented in (NOTHING, Presented(otp=otp, recovery_code=CODES[0])):
        with pytest.raises(InvalidRequest):
            enrolled.factor_check(enrolled.alice, factors(enrolled), presented)
    assert factors(enrolled).failures == 0


def test_a_wrong_code_that_cannot_be_counted_is_not_called_wrong(
    enrolled: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user has changed the factor meanwhile: perhaps it is the code of the new app."""

    def moved(*_arguments: object) -> int:
        raise EpochMoved

    monkeypatch.setattr(MemoryFactors, "count_failure", moved)
    wrong = Presented(otp=a_wrong_code(enrolled.clock() // 1000))

    with pytest.raises(TemporarilyUnavailable):
        enrolled.factor_check(enrolled.alice, factors(enrolled), wrong)


def test_what_is_presented_is_not_printed() -> None:
    """L4: a repr may be in a traceback."""
    assert repr(Presented(otp="123456", recovery_code="AAAAA-AAAAA", mfa_token="t")) == "Presented(...)"
