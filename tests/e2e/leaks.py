"""Looks for secrets in everything that the stack keeps: its logs and its tables."""

import json
import re
from collections.abc import Collection, Iterator

from local.stack import Stack

LONG_ENOUGH = 12  # a shorter value can be part of a text by chance
CODE = re.compile(r"(?<![0-9])[0-9]{8}(?![0-9])")  # of a mail; a longer number may have it in it by chance


def log_messages(stack: Stack) -> Iterator[str]:
    """Yield every line of every log group."""
    for group in stack.clients.logs.describe_log_groups()["logGroups"]:
        pages = stack.clients.logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for page in pages:
            yield from (event["message"] for event in page["events"])


def items(stack: Stack) -> Iterator[str]:
    """Yield every item of every table."""
    for name in stack.clients.dynamodb.list_tables()["TableNames"]:
        for page in stack.clients.dynamodb.get_paginator("scan").paginate(TableName=name):
            yield from (json.dumps(item, default=repr) for item in page["Items"])


def leaked(secrets: Collection[str], *places: str) -> list[str]:
    """Return the secrets that are in one of the texts, whole or by their end.

    The end of a token is searched too: its signature, MAC or seed alone would do harm. A code of 8 digits is searched
    as a number of its own.
    """
    parts = {part for secret in secrets if len(secret) >= LONG_ENOUGH for part in (secret, secret[-40:])}
    codes = {secret for secret in secrets if CODE.fullmatch(secret)}
    found = {number for place in places if codes for number in CODE.findall(place)}
    return [part for part in parts if any(part in place for place in places)] + sorted(codes & found)
