"""The engine that is killed: what it has said is written is there when it starts again."""

from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from local import dynamodb
from proof.outages.kept_engine import KeptEngine
from proof.outages.relay import relay
from tests.support.dynamodb.tables import create_table

KEY = {"pk": {"S": "a"}}


@pytest.mark.skipif(not dynamodb.is_installed(), reason=f"no DynamoDB engine: {dynamodb.HOW_TO_GET_IT}")
def test_an_engine_that_was_killed_has_its_items_when_it_starts_again(tmp_path: Path) -> None:
    """And the relay leads to the one that runs."""
    with relay(1) as to:
        engine = KeptEngine(tmp_path, to)
        try:
            create_table(engine.client, "ChallengesTable", "kept")
            engine.client.put_item(TableName="kept", Item={**KEY, "n": {"N": "1"}})

            engine.kill()
            with pytest.raises(BotoCoreError):
                engine.client.get_item(TableName="kept", Key=KEY)
            engine.restore()

            assert engine.client.get_item(TableName="kept", Key=KEY)["Item"]["n"] == {"N": "1"}
            assert engine.client.meta.endpoint_url.endswith(f":{to.leads_to}")
        finally:
            engine.close()
