"""The logs and tables of the stack, after all other tests."""

import json
from collections.abc import Iterator

from local.stack import Stack
from tests.e2e.client import Client, Session


def test_no_log_and_no_table_holds_a_token_or_a_password(client: Client, stack: Stack, session: Session) -> None:
    """No secret of this run is in the logs or the tables, and the search does find ids and names there."""
    client.refresh(session.refresh_token)
    client.get("/me", session.access_token)
    client.get("/me", f"{session.access_token}x")
    client.post_json("/auth/login", {"username": stack.user.name, "password": "a wrong password for this test"})
    client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    logs, tables = "\n".join(_log_messages(stack)), "\n".join(_items(stack))

    assert session.session_id in logs
    assert session.session_id in tables
    assert stack.user.name in tables
    long_enough_to_mean_something = {secret for secret in client.secrets if len(secret) >= 12}
    assert {session.access_token, session.refresh_token, stack.user.password} <= long_enough_to_mean_something
    # The end of a token is searched too: its signature, MAC or seed alone would do harm.
    parts = {part for secret in long_enough_to_mean_something for part in (secret, secret[-40:])}
    assert [part for part in parts if part in logs or part in tables] == []


def _log_messages(stack: Stack) -> Iterator[str]:
    for group in stack.clients.logs.describe_log_groups()["logGroups"]:
        pages = stack.clients.logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for page in pages:
            yield from (event["message"] for event in page["events"])


def _items(stack: Stack) -> Iterator[str]:
    for name in stack.clients.dynamodb.list_tables()["TableNames"]:
        for page in stack.clients.dynamodb.get_paginator("scan").paginate(TableName=name):
            yield from (json.dumps(item, default=repr) for item in page["Items"])
