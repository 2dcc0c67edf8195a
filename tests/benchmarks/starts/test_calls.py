"""The calls that the benchmark of the starts measures, in this process and on moto."""

from functools import partial

import pytest

from benchmarks.requests.deployment import Deployment
from benchmarks.requests.functions import running
from benchmarks.starts.calls import PARAMETERS, calls_of
from tests.support.sample_events import token_event
from tests.support.template import functions

# The first one writes the secret, and the other one reads a table without the SDK: moto is not enough for either.
NEEDS_AWS = {"rotate_keys", "strict_authorizer"}


def test_every_function_has_a_call_that_is_answered(deployment: Deployment) -> None:
    """A new function needs a row. Each answer is what its check takes."""
    with running(deployment) as started:
        calls = calls_of(deployment, partial(token_event, started.access_token()))
        assert calls.keys() == functions().keys()
        for name in sorted(calls.keys() - NEEDS_AWS):
            call = calls[name]
            call.check(started.start(name, PARAMETERS.get(name)).answer(call.event()))


def test_a_check_refuses_another_answer(deployment: Deployment) -> None:
    """A benchmark must not measure refusals."""
    with running(deployment) as started:
        calls = calls_of(deployment, partial(token_event, "x"))
        with pytest.raises(RuntimeError):
            calls["login"].check(started.start("login").answer({**calls["login"].event(), "body": "{}"}))
        with pytest.raises(RuntimeError):
            calls["authorizer"].check(started.start("authorizer").answer(calls["authorizer"].event()))
