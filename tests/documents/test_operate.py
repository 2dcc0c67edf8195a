"""The runbook has a section for each alarm, and agrees with the template. The functional tests try its queries."""

import json
import re
from typing import Any

import pytest

from benchmarks.costs.costs import ALARM_METRICS, DASHBOARDS, METRICS, dollars
from tests.support.metric_filters import metric_filters, metrics
from tests.support.runbook import RUNBOOK, queries, sections
from tests.support.template import ROOT, properties, resources

TEXT = RUNBOOK.read_text(encoding="utf-8")
ALARMS = sorted(resources("AWS::CloudWatch::Alarm"))
LABELS = ("**It means:**", "**Look**", "**Do:**", "**Ignore it if**")


def table(title: str) -> list[list[str]]:
    """Return the cells of the first table under a heading of the second level, without its header."""
    lines = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


def window(alarm: dict[str, Any]) -> int:
    """Return the minutes of one period, or of all where each of them counts."""
    stats = [each["MetricStat"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    period = alarm.get("Period") or stats[0]["Period"]
    periods = 1 if "DatapointsToAlarm" in alarm else alarm["EvaluationPeriods"]
    minutes: int = period * periods // 60
    return minutes


def test_every_alarm_has_a_section_and_no_other_has() -> None:
    """Whoever is called finds the section by the alarm's name."""
    assert sorted(sections()) == ALARMS


@pytest.mark.parametrize("alarm", ALARMS)
def test_a_section_says_what_it_means_what_to_do_and_when_to_ignore_it(alarm: str) -> None:
    """It has a query, too. The description of the alarm ends with its address."""
    section = sections()[alarm]

    assert [label for label in LABELS if label not in section] == []
    assert queries(section)
    assert section.count("```text\n") == len(queries(section))
    assert properties(alarm)["AlarmDescription"].endswith(f" See docs/operate.md#{alarm.lower()}")


def test_the_thresholds_are_the_templates() -> None:
    """Each alarm has a row, with its threshold, its time and its least number."""
    rows = {row[0].strip("`"): row[1:] for row in table("The thresholds")}

    assert sorted(rows) == ALARMS
    for name, (at, time, least, why) in rows.items():
        alarm = properties(name)
        number, unit = re.findall(r"(\d+) (minute|hour)", time)[0]
        assert int(re.findall(r"\d+", at)[0]) == alarm["Threshold"], name
        assert int(number) * (60 if unit == "hour" else 1) == window(alarm), name
        assert ("twice in 15" in time) == ("DatapointsToAlarm" in alarm), name
        expression = next((str(each["Expression"]) for each in alarm.get("Metrics", []) if "Expression" in each), "")
        assert re.findall(r"\d+", least)[:1] == re.findall(r"IF\(\w+ >= (\d+)", expression), name
        assert why


def test_the_metrics_are_the_templates() -> None:
    """The table has every metric with its events, and the functions whose logs it is made from."""
    listed = {
        row[0].strip("`"): (set(re.findall(r"`(\w+)`", row[1])), set(re.findall(r"`(\w+)`", row[3])))
        for row in table("The metrics")
    }

    assert listed == {
        name: (
            {event for metric, event in metrics() if metric == name and event},
            {each.function for each in metric_filters() if each.metric == name},
        )
        for name, _ in metrics()
    }


def test_the_widgets_are_the_dashboards() -> None:
    """The table explains each widget, in its order."""
    body = properties("OverviewDashboard")["DashboardBody"].argument[0]

    assert [row[0] for row in table("The dashboard")] == re.findall(r'"title": "([^"]+)"', body)


def test_what_it_costs_is_what_is_counted() -> None:
    """The sentence has the numbers of the cost model."""
    text = " ".join(TEXT.split())

    assert f"These are {METRICS} metrics." in text
    assert f"in every hour they cost ${dollars(metric_month=METRICS):.2f}" in text
    assert f"the alarms ${dollars(alarm_month=ALARM_METRICS):.2f} and the dashboard" in text
    assert f"dashboard ${dollars(dashboard_month=DASHBOARDS):.2f};" in text
    assert f"other one costs ${dollars(dashboard_month=1):.0f} a month" in text


def test_the_access_log_costs_what_the_page_says() -> None:
    """A usual line, with the 26 bytes that CloudWatch adds to each; the query names fields that it has."""
    line = {
        "time": "1795000000000",
        "gateway_request_id": "6f1e2d3c-4b5a-4697-8877-665544332211",
        "gateway_extended_request_id": "Xm1cGEfUliAEPxA=",
        "method": "POST",
        "route": "/auth/refresh",
        "status": "200",
        "latency_ms": "38",
        "integration_latency_ms": "35",
        "integration_status": "200",
        "integration_error": "-",
        "authorizer_status": "-",
        "gateway_response": "-",
        "response_bytes": "1140",
        "source_ip": "203.0.113.7",
    }
    size = len(json.dumps(line)) + 26
    [query] = queries(TEXT.split("\n## The access log\n")[1])

    assert list(line) == list(json.loads(properties("Api")["AccessLogSetting"].argument[1]["Format"]))
    assert f"some {round(size, -1)} bytes, so a million of them cost {100 * dollars(log_byte=size * 10**6):.0f}" in TEXT
    assert (query.group, query.fields <= line.keys()) == ("/aws/apigateway/edge-auth-access", True)


def test_the_readme_leads_to_the_runbook() -> None:
    """The README has the link in its section on operation, and the guide to the events has it too."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "(docs/operate.md)" in readme.split("\n## Operate\n")[1].split("\n## ")[0]
    assert "(../operate.md" in (ROOT / "docs" / "guides" / "security-events.md").read_text(encoding="utf-8")
