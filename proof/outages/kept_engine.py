"""A real DynamoDB engine that keeps its tables on disk, so that it can be killed and started again under load."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from local import dynamodb
from local.dynamodb import Engine
from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from proof.outages.relay import Relay

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class KeptEngine:
    """An engine behind a relay, which always leads to the running one."""

    def __init__(self, folder: Path, relay: Relay) -> None:
        """Start with an empty folder. Raises Failure: it is not installed, or does not start."""
        self._folder = folder
        self._relay = relay
        self._opened = ExitStack()
        self._engine = self._started()

    @property
    def client(self) -> "DynamoDBClient":
        """A client of the running engine."""
        session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
        return session.client("dynamodb", endpoint_url=self._engine.endpoint, config=Config(proxies={}))

    def kill(self) -> None:
        """End the process at once, as a power failure does. Nothing is written any more."""
        os.kill(self._engine.process_id, signal.SIGKILL)
        self._opened.close()

    def restore(self) -> None:
        """Start it again, with the tables that are in its folder."""
        self._engine = self._started()

    def close(self) -> None:
        """End it."""
        self._opened.close()

    def _started(self) -> Engine:
        log = self._folder.with_suffix(".log")
        engine = self._opened.enter_context(dynamodb.running(log=log, environment=os.environ, folder=self._folder))
        self._relay.leads_to = int(engine.endpoint.rpartition(":")[2])
        return engine


@contextmanager
def kept_engine(folder: Path, relay: Relay, source: "DynamoDBClient") -> Iterator[KeptEngine]:
    """Run an engine with the tables and items of `source` behind a relay until the block ends."""
    folder.mkdir(parents=True)
    engine = KeptEngine(folder, relay)
    try:
        copy_tables(source, engine.client)
        yield engine
    finally:
        engine.close()


def copy_tables(source: "DynamoDBClient", target: "DynamoDBClient") -> None:
    """Make the tables of one engine in another one, with their items."""
    for page in source.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            table = source.describe_table(TableName=name)["Table"]
            target.create_table(
                TableName=name,
                KeySchema=table["KeySchema"],
                AttributeDefinitions=table["AttributeDefinitions"],
                BillingMode="PAY_PER_REQUEST",
            )
            for items in source.get_paginator("scan").paginate(TableName=name):
                for item in items["Items"]:
                    target.put_item(TableName=name, Item=item)
