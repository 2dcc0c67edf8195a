"""A fake of Lambda's client for the deployed `reset_link`: the real use case, on the tables of these tests."""

import io
import json
import secrets
from typing import Any

from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.clock import now_ms
from edge_auth.errors import AccountError
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.accounts.reset_link import ResetLink
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce, TimedKey
from tests.admin.secrets_of_commands import hand_over_link
from tests.support import memory_aws
from tests.support.access_tokens import key
from tests.support.fakes.stores import FixedKeyRing

FUNCTION = "admin-ResetLinkFunction"
MAC_KEY = MacKey(b"mac-1", b"1" * 32)
PAGES_URL = "https://app.example.com/account"


class ResetLinkFunction:
    """Lambda's client. Each call returns `answer` if it is set."""

    def __init__(self) -> None:
        """Use the tables of these tests."""
        client = memory_aws.dynamodb()
        ring = FixedKeyRing(KeysInForce((TimedKey(key("ES256"), 0, 0),), MAC_KEY, {MAC_KEY.key_id: MAC_KEY}))
        self.answer: bytes | None = None
        self.names: list[str] = []
        self.flow = ResetLink(
            identities=DynamoDBIdentities(client, table="admin-IdentitiesTable"),
            challenges=DynamoDBChallenges(client, table="admin-ChallengesTable"),
            new_challenge=NewChallenge(key_ring=ring, clock=now_ms, entropy=secrets.token_bytes),
            key_ring=ring,
            pages_url=PAGES_URL,
        )

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's own names
        """Answer as the function does."""
        self.names.append(FunctionName)
        return {"Payload": io.BytesIO(self.answer if self.answer is not None else self._answer(json.loads(Payload)))}

    def _answer(self, event: dict[str, str]) -> bytes:
        assert event["action"] == "reset_link"
        try:
            made = self.flow(event["user_id"])
        except AccountError as error:
            return json.dumps({"refused": str(error)}).encode()
        hand_over_link(made.link, made.code)
        return json.dumps({"link": made.link, "code": made.code, "expires_at": made.expires_at_seconds}).encode()
