"""Each alarm counts an event that the code logs, and notifies the operators' topic."""

import re

from edge_auth.authorizer.ended_sessions import FAILURE
from edge_auth.events.security_event import EventName
from tests.support.template import Intrinsic, functions, properties, resources, template

COUNTED = {
    ("refresh", EventName.REFRESH_TOKEN_REUSED),
    ("refresh", EventName.REFRESH_TOKEN_AHEAD),
    ("refresh", EventName.REFRESH_TOKEN_SEED_MISMATCH),
    ("refresh", EventName.REFRESH_TOKEN_DIVERGED),
    ("logout", EventName.REFRESH_TOKEN_REUSED),
    ("rotate_keys", EventName.KEYS_REPLACED),
}
ALARMS = {
    "RevocationsUnreadAlarm",
    "RefreshReuseAlarm",
    "RefreshAnomalyAlarm",
    "ServerErrorAlarm",
    "KeysReplacedAlarm",
    "KeyRotationAlarm",
    "KeyScheduleAlarm",
}


def test_metric_filters_name_events_that_exist_where_they_are_logged() -> None:
    """A16: each metric filter counts an existing event in the log of the function that records it."""
    owners = {body["LoggingConfig"]["LogGroup"]: name for name, body in functions().items()}
    counted = set()
    for resource in resources("AWS::Logs::MetricFilter").values():
        owner = owners[resource["Properties"]["LogGroupName"]]
        events = re.findall(r'\$\.event = "([a-z_]+)"', resource["Properties"]["FilterPattern"])
        counted |= {(owner, event) for event in events}

    assert counted == COUNTED


def test_every_metric_of_ours_has_its_alarm() -> None:
    """Each metric filter has an alarm in its namespace. It fires at one event, or at three reads that failed."""
    alarms = [properties(name) for name in resources("AWS::CloudWatch::Alarm")]
    for resource in resources("AWS::Logs::MetricFilter").values():
        [metric] = resource["Properties"]["MetricTransformations"]
        counted = (metric["MetricNamespace"], metric["MetricName"])
        [alarm] = [each for each in alarms if (each["Namespace"], each["MetricName"]) == counted]
        threshold = 3 if metric["MetricName"] == "RevocationsUnread" else 1
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (threshold, "GreaterThanOrEqualToThreshold")
        assert (alarm["Statistic"], metric["MetricValue"], alarm["EvaluationPeriods"]) == ("Sum", "1", 1)


def test_an_alarm_tells_of_ended_sessions_that_cannot_be_read() -> None:
    """The filter has the text that the authorizer logs. One lost answer is no alarm."""
    unread = properties("RevocationsUnreadMetric")
    owner = functions()["authorizer"]["LoggingConfig"]["LogGroup"]

    assert unread["LogGroupName"] == owner
    assert unread["FilterPattern"] == f'{{ $.message = "{FAILURE}" }}'
    assert properties("RevocationsUnreadAlarm")["Period"] == 300
    for name in ("RevocationsUnreadMetric", "RevocationsUnreadAlarm"):
        assert template()["Resources"][name]["Condition"] == "HasRevocations"


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
    """Each alarm notifies the topic and has a description."""
    alarms = resources("AWS::CloudWatch::Alarm")

    assert alarms.keys() == ALARMS
    for alarm in alarms.values():
        assert "AlarmTopicArn" in str(alarm["Properties"]["AlarmActions"])
        assert alarm["Properties"]["AlarmDescription"]
