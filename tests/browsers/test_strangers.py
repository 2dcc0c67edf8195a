"""Pages of another site, and of another origin of the same site: what a browser lets them send, and what they read."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browsers.conftest import World
from tests.browsers.visitor import Visitor, session_of
from tests.support.browser import REFRESH_COOKIE
from tests.support.people import PASSWORD

ROUTES = ("/auth/login", "/auth/refresh", "/auth/logout")
# A stranger would sign the user in as somebody else: then what the user enters is the stranger's to read.
BODY = f'{{"username":"bob","password":"{PASSWORD}","transport":"cookie","all":true}}'
FORM = """([address, type, body, policy]) => {
  const form = document.body.appendChild(document.createElement("form"));
  Object.assign(form, { method: "POST", action: address, enctype: type });
  const field = form.appendChild(document.createElement("input"));
  // As text/plain the field is sent as `name=value`: together they are JSON.
  [field.name, field.value] = type === "text/plain" ? [body.slice(0, -1) + ',"x":"', '"}'] : ["refresh_token", "x"];
  document.head.insertAdjacentHTML("beforeend", `<meta name="referrer" content="${policy}">`);
  form.submit();
}"""
FETCH = """([address, options]) => fetch(address, options).then(
  async (answer) => ({ type: answer.type, status: answer.status, text: await answer.text() }),
  (error) => error.name,
)"""
FRAME = """(address) => new Promise((done) => {
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.onload = done;
  frame.src = address;
})"""


def fetched(page: Page, address: str, **options: object) -> Any:  # noqa: ANN401 - what JavaScript answers
    """Fetch, and return what the page may see of it: a response, or the name of the error."""
    return page.evaluate(FETCH, [address, options])


def page_of(visitor: Visitor, origin: str) -> Page:
    """Open an empty page of this origin."""
    page = visitor.context.new_page()
    page.goto(f"{origin}/")
    return page


@pytest.mark.parametrize("who", ["stranger", "neighbour"])
def test_no_request_of_another_page_changes_anything(world: World, visitor: Visitor, who: str) -> None:
    """B21, B24: forms, fetches with and without a preflight request, and frames, for three routes.

    The stranger's requests have no cookie, because it is Strict. The neighbour's have it, and are refused by their
    origin: it differs from the allowed one in its port alone.
    """
    session = session_of(visitor.signed_in())
    cookies = visitor.cookies()
    origin = {"stranger": world.stranger, "neighbour": world.neighbour}[who]
    page = page_of(visitor, origin)
    before = len(world.api.arrivals), len(world.api.answers)

    for route in ROUTES:
        address = world.address + route
        for kind in ("application/x-www-form-urlencoded", "text/plain"):
            for policy in ("origin", "no-referrer"):
                with page.expect_navigation():
                    page.evaluate(FORM, [address, kind, BODY, policy])
                page.goto(f"{origin}/")
        plain = {"method": "POST", "credentials": "include", "body": BODY}
        assert fetched(page, address, **plain, mode="no-cors")["type"] == "opaque"
        asking = {"Content-Type": "application/json", "X-Edge-Auth": "1"}
        assert fetched(page, address, **plain, headers=asking) == "TypeError"
        page.evaluate(FRAME, address)

    arrived, answered = world.api.arrivals[before[0] :], world.api.answers[before[1] :]
    posts = [arrival for arrival in arrived if arrival.method == "POST"]
    assert len(posts) == len(ROUTES) * 5, "the preflight request stops the fetch with JSON"
    assert {post.headers["Origin"] for post in posts} == {origin, "null"}
    assert {post.headers["Sec-Fetch-Site"] for post in posts} == {"cross-site" if who == "stranger" else "same-site"}
    assert {REFRESH_COOKIE in post.headers.get("Cookie", "") for post in posts} == {who == "neighbour"}
    statuses = {answer.status for answer in answered if answer.status != 404}  # a frame asks with GET
    assert statuses == ({403, 415} if who == "neighbour" else {400, 415}), "400: there is no cookie and no token"
    assert [answer.cookies for answer in answered if answer.cookies] == []
    assert world.generations() == {session: 0}
    assert visitor.cookies() == cookies


def test_another_page_reads_only_the_public_keys(world: World, visitor: Visitor) -> None:
    """B22: answers are opaque to it, or are not given to it at all; a 401 of API Gateway is a constant."""
    visitor.signed_in()
    page = page_of(visitor, world.stranger)
    me, keys = f"{world.address}/me", f"{world.address}/.well-known/jwks.json"
    bearing = {"headers": {"Authorization": "Bearer x.y.z"}}

    assert fetched(page, me, mode="no-cors") == {"type": "opaque", "status": 0, "text": ""}
    assert fetched(page, me, credentials="include") == "TypeError"
    assert fetched(page, me, **bearing) == "TypeError"
    assert fetched(page, f"{world.address}/auth/sessions", **bearing) == "TypeError"
    assert fetched(page, me)["status"] == 401
    assert REFRESH_COOKIE not in str(fetched(page, me))
    assert fetched(page, keys)["status"] == 200
    assert '"keys"' in fetched(page, keys)["text"]
