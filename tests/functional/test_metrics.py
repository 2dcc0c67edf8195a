"""Each planted condition makes its number: the functions run into it, and the template's filters read their lines.

Only AWS shows that an alarm goes off; these tests show that it gets its numbers.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

import pytest

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.authorizer.ended_sessions import RETRY_SECONDS
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from edge_auth.tokens.proof_token import Kind
from tests.support.clock import TestClock
from tests.support.key_ring_events import ADVANCE, asked
from tests.support.mail_records import batch, notice
from tests.support.mailbox import mailed
from tests.support.metric_filters import Number, metric_filters, metrics, numbers
from tests.support.outages import KINDS
from tests.support.passkey_visitor import for_passkeys, phone, register, sign_in
from tests.support.people import DAY, PASSWORD, WRONG_PASSWORD, ada
from tests.support.runbook import RUNBOOK, queries, sections
from tests.support.sample_events import (
    Event,
    called_by,
    login_event,
    logout_event,
    refresh_event,
    token_event,
    with_json,
)
from tests.support.second_factor import a_wrong_code, with_app
from tests.support.stack import SEALING_KEY, TABLES, Function, Stack
from tests.support.template import ROOT

RUNTIME_CLIENT = ROOT / ".tools/lambda/lib/python3.13/site-packages/awslambdaric/lambda_runtime_log_utils.py"
BOUND, GRACE, KEY_AGE = 5, 30, 3 * DAY
# Fields of Lambda's own lines. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
OF_LAMBDA = {
    *("type", "record.requestId", "record.metrics.durationMs", "record.metrics.initDurationMs"),
    *("errorType", "errorMessage", "level"),
}
OTHER_TEXTS = {"platform.report", "SESSION_ID"}  # Lambda's own, and one for the reader to replace


def session(stack: Stack) -> str:
    """Log in, and return the refresh token."""
    stack.forget_attempts()
    token: str = stack.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    return token


def rotated(refresh: Function, token: str, times: int, clock: TestClock) -> list[str]:
    """Refresh so many times, each after the grace window, and return all refresh tokens."""
    chain = [token]
    for _ in range(times):
        clock.advance(seconds=GRACE + 1)
        chain.append(refresh(refresh_event(chain[-1])).json["refresh_token"])
    clock.advance(seconds=GRACE + 1)
    return chain


def elsewhere(token: str) -> Event:
    """Return a refresh from another client and another network."""
    event = refresh_event(token)
    event["headers"]["User-Agent"] = "another/1"
    event["requestContext"]["identity"]["sourceIp"] = "198.51.100.7"
    return event


def logins(stack: Stack) -> None:
    """Log in, with the right password, with a wrong one, and too often."""
    login = stack.function("login")
    login(login_event("ada", PASSWORD))
    for _ in range(PASSWORD_BACKOFF.free_attempts + 1):
        login(login_event("ada", WRONG_PASSWORD))


def refreshes(stack: Stack) -> None:
    """Refresh with the newest token, again with both within the grace window, late, late from elsewhere, and dead."""
    first, refresh = session(stack), stack.function("refresh")
    second = refresh(refresh_event(first)).json["refresh_token"]
    refresh(refresh_event(first))
    refresh(refresh_event(second))
    for late in (refresh_event(first), elsewhere(first)):
        stack.clock.advance(seconds=GRACE + 1)
        assert refresh(late).status == 200
    stack.function("logout")(logout_event(first))
    refresh(refresh_event(first))


def reuse(stack: Stack) -> None:
    """Use a dead token of a living session, and one of an ended session that was dead before the end."""
    refresh = stack.function("refresh")
    refresh(refresh_event(rotated(refresh, session(stack), 2, stack.clock)[0]))
    chain = rotated(refresh, session(stack), 2, stack.clock)
    stack.function("logout")(logout_event(chain[-1]))
    stack.clock.advance(seconds=GRACE + 1)
    refresh(refresh_event(chain[0]))


def reuse_in_a_logout(stack: Stack) -> None:
    """Use a dead token to end all sessions."""
    chain = rotated(stack.function("refresh"), session(stack), 2, stack.clock)
    stack.function("logout")(logout_event(chain[0], everywhere=True))


def restored_table(stack: Stack) -> None:
    """Restore the session as it was before two refreshes, and then with another seed."""
    first, refresh = session(stack), stack.function("refresh")
    before = max(stack.session_items(), key=lambda item: int(item.get("created_at_ms", {"N": "0"})["N"]))
    newest = rotated(refresh, first, 2, stack.clock)[-1]
    for item in (before, {**before, "seed_hash": {"B": bytes(32)}}):
        stack.dynamodb.put_item(TableName=TABLES["SessionsTable"], Item=item)
        refresh(refresh_event(newest))


def trouble(stack: Stack) -> None:
    """Refresh while the table refuses, and while our own code fails."""
    first, module = session(stack), stack.module("refresh")
    stack.wire.always("UpdateItem", KINDS["access denied"])
    assert module.handler(refresh_event(first), None)["statusCode"] == 503
    stack.wire.mend()
    stack.monkeypatch.setattr(module, "refresh", None)
    assert module.handler(refresh_event(first), None)["statusCode"] == 503


def keys(stack: Stack) -> None:
    """Let the schedule run, and then replace every key."""
    rotate_keys = stack.rotate_keys()
    stack.clock.now_ms = (stack.key_ring.signing[0].signs_from_seconds + KEY_AGE) * 1000
    rotate_keys(ADVANCE)
    rotate_keys(asked(stack, "replace"))


def unread(stack: Stack) -> None:
    """Authorize while the ended sessions cannot be read: before the first read, and with a copy that is too old."""
    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]
    module, event = stack.module("authorizer"), token_event(access_token)
    read = vars(module.ended)["_read"]

    def refuse(_since: int) -> None:
        raise RequestFailed("AccessDeniedException")

    stack.monkeypatch.setattr(module.ended, "_read", refuse)
    module.handler(event, None)
    stack.monkeypatch.setattr(module.ended, "_read", read)
    stack.clock.advance(seconds=RETRY_SECONDS[0])
    module.handler(event, None)
    stack.monkeypatch.setattr(module.ended, "_read", refuse)
    stack.clock.advance(seconds=BOUND + 1)
    module.handler(event, None)
    module.handler(token_event("x"), None)


def mails(stack: Stack) -> None:
    """Send a mail to no address, and another one while Amazon SES refuses everything."""
    mailer = stack.with_parameters(MailFrom="login@example.com", PagesUrl="https://app.example.com").module("mailer")
    stack.wire.always("SendEmail", KINDS["access denied"])
    mailer.handler(batch(notice(email={"S": "nobody"}), notice()), None)
    stack.wire.mend()


def locked_factors(stack: Stack) -> None:
    """Type the hundredth wrong code in a login, in a step-up and in a reset."""
    stack = stack.with_mail().with_parameters(SecondFactor="optional")
    keys = sealing_keys_from(SEALING_KEY)
    address = {"email": "ada@mail.example", "email_verified_at_seconds": 1_789_000_000}

    def one_before() -> None:
        stack.forget_attempts()
        stack.identities.delete(stack.identities.find("ada"))
        stack.identities.create(with_app(replace(ada(), **address), keys, failures=MAX_FAILURES - 1))  # type: ignore[arg-type]  # an address

    wrong = a_wrong_code(stack.clock.now_seconds)
    tokens = stack.function("login")(login_event("ada", PASSWORD)).json
    one_before()
    stack.function("login")(with_json("login", {"username": "ada", "password": PASSWORD, "otp": wrong}))
    one_before()
    body = {"refresh_token": tokens["refresh_token"], "otp": wrong}
    stack.function("step_up")(called_by(with_json("step-up", body), ada().user_id, tokens["session_id"]))
    one_before()
    reset = stack.function("reset")
    reset(with_json("password-reset", {"username": "ada"}))
    link = mailed(stack, Kind.RESET).link
    reset(with_json("password-reset-confirm", {**link, "new_password": "another fine passphrase", "otp": wrong}))


def passkey_logins(stack: Stack) -> None:
    """Sign in with a passkey, and with one that is unknown."""
    stack = for_passkeys(stack)
    session_id = stack.function("login")(login_event("ada", PASSWORD)).json["session_id"]
    register(stack.function("passkeys"), session_id, phone())
    function = stack.function("passkey_sign_in")
    assert sign_in(function, phone()).status == 200
    assert sign_in(function, phone(1)).status == 401


CONDITIONS: dict[Callable[[Stack], None], dict[str, dict[tuple[str, str], list[float]]]] = {
    logins: {
        "login": {
            ("Logins", "login_succeeded"): [1],
            ("Logins", "login_failed"): [1] * PASSWORD_BACKOFF.free_attempts,
            ("Logins", "login_throttled"): [1],
        }
    },
    refreshes: {
        "refresh": {
            ("Refreshes", "refresh_rotated"): [1],
            ("Refreshes", "refresh_converged"): [1],
            ("Refreshes", "refresh_coalesced"): [1],
            ("Refreshes", "refresh_retried_late"): [1, 1],
            ("Refreshes", "refresh_refused"): [1],
            ("LateRetriesFromElsewhere", ""): [1],
        },
    },
    reuse: {"refresh": {("Refreshes", "refresh_rotated"): [1] * 4, ("RefreshTokenReused", ""): [1, 1]}},
    reuse_in_a_logout: {
        "refresh": {("Refreshes", "refresh_rotated"): [1, 1]},
        "logout": {("RefreshTokenReused", ""): [1]},
    },
    restored_table: {"refresh": {("Refreshes", "refresh_rotated"): [1, 1], ("RefreshTokenAnomaly", ""): [1, 1]}},
    trouble: {},
    keys: {"rotate_keys": {("SigningKeyAge", ""): [KEY_AGE], ("KeysReplaced", ""): [1]}},
    unread: {"authorizer": {("RevocationsUnread", ""): [1, 1], ("RevocationsAge", ""): [BOUND + 1]}},
    mails: {"mailer": {("MailsNotSent", ""): [1]}},
    passkey_logins: {
        "passkey_sign_in": {("PasskeyLogins", "login_succeeded"): [1], ("PasskeyLogins", "login_failed"): [1]}
    },
    locked_factors: {
        "login": {("Logins", "login_succeeded"): [1], ("Logins", "login_failed"): [1], ("FactorLocked", ""): [1]},
        "step_up": {("FactorLocked", ""): [1]},
        "reset": {("FactorLocked", ""): [1]},
    },
}


def runtime_client() -> ModuleType:
    """Return the part of Lambda's runtime client that writes the lines of a function without a logger of its own."""
    if not RUNTIME_CLIENT.exists():
        pytest.skip("Lambda's runtime client is installed on Linux only")
    spec = spec_from_file_location("lambda_runtime_log_utils", RUNTIME_CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines_of(stack: Stack, caplog: pytest.LogCaptureFixture) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of each function's log. The authorizer's are written as Lambda's runtime client does it."""
    formatter = runtime_client().JsonFormatter()
    authorizers = [record for record in caplog.records if record.name.startswith("edge_auth.authorizer")]
    found: dict[str, list[dict[str, Any]]] = {
        "authorizer": [json.loads(formatter.format(each)) for each in authorizers]
    }
    for line in stack.output.log_lines():
        found.setdefault(line["service"], []).append(line)
    return found


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.__name__)
def test_a_condition_makes_its_numbers_and_no_others(
    stack: Stack, caplog: pytest.LogCaptureFixture, condition: Callable[[Stack], None]
) -> None:
    """A16: the real lines of the functions, through the template's own filters."""
    caplog.set_level(logging.INFO)
    condition(stack)

    made = {function: numbers(function, lines) for function, lines in lines_of(stack, caplog).items()}
    if "login" not in CONDITIONS[condition]:
        made.pop("login", None)  # the condition needs a session
    expected = {
        function: Counter(Number(*metric, value) for metric, values in told.items() for value in values)
        for function, told in CONDITIONS[condition].items()
    }
    assert {function: Counter(told) for function, told in made.items() if told} == expected


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.__name__)
def test_only_the_named_numbers_are_lost_at_log_level_warn(
    stack: Stack, caplog: pytest.LogCaptureFixture, condition: Callable[[Stack], None]
) -> None:
    """A16: Lambda drops the lines below WARN. The runbook names the metrics without numbers, and no alarm else."""
    [named] = re.findall(r"With `LogLevel=WARN` .*? then (.*?) have no numbers", " ".join(RUNBOOK.read_text().split()))
    lost = set(re.findall(r"`(\w+)`", named))
    caplog.set_level(logging.INFO)
    condition(stack)

    kept = {
        (function, number.metric, number.event)
        for function, lines in lines_of(stack, caplog).items()
        for number in numbers(function, [line for line in lines if line["level"] == "ERROR"])
        if number.metric not in lost
    }
    assert lost <= {metric for metric, _ in metrics()}
    assert kept == {
        (function, metric, event)
        for function, told in CONDITIONS[condition].items()
        for metric, event in told
        if metric not in lost
    }


def test_every_metric_has_a_condition_that_makes_it() -> None:
    """No filter waits for a line that no function writes, and no number has another name."""
    made = {metric for told in CONDITIONS.values() for metrics_made in told.values() for metric in metrics_made}

    assert made == metrics()
    assert len(metric_filters()) == len({(each.function, each.metric) for each in metric_filters()})


def test_the_runbook_names_what_our_lines_have(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    """Each field and text of a query is in a line of that log, or Lambda's. The table has each field of a line."""
    caplog.set_level(logging.INFO)
    for condition in (
        logins,
        refreshes,
        trouble,
        keys,
        unread,
        mails,
        locked_factors,
    ):  # together their lines have every field
        condition(stack)
    lines = lines_of(stack, caplog)
    fields = {name: {field for line in told for field in line} for name, told in lines.items()}

    for alarm, text in sections().items():
        for query in queries(text):
            function = query.group.removeprefix("/aws/lambda/edge-auth-").replace("-", "_")
            written = {str(value) for line in lines[function] for value in line.values()}
            counted = {event for each in metric_filters() if each.function == function for event in each.events}
            assert query.fields <= fields[function] | OF_LAMBDA, alarm
            assert query.texts <= written | counted | OTHER_TEXTS, alarm
    page = RUNBOOK.read_text(encoding="utf-8").split("\n## The fields of a log line\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert set().union(*fields.values()) == set(re.findall(r"`(\w+)`", " ".join(rows)))


def test_an_outage_is_told_by_its_error_and_detail(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    """The lines of a 503 are errors: what failed at AWS, or the type of our own exception and where it was."""
    trouble(stack)

    refused, broken = [line for line in lines_of(stack, caplog)["refresh"] if line["level"] == "ERROR"]
    assert (refused["error"], refused["detail"]) == (TemporarilyUnavailable.code, "UpdateItem: AccessDeniedException")
    assert (broken["exception"], "app.py" in broken["where"][-1]) == ("TypeError", True)
