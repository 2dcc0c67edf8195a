"""How others refresh: what their sources send to their stores, run on our engine, or quoted.

What was read:

- OpenAuth 0.4.3 (toolbeam/openauth, packages/openauth/src/issuer.ts, grant type refresh_token and `generateTokens`;
  storage/dynamo.ts): GetItem without ConsistentRead; PutItem of the presented token with `timeUsed`; PutItem of the
  next one, which names the one after it. Neither has a condition.
- SuperTokens core 12.1.1 (supertokens/supertokens-core, src/main/java/io/supertokens/session/Session.java,
  `refreshSessionHelper`) with its PostgreSQL plugin 9.5.5 (supertokens/supertokens-postgresql-plugin,
  queries/SessionQueries.java, `getSessionInfo_Transaction` and `updateSessionInfo_Transaction`): in one transaction
  SELECT … FOR UPDATE of the session, SELECT of the user's mapping, UPDATE of the session. It has no DynamoDB: here two
  consistent GetItem and a conditional PutItem stand for them, which is less than a row lock.

Those that are not run are quoted, as statements of a refresh; nothing here counted them again.
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
class OpenAuth:
    """OpenAuth's refresh of one token, as its DynamoDB storage does it."""

    client: "DynamoDBClient"
    table: str

    def begin(self) -> Refresh:
        """Write a refresh token as a login does; return the refresh of it."""
        token = str(uuid.uuid4())
        self._set(token, self._value(), YEAR_SECONDS)
        return lambda: self._refresh(token)

    def _refresh(self, token: str) -> None:
        found = self.client.get_item(TableName=self.table, Key=_openauth_key(token))["Item"]
        value = json.loads(found["value"]["S"])
        self._set(token, {**value, "timeUsed": int(time.time() * 1000)}, REUSE_SECONDS)
        self._set(value["nextToken"], {**value, "nextToken": str(uuid.uuid4())}, YEAR_SECONDS)

    def _value(self) -> dict[str, Any]:
        return {
            "type": "user",
            "properties": {"id": "0123456789abcdef"},
            "subject": "user:0123456789abcdef",
            "clientID": "web",
            "ttl": {"access": 2_592_000, "refresh": YEAR_SECONDS},
            "nextToken": str(uuid.uuid4()),
        }

    def _set(self, token: str, value: Mapping[str, Any], seconds: int) -> None:
        item = {"expiry": {"N": str(int(time.time()) + seconds)}, "value": {"S": json.dumps(value)}}
        self.client.put_item(TableName=self.table, Item={**_openauth_key(token), **item})


@dataclass(frozen=True)
class SuperTokens:
    """SuperTokens' refresh of one session, its SQL said in DynamoDB's words."""

    client: "DynamoDBClient"
    table: str

    def begin(self) -> Refresh:
        """Write a session and the user's mapping as a login does; return the refresh of it."""
        handle, user = str(uuid.uuid4()), str(uuid.uuid4())
        session = {
            **_row(f"session#{handle}"),
            "user_id": {"S": user},
            "refresh_token_hash_2": {"S": "0" * 64},
            "session_data": {"S": "{}"},
            "expires_at": {"N": str(int(time.time() * 1000) + 100 * 86_400_000)},
            "created_at_time": {"N": str(int(time.time() * 1000))},
            "jwt_user_payload": {"S": "{}"},
            "use_static_key": {"BOOL": False},
        }
        mapping = {**_row(f"user#{user}"), "primary_or_recipe_user_id": {"S": user}}
        for item in (session, mapping):
            self.client.put_item(TableName=self.table, Item=item)
        return lambda: self._refresh(handle)

    def _refresh(self, handle: str) -> None:
        session = self._read(f"session#{handle}")
        self._read(f"user#{session['user_id']['S']}")
        before = session["refresh_token_hash_2"]
        changed = {
            "refresh_token_hash_2": {"S": uuid.uuid4().hex * 2},
            "prev_refresh_token_hash_2": before,
            "refresh_token_rotated_at": {"N": str(int(time.time() * 1000))},
        }
        self.client.put_item(
            TableName=self.table,
            Item={**session, **changed},
            ConditionExpression="refresh_token_hash_2 = :before",
            ExpressionAttributeValues={":before": before},
        )

    def _read(self, key: str) -> dict[str, Any]:
        return dict(self.client.get_item(TableName=self.table, Key=_row(key), ConsistentRead=True)["Item"])


def create_openauth_table(client: "DynamoDBClient", name: str) -> None:
    """Create a table as OpenAuth's documentation has it."""
    _create(client, name, {"pk": "HASH", "sk": "RANGE"})


def create_supertokens_table(client: "DynamoDBClient", name: str) -> None:
    """Create one table for both of SuperTokens'."""
    _create(client, name, {"pk": "HASH"})


def _create(client: "DynamoDBClient", name: str, keys: Mapping[str, str]) -> None:
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],  # type: ignore[typeddict-item]
        BillingMode="PAY_PER_REQUEST",
    )


def _openauth_key(token: str) -> dict[str, Any]:
    # storage.ts joins the first two parts of a key by the unit separator.
    return {"pk": {"S": "oauth:refresh\x1fuser:0123456789abcdef"}, "sk": {"S": token}}


def _row(key: str) -> dict[str, Any]:
    # Its rows' keys begin with app and tenant.
    return {"pk": {"S": f"public#public#{key}"}}
