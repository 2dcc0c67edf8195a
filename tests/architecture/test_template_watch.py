"""The dashboard and the access log, as CloudFormation makes them for a set of parameters."""

import json
import re
from typing import Any

import pytest

from tests.support.conditions import Deployed
from tests.support.sam_transform import expanded

GIVEN = {"Audience": "https://api.example.com"}
MAIL = {
    "MailFrom": "login@example.com",
    "MailIdentity": "example.com",
    "PagesUrl": "https://app.example.com/account",
}
FREE_METRICS = 50  # of each of an account's three free dashboards
HEADERS_AND_BODIES = ("header", "authorization", "cookie", "querystring", "request.body", "error.message", "claims")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """Return the template as SAM expands it."""
    [document] = expanded(GIVEN)
    return document


def body_of(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the dashboard's body, with a text in the place of each name and ARN."""
    text, variables = resources["OverviewDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value if isinstance(value, str) else value["Fn::Sub"])
    document: dict[str, Any] = json.loads(re.sub(r"\$\{[\w:.]+\}", "7", text))
    return document


@pytest.mark.parametrize(
    "features",
    [
        {},
        {"RevocationSeconds": "0"},
        {"SecondFactor": "optional"},
        MAIL,
        {**MAIL, "SecondFactor": "everybody"},
        {**MAIL, "SecondFactor": "optional", "RevocationSeconds": "0"},
        {**MAIL, "MailerFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:mine"},
    ],
    ids=["default", "no feed", "second factor", "mail", "all", "all but the feed", "own mailer"],
)
def test_the_body_of_the_dashboard_is_json_that_names_every_alarm(
    template: dict[str, Any], features: dict[str, str]
) -> None:
    """With and without the alarms that only a feature makes. CloudWatch has a price for more than 50 metrics."""
    resources = Deployed(template, {**GIVEN, **features}).resources()
    text = json.dumps(resources["OverviewDashboard"])

    widgets = body_of(resources)["widgets"]
    alarms = {name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(re.findall(r"\$\{(\w+)\.Arn\}", text)) == alarms
    assert sum(len(widget["properties"].get("metrics", [])) for widget in widgets) <= FREE_METRICS
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)


def test_the_dashboard_can_be_left_out(template: dict[str, Any]) -> None:
    """It is there by default."""
    assert "OverviewDashboard" in Deployed(template, GIVEN).resources()
    assert "OverviewDashboard" not in Deployed(template, {**GIVEN, "Dashboard": "false"}).resources()


def stage_of(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the API's one stage."""
    [stage] = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::ApiGateway::Stage"]
    return dict(stage)


def test_without_an_access_log_nothing_is_made_for_it(template: dict[str, Any]) -> None:
    """This is the default: no log group, no setting, and never a role of the account."""
    resources = Deployed(template, GIVEN).resources()

    assert "AccessLogGroup" not in resources
    assert "AccessLogSetting" not in stage_of(resources)
    assert all(resource["Type"] != "AWS::ApiGateway::Account" for resource in resources.values())


def test_the_access_log_goes_to_its_group_for_as_long_as_it_is_kept(template: dict[str, Any]) -> None:
    """The group has its own time, because the addresses in it are personal data."""
    resources = Deployed(template, {**GIVEN, "AccessLogRetentionDays": "7"}).resources()

    assert resources["AccessLogGroup"]["Properties"]["RetentionInDays"] == "7"
    setting = stage_of(resources)["AccessLogSetting"]
    assert setting["DestinationArn"].endswith(":log-group:${AccessLogGroup}")


def test_a_line_of_the_access_log_has_no_token(template: dict[str, Any]) -> None:
    """L4: one line of JSON, and no header, cookie, query, body, claim or text that quotes one of them."""
    resources = Deployed(template, {**GIVEN, "AccessLogRetentionDays": "7"}).resources()
    text = stage_of(resources)["AccessLogSetting"]["Format"]
    line = json.loads(text)

    assert "\n" not in text
    assert all(re.fullmatch(r"\$context(\.\w+)+", value) for value in line.values())
    assert [word for word in HEADERS_AND_BODIES if word in text.lower()] == []
    assert line["route"] == "$context.resourcePath"  # with {session_id}, not with the id
    assert {"$context.requestId", "$context.extendedRequestId", "$context.status", "$context.responseLatency"} <= set(
        line.values()
    )
