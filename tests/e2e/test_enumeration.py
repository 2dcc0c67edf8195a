"""P8, over HTTP: strangers cannot tell who is a user. The plan of the month is that of tests/functional.

No clock moves: the times in the table of attempts are set back. EDGE_AUTH_PAIRS says how many users and how many names
without a user are probed; see CONTRIBUTING.md.
"""

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from local.stack import Stack
from tests.e2e.client import JSON, Client
from tests.e2e.conftest import PROXY_SECRET, new_person
from tests.e2e.operator import Person
from tests.support import probing
from tests.support.probing import Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

PAIRS = int(os.environ.get("EDGE_AUTH_PAIRS", "1"))
# A request of the plan's second N arrives this long after N begins. All of N counts as one moment, so a slow machine
# may take the rest of the second.
EARLY_MS = 150


class DeployedLogin:
    """The deployed login, with clients behind the proxy that the stack trusts, and a time of its own."""

    def __init__(self, stack: Stack, client: Client) -> None:
        """Begin with a stranger who has an account and a device token, too."""
        self._dynamodb, self._table = stack.clients.dynamodb, stack.outputs["ThrottleTable"]
        self._client = client
        self._device_tokens: dict[str, str] = {}
        self._passwords: dict[str, str] = {}
        self._ahead_ms = 0  # of the clock of the machine
        self._at_seconds = 0
        self.begin(deletes_at_once=False)
        self._stranger = new_person(stack)
        self.add(self._stranger)
        self.owner(self._stranger.name, "192.0.2.200", with_token=False)

    def add(self, person: Person) -> None:
        """Take the password of a user who logs in."""
        self._passwords[person.name] = person.password

    def begin(self, *, deletes_at_once: bool) -> "DeployedLogin":
        """Begin the month anew, without attempts."""
        self._deletes_at_once = deletes_at_once
        self._each(lambda item: self._delete(item["bucket"]))
        self._ahead_ms = 0
        self._begin_ms = _now_ms() - EARLY_MS
        return self

    def wrong(self, username: str, address: str, *, with_token: bool) -> Seen:
        """Log in with a wrong password."""
        token = self._device_tokens[self._stranger.name] if with_token else ""
        response = self._log_in(username, "not the password", address, token)
        retry_after = response.headers.get("Retry-After", "")
        return Seen(self._at_seconds, response.status_code, retry_after, response.text)

    def owner(self, username: str, address: str, *, with_token: bool) -> None:
        """Log in with the right password, which works in spite of what strangers do."""
        token = self._device_tokens[username] if with_token else ""
        response = self._log_in(username, self._passwords[username], address, token)
        assert response.status_code == 200, response.text
        self._device_tokens[username] = response.json()["device_token"]

    def go_to(self, at_seconds: int) -> None:
        """Let the time pass, and delete what DynamoDB would delete."""
        ms = self._begin_ms + at_seconds * 1000 + EARLY_MS - self._now_ms()
        self._each(lambda item: self._put(item, ms))
        self._ahead_ms += ms
        self._at_seconds = at_seconds

    def _now_ms(self) -> int:
        return _now_ms() + self._ahead_ms

    def _log_in(self, username: str, password: str, address: str, device_token: str) -> requests.Response:
        headers = {**JSON, "X-Real-IP": address, "Edge-Auth-Proxy-Secret": PROXY_SECRET}
        body = {"username": username, "password": password, "device_token": device_token}
        return self._client.post_json("/auth/login", body, headers=headers)

    def _each(self, act: "Callable[[dict[str, AttributeValueTypeDef]], None]") -> None:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table):
            for item in page["Items"]:
                act(item)

    def _delete(self, bucket: "AttributeValueTypeDef") -> None:
        self._dynamodb.delete_item(TableName=self._table, Key={"bucket": bucket})

    def _put(self, item: "dict[str, AttributeValueTypeDef]", ms: int) -> None:
        """Put an item whose times are so much earlier, and the latest of them at the beginning of its second."""
        older: dict[str, Any] = {name: self._older(name, value, ms) for name, value in item.items()}
        if self._deletes_at_once and int(older["delete_at"]["N"]) * 1000 <= _now_ms():
            self._delete(item["bucket"])
        else:
            self._dynamodb.put_item(TableName=self._table, Item=older)

    def _older(self, name: str, value: Any, ms: int) -> dict[str, Any]:  # noqa: ANN401 - one of DynamoDB's types
        match name:
            case "tries" | "failed":
                return {"SS": [self._older_attempt(one, ms) for one in value["SS"]]}
            case "last_try":
                return {"S": self._older_attempt(value["S"], ms)}
            case "taken_until_ms":
                return {"N": str(int(value["N"]) - ms)}
            case "delete_at":
                return {"N": str(int(value["N"]) - ms // 1000)}
            case _:
                return dict(value)

    def _older_attempt(self, written: str, ms: int) -> str:
        at_ms, _, attempt_id = written.partition(" ")
        since_ms = int(at_ms) + self._ahead_ms - self._begin_ms
        whole_second_ms = self._begin_ms + since_ms // 1000 * 1000
        return f"{whole_second_ms - self._ahead_ms - ms} {attempt_id}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def world(stack: Stack, client: Client) -> DeployedLogin:
    """Return the deployed login, with its functions warm."""
    return DeployedLogin(stack, client)


@pytest.mark.parametrize("pair", range(PAIRS))
def test_a_month_of_probing_shows_the_same_for_a_user_and_for_another_name(
    world: DeployedLogin, stack: Stack, pair: int
) -> None:
    """Status, Retry-After and body are equal, element by element, so no statistic of them tells a user (p = 1)."""
    person, plan, at_once = new_person(stack), probing.drawn(pair), pair % 2 == 0
    world.add(person)

    of_a_user = probing.seen_in_a_month(world.begin(deletes_at_once=at_once), plan, person.name, exists=True)
    of_another = probing.seen_in_a_month(
        world.begin(deletes_at_once=at_once), plan, f"none-{person.name}"[:24], exists=False
    )

    assert of_a_user == of_another
    assert sum(seen.status == 429 for seen in of_another) >= len(plan.probes)
