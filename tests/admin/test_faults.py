"""Every command, with every request to AWS failing in turn: one line, no traceback, and the truth about the act."""

import re
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.admin.aws import OUTPUTS, TABLES, Aws, Fault, Fresh, Run, answer
from tests.admin.conftest import PASSWORD
from tests.admin.every_command import ACTS, COMMANDS, EXPORTS, LOOKS
from tests.support import memory_aws
from tests.support.clock import TestClock
from tests.support.wire import refusal

# These only grow: a write whose answer was lost counts once more when the SDK repeats it.
COUNTERS = re.compile(r'"(epoch|factors_version|taken_until_ms)": {"N": "(\d+)"}')
FIRST_RECORD = "cloudwatch-logs:CreateLogStream"


def _no_address(_forward: Callable[[], AWSResponse]) -> AWSResponse:
    raise EndpointConnectionError(endpoint_url="https://aws.invalid")


def _lost_answer(forward: Callable[[], AWSResponse]) -> AWSResponse:
    forward()
    raise ReadTimeoutError(endpoint_url="https://aws.invalid")


def _interrupted(_forward: Callable[[], AWSResponse]) -> AWSResponse:
    raise KeyboardInterrupt


def _interrupted_later(forward: Callable[[], AWSResponse]) -> AWSResponse:
    forward()
    raise KeyboardInterrupt


def _full_disk(_forward: Callable[[], AWSResponse]) -> AWSResponse:
    raise OSError(28, "No space left on device")  # as from a cache of credentials


def _bug(_forward: Callable[[], AWSResponse]) -> AWSResponse:
    raise ZeroDivisionError(PASSWORD)


FAULTS: dict[str, Fault] = {
    "no address": _no_address,
    "lost answer": _lost_answer,
    "a proxy's page": lambda _forward: answer(b"<html>blocked</html>", 403),
    "throttled": refusal("ThrottlingException"),
    "server error": lambda _forward: answer(b"", 500),
    "full disk": _full_disk,
    "a bug": _bug,
    "Ctrl-C": _interrupted,
}


def state(aws: Aws) -> str:
    """Return what commands change: the tables and the key ring."""
    items = {table: memory_aws.lines_of_items(OUTPUTS[table]) for table in TABLES}
    return f"{items} {aws.function.stored.version}"


def apart_from_counters(text: str) -> str:
    """Return a state without the values of its counters."""
    return COUNTERS.sub(r"\1", text)


def counters(text: str) -> list[int]:
    """Return the values of the counters of a state."""
    return [int(value) for _name, value in COUNTERS.findall(text)]


@pytest.fixture
def repeatable(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """Return a function that makes AWS as it was, after which the time and all ids are the same again."""
    monkeypatch.setattr("edge_auth.clock.time", TestClock(int(time.time() * 1000)))

    def make() -> Aws:
        monkeypatch.setattr("secrets.token_bytes", Random(1).randbytes)  # noqa: S311 - the same in every run
        return fresh()

    return make


def writes_to(call: tuple[str, dict[str, Any]], table: str) -> bool:
    """Return whether a call of DynamoDB, an operation and its parameters, updates an item of this table."""
    operation, parameters = call
    return operation == "UpdateItem" and parameters["TableName"] == OUTPUTS[table]


def lines() -> list[dict[str, Any]]:
    """Return the record of the acts."""
    return memory_aws.log_lines(OUTPUTS["OperatorsLogGroup"])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_without_faults_does_what_it_says(fresh: Fresh, run: Run, name: str) -> None:
    """The faults below meet commands that work. A look changes and records nothing."""
    aws = fresh()
    before = state(aws)

    outcome = run(*COMMANDS[name])

    assert outcome.status == 0, outcome.err
    is_act = name in ACTS
    assert (state(aws) != before) is (is_act and name not in ("publish", *EXPORTS))
    assert [line["state"] for line in lines()] == (["begun", "done"] if is_act else [])


SHOWN_WHOLE = ("create", "replace")
OF_ACCOUNTS = ("import", "rename", "set-claims", "set-email", "unlock-factor", "reset-factors", "resume-mail")
# Every look meets a network that is down, every act lost answers, those of accounts also refusals, and two all faults.
CASES = [(name, "no address") for name in LOOKS] + [(name, "lost answer") for name in ACTS]
CASES += [(name, "throttled") for name in OF_ACCOUNTS]
CASES += [(name, fault) for name in SHOWN_WHOLE for fault in FAULTS if (name, fault) not in CASES]


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_a_failure_is_one_true_line(fresh: Fresh, run: Run, name: str, fault: str) -> None:
    """From each request on, all requests fail. What is said to be undone is undone, and no act happens unrecorded."""
    aws = fresh()
    assert run(*COMMANDS[name]).status == 0
    total = len(aws.calls)
    # All acts begin with the same looks at the stack, which `create` and `replace` show.
    begin = aws.calls.index(FIRST_RECORD) if name in ACTS and name not in SHOWN_WHOLE else 0
    for position in range(begin, total):
        aws = fresh()
        before = state(aws)
        aws.fault, aws.broken_from = FAULTS[fault], position

        outcome = run(*COMMANDS[name])

        where = f"{fault} from {aws.calls[position]} on: {outcome.err}"
        *_, said = outcome.err.splitlines() or [""]
        assert "Traceback" not in outcome.err, where
        assert PASSWORD not in outcome.out + outcome.err, where
        done = "but not how it ended" in outcome.err and outcome.status == 0
        assert done or "edge-auth: " in outcome.err, where
        assert outcome.status == (0 if done else 130 if fault == "Ctrl-C" else 1), where
        if state(aws) != before:
            assert "nothing was done" not in said, where
            assert lines()[0]["state"] == "begun", where
        elif not done:
            assert said.startswith("edge-auth: ") or "keys publish" in said, where


@pytest.mark.parametrize("fault", ["lost answer", "throttled"])
@pytest.mark.parametrize("name", OF_ACCOUNTS)
def test_an_act_is_the_same_after_one_request_has_failed(repeatable: Fresh, run: Run, name: str, fault: str) -> None:
    """The SDK repeats the request. The act is done as without the fault, and the same act once more changes nothing."""
    aws = repeatable()
    assert run(*COMMANDS[name]).status == 0
    calls, done = list(aws.calls), state(aws)
    for position in range(calls.index(FIRST_RECORD), len(calls)):
        aws = repeatable()
        aws.fault, aws.broken_from, aws.lasts = FAULTS[fault], position, False

        outcome = run(*COMMANDS[name])

        where = f"{fault} at {calls[position]}: {outcome.err}"
        assert outcome.status == 0, where
        assert len(aws.calls) > len(calls), where
        assert apart_from_counters(state(aws)) == apart_from_counters(done), where
        assert all(now >= once for now, once in zip(counters(state(aws)), counters(done), strict=True)), where
        assert [*dict.fromkeys(line["state"] for line in lines())] == ["begun", "done"], where
        run(*COMMANDS[name])
        assert apart_from_counters(state(aws)) == apart_from_counters(done), where


@pytest.mark.parametrize(("name", "notice"), [("set-email", "new_address"), ("reset-factors", "factors_reset")])
@pytest.mark.parametrize("fault", [_lost_answer, _interrupted_later], ids=["lost answer", "Ctrl-C"])
def test_a_user_is_told_of_an_act_whose_answer_was_lost(
    fresh: Fresh, run: Run, name: str, notice: str, fault: Fault
) -> None:
    """SC5: the next run finds the user changed already, so it cannot know what there is to tell, or where."""
    aws = fresh()
    run(*ACTS[name])
    written = aws.on_tables.index(next(call for call in aws.on_tables if writes_to(call, "IdentitiesTable")))
    position = [at for at, call in enumerate(aws.calls) if call.startswith("dynamodb:")][written]
    aws = fresh()
    aws.fault, aws.broken_from = fault, position
    assert run(*ACTS[name]).status != 0
    aws.fault = None

    outcome = run(*ACTS[name])

    assert (outcome.status, outcome.err.count("not told")) == (0, 0)
    [item] = memory_aws.dynamodb().scan(TableName=OUTPUTS["ChallengesTable"])["Items"]
    assert (item["notice"], item["email"]) == ({"S": notice}, {"S": "ada@example.com"})


def test_an_act_that_cannot_be_recorded_is_not_begun(fresh: Fresh, run: Run) -> None:
    """The line of the beginning comes first, and without it nothing is changed."""
    aws = fresh()
    run(*ACTS["disable"])
    position = aws.calls.index(FIRST_RECORD)
    aws = fresh()
    before = state(aws)
    aws.fault, aws.broken_from = _no_address, position

    outcome = run(*ACTS["disable"])

    assert outcome.status == 1
    assert outcome.err.endswith(
        "edge-auth: the act cannot be recorded in the log group admin-OperatorsLogGroup "
        "(no answer from https://aws.invalid (EndpointConnectionError)); nothing was done\n"
    )
    assert state(aws) == before
    assert set(aws.calls[position:]) == {FIRST_RECORD}


def test_the_sdk_gives_up_in_time(fresh: Fresh, run: Run) -> None:
    """An operator does not wait for minutes: the SDK tries each request three times."""
    aws = fresh()
    aws.fault = _no_address

    run(*LOOKS["sessions"])

    assert aws.calls == ["sts:GetCallerIdentity"] * 3
