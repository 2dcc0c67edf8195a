"""cfn-lint reads the deployed policies with AWS's own list of actions and their resources.

`sam validate --lint` does not: it leaves out the actions of every template with the SAM transform, and the resources
where a template refers to them (rules W3037 and I3510).
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.policies.deployed_policies import Document, deployed_policies
from tests.support.policies import as_list
from tests.support.template import ROOT

CFN_LINT = ROOT / ".tools" / "sam" / "bin" / "cfn-lint"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/Sessions"
MISSPELT, WRONG = "W3037", "I3510"
# What operators may do with more than one resource, each with its reason.
WILDCARDS = {
    "cloudformation:DescribeStacks": "the ARN of a stack ends with an id that CloudFormation makes",
    "logs:CreateLogStream": "the streams of one log group",
    "logs:PutLogEvents": "the same",
}


def faulty() -> Document:
    """Return a template with a misspelt action, and with an action on a resource that it does not have."""
    statements = [
        {"Effect": "Allow", "Action": "dynamodb:GetItems", "Resource": TABLE},
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": TABLE},
    ]
    policy = {"PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return {"Resources": {"Faulty": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy}}}


@pytest.fixture(scope="module")
def policies() -> dict[str, Document]:
    """Return the templates with the policies."""
    return deployed_policies()


def test_every_action_is_one_of_aws_and_has_its_resource(policies: dict[str, Document], tmp_path: Path) -> None:
    """cfn-lint finds the two planted faults, and nothing else in any template."""
    for number, document in enumerate([*policies.values(), faulty()]):
        (tmp_path / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
    command = [
        str(CFN_LINT),
        "--include-checks",
        WRONG,
        "--format",
        "json",
        "--",
        *map(str, sorted(tmp_path.glob("*.json"))),
    ]

    outcome = subprocess.run(command, capture_output=True, text=True, check=False)

    found = sorted((Path(each["Filename"]).stem, each["Rule"]["Id"]) for each in json.loads(outcome.stdout))
    assert found == [(str(len(policies)), WRONG), (str(len(policies)), MISSPELT)], outcome.stdout


def test_no_right_has_a_wildcard_without_a_reason(policies: dict[str, Document]) -> None:
    """cfn-lint allows wildcards."""
    wide = {
        (name, action)
        for document in policies.values()
        for name, body in document["Resources"].items()
        for statement in allowing(body["Properties"])
        for action in as_list(statement["Action"])
        if "*" in action or "NotResource" in statement or "*" in str(statement["Resource"])
    }

    of_all = {(policy, action) for policy in ("AllUsersPolicy", "KeysPolicy", "UsersPolicy") for action in WILDCARDS}
    assert wide == of_all | {("UsersPolicy", "ses:GetAccount")}, "the sandbox and the quota are of the whole account"


def allowing(properties: Document) -> list[Document]:
    """Return the statements of a role or of a policy that allow something."""
    documents = [properties, *properties.get("Policies", [])]
    every = [each for document in documents for each in document.get("PolicyDocument", {}).get("Statement", [])]
    return [each for each in every if each["Effect"] == "Allow"]
