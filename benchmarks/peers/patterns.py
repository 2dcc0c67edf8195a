"""The refresh of other designs: the requests to their stores, run on the benchmark's engine or quoted.

The sources:

- OpenAuth 0.4.3 (toolbeam/openauth, packages/openauth/src/issuer.ts, grant type refresh_token and `generateTokens`;
  storage/dynamo.ts): GetItem without ConsistentRead; PutItem of the presented token with `timeUsed`; PutItem of the
  next one, which names the one after it. Neither PutItem has a condition.
- SuperTokens core 12.1.1 (supertokens/supertokens-core, src/main/java/io/supertokens/session/Session.java,
  `refreshSessionHelper`) with its PostgreSQL plugin 9.5.5 (supertokens/supertokens-postgresql-plugin,
  queries/SessionQueries.java, `getSessionInfo_Transaction` and `updateSessionInfo_Transaction`): in one transaction
  SELECT … FOR UPDATE of the session, SELECT of the user's mapping, UPDATE of the session. It does not support
  DynamoDB. Here two consistent GetItem and a conditional PutItem stand for these statements; they do less than a row
  lock.

The others are not run. Their numbers of statements in a refresh are quoted, and were not counted again.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

YEAR_SECONDS = 365 * 86_400
REUSE_SECONDS = 60  # issuer.ts: `ttl.reuse`

# Reads and writes of one refresh.
QUOTED: Mapping[str, tuple[str, str]] = {
    "WebbPulse": ("1", "2"),
    "django-rest-framework-simplejwt with its blacklist": ("7 selects", "2 inserts"),
    "Ory Hydra": ("at least 3", "4"),
    "Supabase Auth": ("about 13 selects", "3"),
}

Refresh = Callable[[], None]


@dataclass(frozen=True)
class Pattern:
    """A design. `begin` writes to a table what a login writes, and returns the refresh of that session."""

    how: str
    keys: Mapping[str, str]
    begin: Callable[["DynamoDBClient", str], Refresh]

    def create_table(self, client: "DynamoDBClient", name: str) -> None:
        """Create a table with the design's keys. All keys are strings."""
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in self.keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in self.keys.items()],  # type: ignore[typeddict-item]
            BillingMode="PAY_PER_REQUEST",
        )


def begin_openauth(client: "DynamoDBClient", table: str) -> Refresh:
    """Write a refresh token and return its refresh, as OpenAuth's DynamoDB storage does."""

    def key(token: str) -> dict[str, Any]:
        # storage.ts joins the first two parts of a key with the unit separator.
        return {"pk": {"S": "oauth:refresh\x1fuser:0123456789abcdef"}, "sk": {"S": token}}

    def put(token: str, value: Mapping[str, Any], seconds: int) -> None:
        item = {"expiry": {"N": str(int(time.time()) + seconds)}, "value": {"S": json.dumps(value)}}
        client.put_item(TableName=table, Item={**key(token), **item})

    def refresh() -> None:
        found = client.get_item(TableName=table, Key=key(token))["Item"]
        value = json.loads(found["value"]["S"])
        put(token, {**value, "timeUsed": int(time.time() * 1000)}, REUSE_SECONDS)
        put(value["nextToken"], {**value, "nextToken": str(uuid.uuid4())}, YEAR_SECONDS)

    token, user = str(uuid.uuid4()), "0123456789abcdef"
    subject = {"type": "user", "properties": {"id": user}, "subject": f"user:{user}", "clientID": "web"}
    ttl = {"access": 2_592_000, "refresh": YEAR_SECONDS}
    put(token, {**subject, "ttl": ttl, "nextToken": str(uuid.uuid4())}, YEAR_SECONDS)
    return refresh


def begin_supertokens(client: "DynamoDBClient", table: str) -> Refresh:
    """Write a session and the user's mapping, and return the refresh: SuperTokens' SQL as DynamoDB requests."""

    def row(key: str) -> dict[str, Any]:
        # The keys of SuperTokens' rows begin with app and tenant.
        return {"pk": {"S": f"public#public#{key}"}}

    def read(key: str) -> dict[str, Any]:
        return dict(client.get_item(TableName=table, Key=row(key), ConsistentRead=True)["Item"])

    def refresh() -> None:
        found = read(f"session#{handle}")
        read(f"user#{found['user_id']['S']}")
        changed = {
            "refresh_token_hash_2": {"S": uuid.uuid4().hex * 2},
            "prev_refresh_token_hash_2": found["refresh_token_hash_2"],
            "refresh_token_rotated_at": {"N": str(int(time.time() * 1000))},
        }
        condition: Any = {
            "ConditionExpression": "refresh_token_hash_2 = :before",
            "ExpressionAttributeValues": {":before": found["refresh_token_hash_2"]},
        }
        client.put_item(TableName=table, Item={**found, **changed}, **condition)

    handle, user, now_ms = str(uuid.uuid4()), str(uuid.uuid4()), int(time.time() * 1000)
    texts = {"user_id": user, "refresh_token_hash_2": "0" * 64, "session_data": "{}", "jwt_user_payload": "{}"}
    times = {"expires_at": now_ms + 100 * 86_400_000, "created_at_time": now_ms}
    session: dict[str, Any] = {name: {"S": value} for name, value in texts.items()}
    session |= {name: {"N": str(value)} for name, value in times.items()} | {"use_static_key": {"BOOL": False}}
    client.put_item(TableName=table, Item={**row(f"session#{handle}"), **session})
    client.put_item(TableName=table, Item={**row(f"user#{user}"), "primary_or_recipe_user_id": {"S": user}})
    return refresh


PATTERNS = {
    "OpenAuth": Pattern("its pattern, run", {"pk": "HASH", "sk": "RANGE"}, begin_openauth),
    "SuperTokens": Pattern("its SQL as requests to DynamoDB, run", {"pk": "HASH"}, begin_supertokens),
}
