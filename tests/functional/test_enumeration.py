"""P8: strangers cannot tell who is a user. A month of probing shows the same for users and for names without one.

The two sequences of every pair are equal, element by element: status, Retry-After, body, and the requests to AWS. So no
statistic of them separates users from others: not how many attempts come before the first 429, not the waits, not their
sums. Any test of equal distributions has p = 1. For the time, equal requests and one computation of the hash stand in;
`make bench BENCHMARKS=login_times` measures it.
"""

import os
from dataclasses import dataclass, field, replace

from edge_auth import base64url
from tests.support import probing
from tests.support.people import PASSWORD, WRONG_PASSWORD, ada
from tests.support.probing import Seen
from tests.support.sample_events import from_address, with_json
from tests.support.stack import TABLES, Answer, Stack

PAIRS = int(os.environ.get("EDGE_AUTH_PAIRS", "4"))
START_MS = 1_790_000_000_000


@dataclass
class LoginFunction:
    """The login function, and DynamoDB's deletion of old counters: at once, or never."""

    stack: Stack
    deletes_at_once: bool = False
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start cold. The stranger has an account and a device token, too."""
        self.login = self.stack.function("login")
        self.of_the_stranger = self.log_in("mallory", PASSWORD, "192.0.2.200", "").json["device_token"]

    def begin(self, *, deletes_at_once: bool) -> "LoginFunction":
        """Begin the month anew, without attempts."""
        self.deletes_at_once = deletes_at_once
        self.stack.forget_attempts()
        self.go_to(0)
        return self

    def log_in(self, username: str, password: str, address: str, token: str) -> Answer:
        """Call the function."""
        members = {"username": username, "password": password, "device_token": token}
        return self.login(from_address(with_json("login", members), address))

    def wrong(self, username: str, address: str, *, with_token: bool) -> Seen:
        """Log in with a wrong password, and list the requests to AWS."""
        self.stack.wire.forget()
        answer = self.log_in(username, WRONG_PASSWORD, address, self.of_the_stranger if with_token else "")
        calls = [call for call in self.stack.wire.calls if call.service != "secrets-manager"]
        return Seen(
            (self.stack.clock.now_ms - START_MS) // 1000,
            answer.status,
            answer.headers.get("Retry-After", ""),
            answer.body,
            tuple(sorted(f"{call.operation} {call.parameters.get('UpdateExpression', '')[:10]}" for call in calls)),
        )

    def owner(self, username: str, address: str, *, with_token: bool) -> None:
        """Log in with the right password, which works at any time."""
        answer = self.log_in(username, PASSWORD, address, self.tokens[username] if with_token else "")
        assert answer.status == 200
        self.tokens[username] = answer.json["device_token"]

    def go_to(self, at_seconds: int) -> None:
        """Move the clock, and delete what DynamoDB would delete."""
        self.stack.clock.now_ms = START_MS + at_seconds * 1000
        if self.deletes_at_once:
            for item in self.stack.attempt_items():
                if int(item["delete_at"]["N"]) <= self.stack.clock.now_seconds:
                    self.stack.dynamodb.delete_item(TableName=TABLES["ThrottleTable"], Key={"bucket": item["bucket"]})


def test_a_month_of_probing_shows_the_same_for_users_and_for_others(stack: Stack) -> None:
    """P8: from the owner's address and from others, before and after the owner's logins, with the stranger's token."""
    people = [f"user-{number}" for number in range(PAIRS)]
    for number, name in enumerate(["mallory", *people]):
        user_id = base64url.encode(number.to_bytes(16))
        stack.add_user(replace(ada(), user_id=user_id, username=name), PASSWORD)
    world, waited = LoginFunction(stack), 0
    for number, name in enumerate(people):
        plan, at_once = probing.drawn(number), number % 2 == 0
        of_a_user = probing.seen_in_a_month(world.begin(deletes_at_once=at_once), plan, name, exists=True)
        other = f"none-{number}"
        of_no_user = probing.seen_in_a_month(world.begin(deletes_at_once=at_once), plan, other, exists=False)
        assert of_a_user == of_no_user
        waited += sum(seen.status == 429 for seen in of_no_user)
    assert waited >= PAIRS * len(plan.probes)
