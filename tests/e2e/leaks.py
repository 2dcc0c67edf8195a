"""Looks for secrets in everything that the stack keeps: its logs, tables, streams, mails and files."""

import re
from collections.abc import Collection, Iterator
from contextlib import closing

import boto3
import requests

from edge_auth.keys.ring_document import from_secret_json
from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.stack import Stack
from tests.support.rings import secrets_of
from tests.support.secret_search import RECOVERY_CODE, Secret, as_text
from tests.support.secrets_of_run import MAILS_OF_STACK, issued, wrote

JWT_DOTS = 2
PROOF = "proof of a mail"
OPAQUE = "edgeauth_"
KINDS = {
    "edgeauth_rt": "refresh token",
    "edgeauth_st": "cookie",
    "edgeauth_dt": "device token",
    "edgeauth_en": "secret of an app",
    "edgeauth_pt": PROOF,
}
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
            yield from map(as_text, page["Items"])


def records(stack: Stack) -> Iterator[str]:
    """Yield every record of every stream of a table."""
    streams = boto3.session.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION).client(
        "dynamodbstreams", endpoint_url=stack.settings.endpoint
    )
    with closing(streams):
        for stream in streams.list_streams()["Streams"]:
            arn = stream["StreamArn"]
            for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
                begin = streams.get_shard_iterator(
                    StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
                yield from map(as_text, streams.get_records(ShardIterator=begin)["Records"])


def mails(stack: Stack) -> Iterator[str]:
    """Yield every mail that has left."""
    with requests.Session() as session:
        session.trust_env = False
        yield session.get(f"{stack.settings.endpoint}/_ministack/ses/messages", timeout=30).text


def files(stack: Stack) -> Iterator[str]:
    """Yield every log that is a file."""
    yield from (path.read_text(errors="replace") for path in sorted(stack.settings.home.glob("*.log")))


def kept_secrets(stack: Stack) -> Iterator[Secret]:
    """Yield the keys of the deployment, which are in Secrets Manager and nowhere else."""
    for listed in stack.clients.secretsmanager.list_secrets()["SecretList"]:
        text = stack.clients.secretsmanager.get_secret_value(SecretId=listed["ARN"])["SecretString"]
        try:
            ring = from_secret_json(text)
        except ValueError:
            yield Secret("sealing key", text)
        else:
            yield from (Secret("key of the ring", value) for value in secrets_of(ring))


def kind_of(value: str) -> str:
    """Return the kind of a secret of the API by its form."""
    if CODE.fullmatch(value):
        return PROOF
    if RECOVERY_CODE.fullmatch(value):
        return "recovery code"
    if value.startswith(OPAQUE):
        return KINDS.get(value[: len(OPAQUE) + 2], "another token")
    return "access token" if value.count(".") == JWT_DOTS else "password"


def hand_over(stack: Stack, secrets: Collection[str]) -> None:
    """Hand over the secrets and what the stack keeps, for the search at the end of the run."""
    issued(Secret(kind_of(value), value) for value in (*secrets, stack.user.password))
    issued(kept_secrets(stack))
    wrote("log groups of the local stack", log_messages(stack))
    wrote("tables of the local stack", items(stack))
    wrote("streams of the local stack", records(stack))
    wrote(MAILS_OF_STACK, mails(stack))
    wrote("log files of the local stack", files(stack))


def leaked(secrets: Collection[str], *places: str) -> list[str]:
    """Return the secrets that are in one of the texts, whole or by their end.

    The end of a token is searched too: its signature, MAC or seed alone would do harm. A code of 8 digits is searched
    as a number of its own.
    """
    parts = {part for secret in secrets if len(secret) >= LONG_ENOUGH for part in (secret, secret[-40:])}
    codes = {secret for secret in secrets if CODE.fullmatch(secret)}
    found = {number for place in places if codes for number in CODE.findall(place)}
    return [part for part in parts if any(part in place for place in places)] + sorted(codes & found)
