"""What a page can read of answers, those of API Gateway itself among them."""

import pytest

from tests.browsers.conftest import World
from tests.browsers.faults import of_gateway
from tests.browsers.visitor import Visitor
from tests.support.http_gateway import routes
from tests.support.stack import TABLES

READ = """([address, options]) => fetch(address, options).then(async (answer) => ({
  status: answer.status,
  challenge: answer.headers.get("WWW-Authenticate") ?? answer.headers.get("x-amzn-Remapped-WWW-Authenticate"),
  retryAfter: answer.headers.get("Retry-After"),
  error: (await answer.json().catch(() => ({}))).error,
}))"""
BEARING = {"headers": {"Authorization": "Bearer bad"}}


@pytest.mark.parametrize(
    ("options", "replaced_by", "expected"),
    [
        ({}, None, (401, "Bearer", None, "invalid_token")),
        (BEARING, None, (401, 'Bearer error="invalid_token"', None, "invalid_token")),
        ({}, "THROTTLED", (429, None, "1", "too_many_attempts")),
        (BEARING, "DEFAULT_5XX", (503, None, "1", "temporarily_unavailable")),
    ],
    ids=["no token", "a bad token", "too many requests", "the authorizer fails"],
)
def test_a_page_reads_the_answers_of_the_gateway(
    world: World,
    visitor: Visitor,
    options: dict[str, object],
    replaced_by: str | None,
    expected: tuple[int, str | None, str | None, str],
) -> None:
    """B26: status, challenge and pause, although no function has answered."""
    tab = visitor.open()
    if replaced_by:
        world.api.always("/me", of_gateway(replaced_by))

    read = tab.evaluate(READ, [f"{world.address}/me", options])

    assert tuple(read.values()) == expected


def test_a_page_reads_the_challenge_of_a_function(world: World, visitor: Visitor) -> None:
    """B26: API Gateway renames it. Here the session has ended, and the authorizer does not know it yet."""
    tab = visitor.signed_in()
    token = tab.evaluate("auth.token()")
    key = {name: world.stack.session_items()[0][name] for name in ("user_id", "session_id")}
    world.stack.dynamodb.delete_item(TableName=TABLES["SessionsTable"], Key=key)

    bearing = {"headers": {"Authorization": f"Bearer {token}"}}
    read = tab.evaluate(READ, [f"{world.address}/auth/sessions", bearing])

    assert tuple(read.values()) == (401, 'Bearer error="invalid_token"', None, "invalid_token")


def test_a_page_reads_that_a_route_is_unknown(world: World, visitor: Visitor) -> None:
    """B26: the 404 is API Gateway's own."""
    read = visitor.open().evaluate(READ, [f"{world.address}/nothing", {}])

    assert (read["status"], read["error"]) == (404, "not_found")


def test_the_browser_is_content_with_every_preflight_answer(world: World, visitor: Visitor) -> None:
    """B27: on every route with its own method, and on unknown ones, the request itself is sent after the question."""
    tab = visitor.open()
    wanted = [*((method, path.replace("{", "").replace("}", "")) for method, path in routes()), ("POST", "/a/b")]
    wanted = [(method, path) for method, path in wanted if method in {"GET", "POST", "DELETE"}]
    headers = {"Authorization": "Bearer bad", "Content-Type": "application/json", "X-Edge-Auth": "1"}
    for method, path in wanted:
        body = {"body": "{}"} if method == "POST" else {}
        tab.evaluate(READ, [world.address + path, {"method": method, "headers": headers, **body}])

    assert {path for _, path in wanted} == set(world.api.preflights)
    assert [(arrival.method, arrival.path) for arrival in world.api.arrivals] == wanted
