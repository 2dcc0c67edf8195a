"""Operators with the rights of the stack's policies, and no others: MiniStack enforces them."""

import json
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest

from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.settings import ROOT
from local.stack import Stack
from tests.e2e.client import Client
from tests.e2e.operator import Person, edge_auth

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def as_operator(stack: Stack) -> Callable[[str, str], Run]:
    """Return a function that makes an IAM user with one policy of the stack, and returns the command of that user."""
    iam = boto3.client(
        "iam",
        endpoint_url=stack.settings.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )

    def make(name: str, output: str) -> Run:
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=stack.outputs[output])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

        return partial(edge_auth, stack, **keys)

    return make


def record(stack: Stack) -> list[dict[str, Any]]:
    """Return the lines of the record."""
    pages = stack.clients.logs.get_paginator("filter_log_events").paginate(
        logGroupName=stack.outputs["OperatorsLogGroup"]
    )
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


def test_an_operator_of_users_can_do_all_with_users_and_nothing_with_keys(
    stack: Stack, client: Client, person: Person, as_operator: Callable[[str, str], Run]
) -> None:
    """Each act works with the policy, and the record names the operator and the user. Keys are refused."""
    run = as_operator("grace", "UsersPolicyArn")
    client.open_session(person.name, person.password)
    acts = ["disable", "enable", "unlock", "end-sessions", "set-rights", "export", "sessions", "show"]

    created = run("users", "create", "hopper", "--password-stdin", stdin="a fine long passphrase\r\n")
    imported = run("users", "import", str(ROOT / "tests" / "admin" / "users.jsonl"))
    outcomes = [run("users", act, person.name) for act in acts]
    outcomes.append(run("users", "set-claims", person.name, "acme:tenant=blue"))
    outcomes.append(run("users", "rename", "hopper", "grace.hopper"))
    deleted = run("users", "delete", created.stdout.split()[-1], "--yes")
    refused = [run("keys", "show"), run("users", "list"), run("users", "export", "--all")]

    assert [one.stderr for one in (created, imported, *outcomes, deleted) if one.returncode != 0] == []
    lines = [line for line in record(stack) if line["caller"].endswith(":user/grace")]
    assert [line["act"] for line in lines if line["state"] == "done"] == [
        f"users {act}" for act in ("create", "import", *acts[:-2], "set-claims", "rename", "delete")
    ]
    assert created.stdout.split()[-1] == lines[0]["user_id"]
    assert [one.returncode for one in refused] == [1, 1, 1]
    assert all("AccessDenied" in one.stderr for one in refused)


def test_to_read_all_users_is_a_right_of_its_own(
    stack: Stack, person: Person, as_operator: Callable[[str, str], Run]
) -> None:
    """Whoever has it reads all users, and changes none."""
    run = as_operator("ida", "AllUsersPolicyArn")

    listed, exported = run("users", "list"), run("users", "export", "--all", "--with-password-hashes", "--yes")
    refused = run("users", "disable", person.name)

    assert (listed.returncode, exported.returncode, refused.returncode) == (0, 0, 1), listed.stderr + exported.stderr
    for outcome in (listed, exported):
        assert person.name in {json.loads(line)["username"] for line in outcome.stdout.splitlines()}
    assert "argon2id" not in listed.stdout
    assert "AccessDenied" in refused.stderr
    assert [line["act"] for line in record(stack) if line["caller"].endswith(":user/ida")] == ["users export"] * 2


def test_an_operator_of_keys_can_read_the_ring_and_change_no_user(
    person: Person, as_operator: Callable[[str, str], Run]
) -> None:
    """The other policy has the other rights."""
    run = as_operator("lise", "KeysPolicyArn")

    shown, refused = run("keys", "show"), run("users", "disable", person.name)

    assert shown.returncode == 0, shown.stderr
    assert (refused.returncode, "AccessDenied" in refused.stderr) == (1, True)
