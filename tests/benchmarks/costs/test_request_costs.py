"""The calls, log lines and bytes in benchmarks/costs are those of the real functions."""

import io

import pytest

from benchmarks.costs.costs import ASSUMED, OPERATIONS, Operation
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.events import NO_CONTENT
from benchmarks.requests.functions import Functions, running
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from tests.support.people import PASSWORD
from tests.support.sample_events import Event, login_event

FORGED = str.maketrans("AB", "BA")  # of the same form; at least the version changes


def event_of(operation: str, functions: Functions) -> Event:
    """Prepare the state of an operation, and return its request. Ada has two sessions, and bob has none."""
    deployment, login = functions.deployment, functions.start("login")
    identities = DynamoDBIdentities(deployment.client, table=deployment.tables["IdentitiesTable"])
    user_id, _ = deployment.add_user("ada"), deployment.add_user("bob")
    for username in ("ada", "bob"):
        identities.change_rights(identities.find(username), scope="read write", roles=("admin", "auditor"))
    tokens, other = (login(login_event("ada", PASSWORD)) for _ in range(2))
    token, ada = tokens["refresh_token"], {"sub": user_id, "sid": tokens["session_id"]}
    if operation == "dead refresh token":
        functions.start("logout")(events.logout(token), NO_CONTENT)
    made: dict[str, Event] = {
        "login": events.login("bob"),
        "refresh": events.refresh(token),
        "logout": events.logout(token),
        "list of sessions": events.event("sessions", ada),
        "end of a session": events.event("sessions-end", ada, pathParameters={"session_id": other["session_id"]}),
        "change of the password": events.password_change(ada, "another fine passphrase"),
        "public keys": events.event("jwks"),
        "wrong password": events.login("ada", "not the right passphrase"),
        "dead refresh token": events.refresh(token),
        "forged refresh token": events.refresh(token.translate(FORGED)),
    }
    return made[operation]


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.behind], ids=lambda operation: operation.name.replace(" ", "-")
)
def test_a_request_does_what_its_cost_is_counted_from(deployment: Deployment, operation: Operation) -> None:
    """Its calls and log lines match, no line is longer than assumed, and the answer's size is within a tenth."""
    log = io.StringIO()
    with running(deployment, log) as functions:
        function, event = functions.start(operation.function), event_of(operation.name, functions)
        log.seek(0)
        log.truncate()
        functions.wire.forget()

        answer = function.answer(event)

    lines = [line for line in log.getvalue().splitlines() if '{"level"' in line]
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer["headers"].items())
    assert functions.wire.requests == operation.calls
    assert len(lines) == operation.log_lines
    assert all(len(line) <= ASSUMED.log_line_bytes for line in lines)
    assert len(answer["body"]) + len(headers) == pytest.approx(operation.response_bytes, rel=0.1)
    assert ("invalid_grant" in answer["body"]) is ("refresh token" in operation.name)
