"""The log: each event is one JSON line, without secrets."""

import json
import re
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.observability import FunctionLog
from edge_auth.web.body import json_parameters
from edge_auth.web.endpoint import endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from tests.support.sample_events import proxy_event
from tests.support.template import parameters

SECRETS = ("correct horse s3cret", "edgeauth_rt_s3cret", "eyJhbGciOiJFUzI1NiJ9.s3cret")


@pytest.fixture
def service() -> str:
    """Return a unique name, because a logger keeps the standard output that it had first."""
    return f"service-{uuid4()}"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines that were logged since the last call."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_security_event_is_one_line_of_its_fields(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line has fixed names, because metric filters use them (A16, L3)."""
    log = FunctionLog(service)
    log.begin(SimpleNamespace(aws_request_id="r-1"))
    log.record(SecurityEvent(EventName.REFRESH_TOKEN_REUSED, "user", "session", "reused", 2))
    (line,) = lines(capsys)
    named = {
        name: line[name] for name in ("level", "service", "request_id", "event", "user_id", "session_id", "reason")
    }
    assert named == {
        "level": "ERROR",
        "service": service,
        "request_id": "r-1",
        "event": "refresh_token_reused",
        "user_id": "user",
        "session_id": "session",
        "reason": "reused",
    }
    assert line["generations_behind"] == 2
    assert line["message"] == "refresh_token_reused"


def test_every_line_of_a_request_names_its_network(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A16: the network does not identify a person, and it is never the network of an earlier request."""
    log = FunctionLog(service)
    log.begin(SimpleNamespace(aws_request_id="r-1"))
    log.came_from("203.0.113.0/24")
    log.record(SecurityEvent(EventName.LOGIN_FAILED))
    log.refused(InvalidGrant("detail"))
    log.begin(SimpleNamespace(aws_request_id="r-2"))
    log.record(SecurityEvent(EventName.LOGIN_FAILED))
    assert [line.get("network") for line in lines(capsys)] == ["203.0.113.0/24", "203.0.113.0/24", None]


def test_the_time_is_utc_as_rfc_3339_has_it(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """L3: Lambda can filter a line by level only if the line has such a timestamp."""
    FunctionLog(service).record(SecurityEvent(EventName.LOGIN_FAILED))

    (line,) = lines(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", line["timestamp"])


@pytest.mark.parametrize("name", list(EventName))
def test_only_what_wants_attention_or_has_failed_is_an_error(
    service: str, capsys: pytest.CaptureFixture[str], name: EventName
) -> None:
    """Reuse, a restored table, a forged seed and a mail that was given up are errors. Routine events are not (A16)."""
    FunctionLog(service).record(SecurityEvent(name))
    (line,) = lines(capsys)
    is_error = name.wants_attention or name == EventName.MAIL_NOT_SENT
    assert line["level"] == ("ERROR" if is_error else "INFO")
    assert (line["event"], "user_id" in line, "generations_behind" in line) == (name.value, False, False)


def test_a_late_retry_from_elsewhere_is_an_error(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says what is the same as at the last rotation. If nothing is, a person should know of it (A16)."""
    event = SecurityEvent(EventName.REFRESH_RETRIED_LATE, same_client=False, same_network=True)
    log = FunctionLog(service)
    log.record(event)
    log.record(event._replace(same_network=False))
    told = [(line["level"], line["same_client"], line["same_network"]) for line in lines(capsys)]
    assert told == [("INFO", False, True), ("ERROR", False, False)]


# AWS Lambda Developer Guide, "Log-level filtering". Lambda takes a line of any other level for INFO.
LEVELS_OF_LAMBDA = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}


def test_every_line_has_a_level_that_lambda_knows(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A16: otherwise Lambda's own filter could drop the line of which an alarm is made."""
    log = FunctionLog(service)
    for name in EventName:
        log.record(SecurityEvent(name))
    log.refused(InvalidGrant("detail"))
    log.refused(TemporarilyUnavailable("detail"))
    log.broken(RuntimeError())

    assert {line["level"] for line in lines(capsys)} <= LEVELS_OF_LAMBDA


@pytest.mark.parametrize("level", parameters()["LogLevel"]["AllowedValues"])
def test_an_error_passes_every_log_level(
    service: str, level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A16: each value of the parameter is a level of Lambda, the logger takes it, and no alarm falls silent."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)  # Lambda sets it to the function's ApplicationLogLevel
    log = FunctionLog(service)
    errors = [name for name in EventName if name.wants_attention or name == EventName.MAIL_NOT_SENT]

    for name in EventName:
        log.record(SecurityEvent(name))

    logged = [line["event"] for line in lines(capsys)]
    assert level in LEVELS_OF_LAMBDA
    assert logged == (list(EventName) if level == "INFO" else errors)


def test_no_generation_behind_is_still_told(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Zero generations behind is a value, so the field is present."""
    FunctionLog(service).record(SecurityEvent(EventName.REFRESH_COALESCED, generations_behind=0))
    assert lines(capsys)[0]["generations_behind"] == 0


def test_a_refusal_is_recorded_with_its_detail(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the detail. An infrastructure failure is an error, and any other refusal is information (L3)."""
    log = FunctionLog(service)
    log.refused(InvalidGrant("revoked"))
    log.refused(TemporarilyUnavailable("throttled"))
    first, second = lines(capsys)
    assert (first["level"], first["error"], first["detail"]) == ("INFO", "invalid_grant", "revoked")
    assert (second["level"], second["error"], second["detail"]) == ("ERROR", "temporarily_unavailable", "throttled")


SECTIONS: dict[str, str] = {}


def _break(*secrets: str) -> None:
    password = secrets[0]
    try:
        SECTIONS[password]
    except KeyError as cause:
        raise RuntimeError(f"cannot handle {secrets}") from cause


def test_an_unexpected_exception_is_told_without_its_message(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the type and the place, and no message, cause, source line or local variable (L1, L4)."""

    def post(_request: Request) -> Response:
        _break(*SECRETS)
        return Response(204)

    answer = endpoint({"POST": post}, FunctionLog(service))(proxy_event("{}"), SimpleNamespace(aws_request_id="r-2"))
    captured = capsys.readouterr()
    assert answer["statusCode"] == 503
    line = json.loads(captured.out)
    assert (line["level"], line["exception"], line["request_id"]) == ("ERROR", "RuntimeError", "r-2")
    assert any("_break" in frame for frame in line["where"])
    for secret in (*SECRETS, "s3cret", "cannot handle", "password ="):
        assert secret not in captured.out + captured.err


@pytest.mark.parametrize(
    "body",
    [
        '{"password":"correct horse s3cret","password":"x"}',
        '{"password":"correct horse s3cret"',
        '{"password":["correct horse s3cret"]}',
        '{"refresh_token":"edgeauth_rt_s3cret"}',
        "eyJhbGciOiJFUzI1NiJ9.s3cret",
        '{"password":"s3cret\\ud800"}',
    ],
)
def test_a_refused_body_is_not_quoted(service: str, capsys: pytest.CaptureFixture[str], body: str) -> None:
    """The log does not contain the body of a request, for any error (L4, Z15)."""

    def post(request: Request) -> Response:
        json_parameters(request).text("password")
        raise InvalidGrant("not reached with these bodies")

    event = {**proxy_event(body), "headers": {"Content-Type": "application/json", "Authorization": "Bearer s3cret"}}
    answer = endpoint({"POST": post}, FunctionLog(service))(event, None)
    captured = capsys.readouterr()
    assert answer["statusCode"] == 400
    assert captured.out
    assert "s3cret" not in captured.out + captured.err + json.dumps(answer)
