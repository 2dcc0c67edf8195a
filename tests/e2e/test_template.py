"""The template that SAM built for the deployment."""

import json

import boto3
import yaml
from botocore.config import Config

from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.settings import ROOT, STACK_NAME
from local.stack import Stack


def aliases(text: str) -> int:
    """Return the number of aliases in a YAML text."""
    return sum(isinstance(token, yaml.AliasToken) for token in yaml.scan(text))


def test_the_built_template_has_no_aliases(stack: Stack) -> None:
    """CloudFormation refuses aliases, and SAM replaces them by their values."""
    built = stack.settings.home / "build" / "template.yaml"

    assert aliases((ROOT / "template.yaml").read_text(encoding="utf-8")) > 0
    assert aliases(built.read_text(encoding="utf-8")) == 0


def test_the_dashboard_is_deployed_and_its_body_is_json(stack: Stack) -> None:
    """CloudFormation puts names and ARNs into a text, which CloudWatch refuses if it is no JSON."""
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    cloudwatch = session.client("cloudwatch", endpoint_url=stack.settings.endpoint, config=Config(proxies={}))
    [dashboard] = cloudwatch.list_dashboards()["DashboardEntries"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"])

    assert dashboard["DashboardName"] == f"{STACK_NAME}-{REGION}"
    assert "${" not in json.dumps(body)
    assert {widget["type"] for widget in body["widgets"]} == {"text", "alarm", "metric"}
