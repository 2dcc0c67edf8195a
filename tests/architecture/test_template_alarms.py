"""Each alarm has numbers that something makes, goes off when it should, and notifies the operators' topic."""

import re
from typing import Any

import pytest

from edge_auth.authorizer.ended_sessions import FAILURE, WAIT_SECONDS
from edge_auth.events.security_event import EventName
from edge_auth.keys.timing import FETCH_TIMEOUT_SECONDS
from tests.support.metric_filters import matches, metric_filters, metrics
from tests.support.template import Intrinsic, functions, parameters, properties, resources, template

OF_REFRESH = {event for event in EventName if event.startswith("refresh_")}
COUNTED = {
    *(("login", event) for event in (EventName.LOGIN_SUCCEEDED, EventName.LOGIN_FAILED, EventName.LOGIN_THROTTLED)),
    *(("refresh", event) for event in OF_REFRESH),
    ("logout", EventName.REFRESH_TOKEN_REUSED),
    ("rotate_keys", EventName.KEYS_REPLACED),
    ("mailer", EventName.MAIL_NOT_SENT),
    *(("passkey_sign_in", event) for event in (EventName.LOGIN_SUCCEEDED, EventName.LOGIN_FAILED)),
    *((function, EventName.FACTOR_LOCKED) for function in ("login", "step_up", "reset")),
}
ALARMS = {
    "RevocationsUnreadAlarm",
    "RefreshReuseAlarm",
    "RefreshAnomalyAlarm",
    "LateRetryElsewhereAlarm",
    "RefusedLoginsAlarm",
    "ThrottledLoginsAlarm",
    "LoginLatencyAlarm",
    "RefreshLatencyAlarm",
    "AuthorizerLatencyAlarm",
    "AuthorizerErrorAlarm",
    "ServerErrorAlarm",
    "FactorLockedAlarm",
    "KeysReplacedAlarm",
    "KeyAgeAlarm",
    "KeyRotationAlarm",
    "KeyScheduleAlarm",
    "MailsDelayedAlarm",
    "MailsNotSentAlarm",
}
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
OF_AWS = {
    "AWS/Lambda": {"Invocations", "Errors", "Throttles", "Duration", "IteratorAge"},
    "AWS/ApiGateway": {"Count", "4XXError", "5XXError", "Latency"},
}
EACH_COUNTS = {"RefreshTokenReused", "RefreshTokenAnomaly", "LateRetriesFromElsewhere", "KeysReplaced", "FactorLocked"}


def measured(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics of an alarm, each with its namespace, its name and its dimensions."""
    inner = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    return inner or [alarm]


def value(name: str, **given: float) -> float:
    """Return the value of an alarm's expression. Python reads it as CloudWatch does, with a function for IF."""
    [expression] = [each["Expression"] for each in properties(name)["Metrics"] if "Expression" in each]
    text = str(expression.argument if isinstance(expression, Intrinsic) else expression)
    for parameter in re.findall(r"\$\{(\w+)\}", text):
        text = text.replace(f"${{{parameter}}}", str(parameters()[parameter]["Default"]))
    assert re.fullmatch(r"[\w +*/,>=()-]+", text)

    def either(condition: bool, yes: float, no: float) -> float:  # noqa: FBT001 - as CloudWatch's IF
        return yes if condition else no

    return float(eval(text, {"IF": either}, dict(given)))  # noqa: S307 - the template's own, and checked above


def goes_off(name: str, **given: float) -> bool:
    """Whether one period with these numbers counts for the alarm."""
    alarm = properties(name)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    return value(name, **given) >= float(alarm["Threshold"])


def test_metric_filters_name_events_that_exist_where_they_are_logged() -> None:
    """A16: each metric filter counts an existing event in the log of the function that records it."""
    assert {(each.function, event) for each in metric_filters() for event in each.events} == COUNTED


def test_a_pattern_of_another_form_is_refused() -> None:
    """A pattern that CloudWatch would read otherwise must not pass here."""
    line = {"event": "login_failed", "same_client": False, "age": 3}
    assert matches('{ ($.event = "login_failed") && ($.same_client IS FALSE) }', line)
    assert not matches("{ $.age >= 4 }", line)
    assert not matches("{ $.same_client >= 0 }", line)
    for wrong in (
        '{ $.event = "login_*" }',
        "{ $.event = login }",
        "login",
        '{ ($.a = "b") && ($.c = "d") || ($.e = "f") }',
    ):
        with pytest.raises(ValueError, match="cannot be read here"):
            matches(wrong, line)


def test_every_number_of_an_alarm_or_a_widget_is_made_by_something() -> None:
    """A filter of ours, or AWS itself. No metric of ours has an alarm and a widget too few: each has one."""
    ours = Intrinsic("Ref", "AWS::StackName")
    used = set()
    for name in resources("AWS::CloudWatch::Alarm"):
        for metric in measured(properties(name)):
            events = [each["Value"] for each in metric.get("Dimensions", []) if each["Name"] == "event"]
            used.add((metric["Namespace"], metric["MetricName"], *(events or [""])))
    body = properties("OverviewDashboard")["DashboardBody"].argument[0]
    for namespace, metric, event in re.findall(
        r'\["(\$\{AWS::StackName\}|AWS/\w+)", "(\w+)"(?:, "event", "(\w+)")?', body
    ):
        used.add((ours if namespace.startswith("$") else namespace, metric, event))

    assert {(metric, event) for namespace, metric, event in used if namespace == ours} == metrics()
    for namespace, metric, _ in used:
        assert namespace == ours or metric in OF_AWS[namespace]


def test_each_event_that_wants_attention_sets_off_an_alarm() -> None:
    """A16: one is enough. A filter without a dimension counts in the namespace of the stack."""
    alarms = {alarm["MetricName"]: alarm for alarm in map(properties, ALARMS) if "MetricName" in alarm}
    for name in EACH_COUNTS:
        alarm = alarms[name]
        assert (alarm["Namespace"], alarm["Statistic"]) == (Intrinsic("Ref", "AWS::StackName"), "Sum")
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
        assert (alarm["EvaluationPeriods"], alarm["Period"]) == (1, 300)
    counted = {event for each in metric_filters() if each.metric in EACH_COUNTS for event in each.events}
    assert {event for event in EventName if event.wants_attention} <= counted


def test_an_alarm_tells_of_ended_sessions_that_cannot_be_read() -> None:
    """The filter has the text that the authorizer logs. One lost answer is no alarm."""
    unread, alarm = properties("RevocationsUnreadMetric"), properties("RevocationsUnreadAlarm")

    assert unread["LogGroupName"] == functions()["authorizer"]["LoggingConfig"]["LogGroup"]
    assert unread["FilterPattern"] == f'{{ $.message = "{FAILURE}" }}'
    assert (alarm["Period"], alarm["Threshold"], alarm["EvaluationPeriods"]) == (300, 3, 1)
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    for name in ("RevocationsUnreadMetric", "RevocationsUnreadAlarm", "RevocationsAgeMetric"):
        assert template()["Resources"][name]["Condition"] == "HasRevocations"


def test_failures_are_a_share_of_the_requests_and_some_at_least() -> None:
    """One fault of a quiet API is no alarm, its outage is one, and so is one request in twenty of a busy API."""
    assert not goes_off("ServerErrorAlarm", errors=4, requests=4)
    assert goes_off("ServerErrorAlarm", errors=5, requests=5)
    assert goes_off("ServerErrorAlarm", errors=500, requests=10_000)
    assert not goes_off("ServerErrorAlarm", errors=499, requests=10_000)


@pytest.mark.parametrize(
    ("alarm", "number", "share"), [("RefusedLoginsAlarm", "refused", 0.6), ("ThrottledLoginsAlarm", "throttled", 0.2)]
)
def test_refused_logins_are_a_share_of_all_and_some_at_least(alarm: str, number: str, share: float) -> None:
    """One user who mistypes again and again at night is no alarm. A wave is one after two periods of three."""
    assert not goes_off(alarm, **{number: 29}, calls=29)
    assert goes_off(alarm, **{number: 30}, calls=30 / share)
    assert not goes_off(alarm, **{number: 3000}, calls=3000 / share + 1)
    body = properties(alarm)
    assert (body["DatapointsToAlarm"], body["EvaluationPeriods"]) == (2, 3)


@pytest.mark.parametrize("alarm", ["RefusedLoginsAlarm", "ThrottledLoginsAlarm"])
def test_a_share_is_of_the_calls_of_the_functions_that_make_its_number(alarm: str) -> None:
    """Refused sign-ins with passkeys over the calls of `login` would be more than all of them."""
    calls, number = sorted(measured(properties(alarm)), key=lambda metric: str(metric["Namespace"]))
    [function], [event] = ([each["Value"] for each in metric["Dimensions"]] for metric in (calls, number))
    made_by = {
        each.function for each in metric_filters() if each.metric == number["MetricName"] and event in each.events
    }

    assert (calls["Namespace"], calls["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert [f"functions/{name}" for name in made_by] == [properties(function.argument)["CodeUri"]]


@pytest.mark.parametrize("name", ["Login", "Refresh", "Authorizer"])
def test_slow_calls_need_enough_calls(name: str) -> None:
    """With few calls the slowest of a hundred is one call. All metrics are of one function."""
    alarm = properties(f"{name}LatencyAlarm")
    slow = alarm["Threshold"]

    assert not goes_off(f"{name}LatencyAlarm", p99=10 * slow, calls=99)
    assert goes_off(f"{name}LatencyAlarm", p99=slow, calls=100)
    assert not goes_off(f"{name}LatencyAlarm", p99=slow - 1, calls=10_000)
    of = {dimension["Value"].argument for metric in measured(alarm) for dimension in metric["Dimensions"]}
    assert of == {f"{name}Function"}


def test_the_authorizer_is_slow_before_its_requests_wait_in_vain() -> None:
    """It waits for a second at most, for the ended sessions or for a key that it does not know."""
    assert properties("AuthorizerLatencyAlarm")["Threshold"] < 1000 * min(WAIT_SECONDS, FETCH_TIMEOUT_SECONDS)


def test_an_alarm_tells_of_an_authorizer_that_fails_in_front_of_any_api() -> None:
    """The 5xx of an API that is not of this stack are in no number of ours. Lambda counts the failed calls of all."""
    alarm = properties("AuthorizerErrorAlarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": Intrinsic("Ref", "AuthorizerFunction")}]
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Sum", 300, 3)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (5, "GreaterThanOrEqualToThreshold")


def test_an_alarm_tells_of_a_key_that_is_too_old() -> None:
    """K3: a planned key is never late. After a change of SigningAlgorithm it is public for KeyPublishHours first."""
    days, hours = parameters()["KeyRotationDays"]["Default"], parameters()["KeyPublishHours"]["Default"]
    latest = (24 * days + hours) * 3600

    assert not goes_off("KeyAgeAlarm", age=latest + 7199)
    assert goes_off("KeyAgeAlarm", age=latest + 7200)


def test_alarms_tell_of_mails_that_wait_and_of_mails_that_are_given_up() -> None:
    """A mail waits long before it is given up. A few mails to wrong addresses are no alarm."""
    delayed, given_up = properties("MailsDelayedAlarm"), properties("MailsNotSentAlarm")

    assert (delayed["Namespace"], delayed["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    assert delayed["Dimensions"] == [{"Name": "FunctionName", "Value": Intrinsic("Ref", "MailerFunction")}]
    assert delayed["Threshold"] < properties("MailStream")["MaximumRecordAgeInSeconds"] * 1000 / 2
    assert (given_up["MetricName"], given_up["Period"], given_up["Threshold"]) == ("MailsNotSent", 900, 10)
    for name in ("MailsDelayedAlarm", "MailsNotSentAlarm", "MailsNotSentMetric"):
        assert template()["Resources"][name]["Condition"] == "HasMailer"


def test_an_alarm_tells_of_a_rotation_that_goes_on_failing() -> None:
    """K3: the alarm fires after failures in three successive hours, and a single failure does not fire it."""
    alarm = properties("KeyRotationAlarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": Intrinsic("Ref", "RotateKeysFunction")}]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (3600, 3, 1)


def test_an_alarm_tells_of_a_schedule_that_has_stopped() -> None:
    """K3: an hourly run that never comes is no error of a function, so the alarm counts the calls."""
    alarm = properties("KeyScheduleAlarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": Intrinsic("Ref", "RotateKeysFunction")}]
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Sum", 3600, 3)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert alarm["TreatMissingData"] == "breaching"


def test_every_alarm_tells_the_topic() -> None:
    """Each alarm notifies the topic and has a description. An expression has one value: that of its first line."""
    alarms = resources("AWS::CloudWatch::Alarm")

    assert alarms.keys() == ALARMS
    for alarm in map(properties, alarms):
        assert "AlarmTopicArn" in str(alarm["AlarmActions"])
        assert alarm["AlarmDescription"]
        shown = [each.get("ReturnData", True) for each in alarm.get("Metrics", [])]
        assert shown.count(True) == bool(shown)
