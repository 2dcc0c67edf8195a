"""`sam local invoke` with every file of events/."""

import pytest

from tests.sam_local.served import Served
from tests.support.sample_answers import ANSWERED, FUNCTIONS, TOLD_TO_CLOUDFORMATION, check
from tests.support.sample_events import EVENTS


@pytest.mark.parametrize("name", ANSWERED)
def test_a_sample_event_is_answered(served: Served, name: str) -> None:
    """The answers are those of the functional tests."""
    check(name, served.invoke(FUNCTIONS[name], EVENTS / f"{name}.json"))


@pytest.mark.parametrize("name", TOLD_TO_CLOUDFORMATION)
def test_an_event_of_cloudformation_is_refused(served: Served, name: str) -> None:
    """Its answer would go to an address in the event, and in a container only CloudFormation's own is accepted."""
    answer = served.invoke(FUNCTIONS[name], EVENTS / f"{name}.json")

    assert answer["errorType"] == "ValueError"
    assert answer["errorMessage"] == "the answer would not go to CloudFormation"
