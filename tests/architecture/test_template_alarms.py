"""The alarms: each on something that happens, and heard by somebody."""

import re

from edge_auth.events.security_event import EventName
from tests.support.template import Intrinsic, functions, properties, resources

COUNTED = {
    ("refresh", EventName.REFRESH_TOKEN_REUSED),
    ("refresh", EventName.REFRESH_TOKEN_AHEAD),
    ("refresh", EventName.REFRESH_TOKEN_SEED_MISMATCH),
    ("rotate_keys", EventName.KEYS_REPLACED),
}
ALARMS = {"RefreshReuseAlarm", "RefreshAnomalyAlarm", "ServerErrorAlarm", "KeysReplacedAlarm", "KeyRotationAlarm"}


def test_metric_filters_name_events_that_exist_where_they_are_logged() -> None:
    """A16: a filter on a misspelt event, or on another function's log, would never count."""
    owners = {body["LoggingConfig"]["LogGroup"]: name for name, body in functions().items()}
    counted = set()
    for resource in resources("AWS::Logs::MetricFilter").values():
        owner = owners[resource["Properties"]["LogGroupName"]]
        events = re.findall(r'\$\.event = "([a-z_]+)"', resource["Properties"]["FilterPattern"])
        counted |= {(owner, event) for event in events}

    assert counted == COUNTED


def test_every_metric_of_ours_has_its_alarm() -> None:
    """One count is enough, in the namespace that the filter counts in."""
    for name, resource in resources("AWS::Logs::MetricFilter").items():
        [metric] = resource["Properties"]["MetricTransformations"]
        alarm = properties(name.removesuffix("Metric") + "Alarm")
        assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
        assert (alarm["Statistic"], metric["MetricValue"], alarm["EvaluationPeriods"]) == ("Sum", "1", 1)


def test_a_rotation_that_goes_on_failing_is_heard_of() -> None:
    """K3: the schedule's own failures, hour after hour; one that the next hour makes up for wakes nobody."""
    alarm = properties("KeyRotationAlarm")

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": Intrinsic("Ref", "RotateKeysFunction")}]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (3600, 3, 1)


def test_every_alarm_tells_the_topic() -> None:
    """An alarm nobody hears is a note."""
    alarms = resources("AWS::CloudWatch::Alarm")

    assert alarms.keys() == ALARMS
    for alarm in alarms.values():
        assert "AlarmTopicArn" in str(alarm["Properties"]["AlarmActions"])
        assert alarm["Properties"]["AlarmDescription"]
