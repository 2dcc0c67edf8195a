"""Every way to end sessions: what ends, what goes on, and the act itself, which returns when it is answered."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from edge_auth.tokens.refresh_token import new_id
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import JSON, Client, Session
from tests.e2e.conftest import PROXY_SECRET, new_person
from tests.e2e.operator import Person, edge_auth
from tests.support.template import parameters

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_visitors = count(1)


@dataclass(frozen=True)
class End:
    """Sessions before an act that ends some of them. The first of each list is watched."""

    ending: list[Session]
    living: list[Session]
    act: Callable[[], None]


class Visitor:
    """A new user with a client of its own, which has an address of its own."""

    def __init__(self, stack: Stack, client: Client) -> None:
        """Create the user."""
        self.stack = stack
        self.client = client
        self.person = new_person(stack)
        number = next(_visitors)
        self._address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def opens(self, person: Person | None = None) -> Session:
        """Log in."""
        who = person or self.person
        headers = {**JSON, "X-Real-IP": self._address, "Edge-Auth-Proxy-Secret": PROXY_SECRET}
        answer = self.client.post_json("/auth/login", {"username": who.name, "password": who.password}, headers=headers)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return Session(body["session_id"], body["access_token"], body["refresh_token"])

    def of_another_user(self) -> Session:
        """Log another user in."""
        return self.opens(new_person(self.stack))

    def logs_out(self, session: Session, **reach: bool) -> None:
        """Log out with a refresh token."""
        answer = self.client.post_json("/auth/logout", {"refresh_token": session.refresh_token, **reach})
        assert answer.status_code == 204, answer.text


def logout(visitor: Visitor) -> End:
    """Log out of one session."""
    mine, other = visitor.opens(), visitor.opens()
    return End([mine], [other], partial(visitor.logs_out, mine))


def logout_of_all(visitor: Visitor) -> End:
    """Log out everywhere."""
    mine, other = visitor.opens(), visitor.opens()
    return End([other, mine], [visitor.of_another_user()], partial(visitor.logs_out, mine, all=True))


def logout_of_others(visitor: Visitor) -> End:
    """Log out of all other sessions."""
    mine, other = visitor.opens(), visitor.opens()
    return End([other], [mine], partial(visitor.logs_out, mine, others=True))


def revocation(visitor: Visitor) -> End:
    """Present the access token for revocation (RFC 7009 §2.1)."""
    mine, other = visitor.opens(), visitor.opens()

    def act() -> None:
        answer = visitor.client.post_form("/auth/logout", {"token": mine.access_token})
        assert answer.status_code == 200, answer.text

    return End([mine], [other], act)


def own_session(visitor: Visitor) -> End:
    """End another session of one's own, from the list."""
    mine, other = visitor.opens(), visitor.opens()

    def act() -> None:
        headers = {"Authorization": f"Bearer {mine.access_token}"}
        answer = visitor.client.send("DELETE", f"/auth/sessions/{other.session_id}", headers)
        assert answer.status_code == 204, answer.text

    return End([other], [mine], act)


def new_password(visitor: Visitor) -> End:
    """Change the password."""
    mine, other = visitor.opens(), visitor.opens()
    body = {"current_password": visitor.person.password, "new_password": secrets.token_urlsafe(18)}

    def act() -> None:
        answer = visitor.client.post_json("/auth/password", body, mine.access_token)
        assert answer.status_code == 204, answer.text

    return End([other], [mine], act)


def disabling(visitor: Visitor) -> End:
    """Let an operator disable the user."""
    mine, other = visitor.opens(), visitor.opens()

    def act() -> None:
        outcome = edge_auth(visitor.stack, "users", "disable", visitor.person.name)
        assert outcome.returncode == 0, outcome.stderr

    return End([mine, other], [visitor.of_another_user()], act)


def reuse(visitor: Visitor) -> End:
    """Present a refresh token again after its successor was used."""
    mine, other = visitor.opens(), visitor.opens()
    successor = visitor.client.refresh(mine.refresh_token).json()["refresh_token"]
    visitor.stack.clients.dynamodb.update_item(
        TableName=visitor.stack.outputs["SessionsTable"],
        Key=mine.key,
        UpdateExpression="SET rotated_at_ms = rotated_at_ms - :minute",
        ConditionExpression="attribute_exists(session_id)",
        ExpressionAttributeValues={":minute": {"N": "60000"}},
    )
    assert visitor.client.refresh(successor).status_code == 200
    return End([mine], [other], lambda: assert_error(visitor.client.refresh(mine.refresh_token), 400, "invalid_grant"))


def session_limit(visitor: Visitor) -> End:
    """Log in once more than the limit allows. Copies of the oldest session stand for the logins between."""
    oldest = visitor.opens()
    dynamodb, table = visitor.stack.clients.dynamodb, visitor.stack.outputs["SessionsTable"]
    item = dynamodb.get_item(TableName=table, Key=oldest.key)["Item"]
    later: AttributeValueTypeDef = {"N": str(int(item["created_at_ms"]["N"]) + 1)}
    for _ in range(int(parameters()["MaxSessionsPerUser"]["Default"]) - 1):
        copied: dict[str, AttributeValueTypeDef] = {
            **item,
            "session_id": {"S": new_id(secrets.token_bytes)},
            "created_at_ms": later,
        }
        dynamodb.put_item(TableName=table, Item=copied)

    def act() -> None:
        visitor.opens()

    return End([oldest], [visitor.of_another_user()], act)


WAYS: dict[str, Callable[[Visitor], End]] = {
    "logout": logout,
    "logout of all": logout_of_all,
    "logout of others": logout_of_others,
    "revocation": revocation,
    "own session": own_session,
    "new password": new_password,
    "disabling": disabling,
    "reuse": reuse,
    "session limit": session_limit,
}
