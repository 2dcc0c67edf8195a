"""The page server of `make run`: its files, the way to the API, and for whom it acts."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import pytest

from edge_auth.sessions.session import Session
from local.endpoint import address
from local.failure import Failure
from local.page.acts import Acts
from local.page.api import ApiAnswer, ApiRequest
from local.page.exchange import UNCHANGED, Change
from local.page.server import PageServer
from local.user import User

USER = User("ada", "the password of ada", "ada@mail.example")
MAIL = {"to": "ada@mail.example", "subject": "New password", "text": "…", "at": 1.5}
COOKIE = "__Host-Http-refresh"
RESETS = "/password/reset/confirm"
SECRETS = ("first-token", "second-token", "access-token", USER.password)


class Sent(NamedTuple):
    """A request that reached the API."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Blind:
    """Sees no change."""

    def session_of(self, _text: str) -> Session | None:
        """Return no session."""
        return None

    def change(self, _request: ApiRequest, _answer: ApiAnswer, _began_ms: int, _ended_ms: int) -> Change:
        """Return that nothing is known."""
        return UNCHANGED


class OneMail:
    """A mailbox."""

    def mails(self) -> list[dict[str, object]]:
        """Return the mail."""
        return [dict(MAIL)]


@dataclass
class Scene:
    """A page server before a stand-in for the API. Only the test moves its clock."""

    server: PageServer
    api: list[Sent]
    seconds: float = 0.0

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Send a request as the page does, and return status, headers and body of the answer.

        In names of headers, `_` stands for `-`. A header that is empty is left out.
        """
        usual = {"Host": self.server.origin.removeprefix("http://"), "Sec-Fetch-Site": "same-origin"}
        page = {"Origin": self.server.origin} if method == "POST" else {}
        chosen = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(HTTPConnection("127.0.0.1", self.server.server_port)) as connection:
            sent = {name: value for name, value in {**usual, **page, **chosen}.items() if value}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Yield a page server and a stand-in for the API, which answers each request with a new refresh token."""
    sent: list[Sent] = []

    class Api(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            sent.append(Sent(self.command, self.path, dict(self.headers), body))
            answer = b'{"access_token":"access-token","session_id":"any"}'
            self.send_response(204 if self.path.endswith(RESETS) else 201)
            self.send_header("Set-Cookie", f"{COOKIE}=second-token; Path=/; Secure; HttpOnly")
            self.send_header("Set-Cookie", "other=1")
            self.send_header("Retry-After", "3")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with closing(PageServer(free_port())) as server, ThreadingHTTPServer(("127.0.0.1", 0), Api) as api:
        scene = Scene(server, sent)
        Thread(target=api.serve_forever, args=(0.01,), daemon=True).start()
        server.start(
            Acts(
                base_url=f"{address(api.server_port)}/v1",
                origin=server.origin,
                user=USER,
                observer=Blind(),
                mailbox=OneMail(),
                grace_seconds=10,
                clock=lambda: scene.seconds,
            )
        )
        yield scene
        api.shutdown()


def free_port() -> int:
    """Return a port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/page.css", "/page.js", "/icon.svg"),
        *("/edge-auth.js", "/edge-auth-calls.js", "/edge-auth-account.js", "/edge-auth-passkeys.js"),
        *("/reset-password", "/confirm-address", "/undo-address"),
    ],
)
def test_its_files_may_load_nothing_from_elsewhere(scene: Scene, path: str) -> None:
    """Neither the page nor a script in it reaches the network."""
    status, headers, body = scene.ask("GET", path)

    assert (status, bool(body)) == (200, True)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["Referrer-Policy"], headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")


@pytest.mark.parametrize(
    "path",
    ["/../server.py", "/%2e%2e/server.py", "/./page.js", "/files/page.js", "/page.js/", "/README.md"],
)
def test_it_serves_no_other_file(scene: Scene, path: str) -> None:
    """A path of a request never reaches the disk."""
    assert scene.ask("GET", path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/api/me", "/try/facts"])
@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1:{port}", "localhost", "localhost.evil.test:{port}"])
def test_it_answers_under_its_own_name_alone(scene: Scene, host: str, path: str) -> None:
    """A page of another site that points its own name to 127.0.0.1 (DNS rebinding) gets nothing."""
    status, _, body = scene.ask("GET", path, Host=host.format(port=scene.server.server_port))

    assert (status, body) == (421, f"Open {scene.server.origin}\n")
    assert scene.api == []


def test_no_other_machine_reaches_it(scene: Scene) -> None:
    """It knows the password of the local user."""
    assert scene.server.server_address[0] == "127.0.0.1"


def test_requests_and_answers_pass_unchanged(scene: Scene) -> None:
    """The API gets the cookie and the headers of the page, and the page all cookies of the answer."""
    own = {"Content_Type": "application/json", "X_Edge_Auth": "1", "Cookie": f"{COOKIE}=first-token"}
    host = {"Host": scene.server.origin.removeprefix("http://")}
    with closing(HTTPConnection("127.0.0.1", scene.server.server_port)) as connection:
        headers = {name.replace("_", "-"): value for name, value in own.items()} | {"Origin": scene.server.origin}
        connection.request("POST", "/api/auth/refresh", "{}", {**headers, "X-Forwarded-For": "203.0.113.9", **host})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Retry-After"]) == (201, "3")
        assert [value.partition("=")[0] for value in answer.headers.get_all("Set-Cookie", [])] == [COOKIE, "other"]

    (sent,) = scene.api
    assert (sent.method, sent.path, sent.body) == ("POST", "/v1/auth/refresh", "{}")
    assert {name: sent.headers.get(name) for name in headers} == headers
    assert "X-Forwarded-For" not in sent.headers


def test_a_lost_answer_has_reached_the_api(scene: Scene) -> None:
    """The browser gets no byte of the next refresh, and of that one alone."""
    scene.ask("POST", "/try/lose-answer?then_offline_seconds=0")
    assert scene.ask("GET", "/api/me")[0] == 201

    with pytest.raises(RemoteDisconnected):
        scene.ask("POST", "/api/auth/refresh", "{}")

    assert [sent.path for sent in scene.api] == ["/v1/me", "/v1/auth/refresh"]
    assert scene.ask("POST", "/api/auth/refresh", "{}")[0] == 201
    assert [each["fault"] for each in seen(scene)] == [None, "answer lost", None]


def test_offline_nothing_reaches_the_api(scene: Scene) -> None:
    """Until the time is over."""
    scene.ask("POST", "/try/offline?seconds=8")
    scene.seconds = 7.9
    with pytest.raises(RemoteDisconnected):
        scene.ask("GET", "/api/me")
    assert scene.api == []

    scene.seconds = 8.0
    assert scene.ask("GET", "/api/me")[0] == 201
    assert [(each["fault"], each["status"]) for each in seen(scene)] == [("offline", None), (None, 201)]


def test_the_network_may_be_gone_after_the_answer_was_lost(scene: Scene) -> None:
    """So that the client comes back after the grace window."""
    scene.ask("POST", "/try/lose-answer?then_offline_seconds=12")
    for path in ("/api/auth/refresh", "/api/auth/refresh"):
        with pytest.raises(RemoteDisconnected):
            scene.ask("POST", path, "{}")

    assert len(scene.api) == 1
    scene.seconds = 12.0
    assert scene.ask("POST", "/api/auth/refresh", "{}")[0] == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_it_acts_for_its_own_page_alone(scene: Scene, headers: dict[str, str]) -> None:
    """Another site makes a browser send the request, but cannot name our page as its sender."""
    for path in ("/try/offline?seconds=60", "/try/steal", "/try/phone"):
        assert scene.ask("POST", path, **headers)[0] == 403

    assert scene.ask("GET", "/api/me")[0] == 201
    assert len(scene.api) == 1


def test_a_page_of_another_site_cannot_ask_for_the_password(scene: Scene) -> None:
    """The page itself gets it, so that a visitor need not copy it."""
    assert scene.ask("GET", "/try/facts", Sec_Fetch_Site="cross-site")[0] == 403
    status, headers, body = scene.ask("GET", "/try/facts")

    assert (status, json.loads(body)["password"]) == (200, USER.password)
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_the_mails_of_this_machine_are_for_the_page_alone(scene: Scene) -> None:
    """They have links and codes."""
    assert json.loads(scene.ask("GET", "/try/mails")[2]) == {"mails": [MAIL]}
    assert scene.ask("GET", "/try/mails", Sec_Fetch_Site="cross-site")[0] == 403


@pytest.mark.parametrize(
    ("route", "known"), [("/api/auth/password/reset/confirm", "a new one"), ("/api/me", USER.password)]
)
def test_after_a_reset_the_page_fills_in_the_new_password(scene: Scene, route: str, known: str) -> None:
    """The user's phone has it, too. Only an answered reset counts."""
    scene.ask("POST", route, json.dumps({"proof": "…", "new_password": "a new one"}))

    assert json.loads(scene.ask("GET", "/try/facts")[2])["password"] == known
    scene.ask("POST", "/try/phone")
    assert json.loads(scene.api[-1].body)["password"] == known


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_each_method_of_the_api_passes(scene: Scene, method: str) -> None:
    """A passkey is renamed with PATCH."""
    scene.ask(method, "/api/auth/passkeys/1", Origin=scene.server.origin)
    assert [sent.method for sent in scene.api] == [method]


def test_the_thief_uses_a_copy_of_the_cookie_from_another_client(scene: Scene) -> None:
    """Then the token that it got for it, and it reads as the user."""
    scene.ask("POST", "/try/steal", Cookie=f"{COOKIE}=first-token; other=1")
    assert scene.api == []

    assert json.loads(scene.ask("POST", "/try/use-stolen")[2]) == {"status": 201, "error": None}
    scene.ask("POST", "/try/use-stolen")

    first, reads, second, _ = scene.api
    assert [sent.headers["Cookie"] for sent in (first, second)] == [f"{COOKIE}=first-token", f"{COOKIE}=second-token"]
    assert (reads.path, reads.headers["Authorization"]) == ("/v1/me", "Bearer access-token")
    assert {sent.headers["User-Agent"] for sent in scene.api} == {"thief/1.0"}
    assert first.headers["X-Forwarded-For"] == "203.0.113.7"


def test_what_the_page_learns_of_requests_has_no_secret(scene: Scene) -> None:
    """Requests of all parties are listed, without tokens and passwords."""
    scene.ask("POST", "/api/auth/refresh", "{}", Cookie=f"{COOKIE}=first-token")
    scene.ask("POST", "/try/steal", Cookie=f"{COOKIE}=first-token")
    scene.ask("POST", "/try/use-stolen")
    scene.ask("POST", "/try/phone")

    assert [each["by"] for each in seen(scene)] == ["browser", "thief", "thief", "phone"]
    text = scene.ask("GET", "/try/requests?after=0")[2]
    assert [secret for secret in SECRETS if secret in text] == []
    assert [each["number"] for each in seen(scene, after=3)] == [4]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/try/offline", "", 400),
        ("/try/offline?seconds=long", "", 400),
        ("/try/nothing", "", 404),
        ("/page.js", "", 404),
        ("/api/auth/login", "x" * 70_000, 413),
    ],
)
def test_what_it_cannot_read_is_refused(scene: Scene, path: str, body: str, status: int) -> None:
    """With a status, and without a line on the developer's screen."""
    assert scene.ask("POST", path, body)[0] == status
    assert scene.api == []


def test_the_next_free_port_is_taken() -> None:
    """Another program may have the first one. A port is held from the beginning."""
    with closing(PageServer(free_port())) as first, closing(PageServer(first.server_port)) as second:
        assert second.server_port > first.server_port


def test_without_a_free_port_it_says_so() -> None:
    """The last port has no next one."""
    with pytest.raises(Failure, match="65536"):
        PageServer(65536)


def seen(scene: Scene, after: int = 0) -> list[dict[str, object]]:
    """Return the requests that the page can list."""
    requests: list[dict[str, object]] = json.loads(scene.ask("GET", f"/try/requests?after={after}")[2])["requests"]
    return requests
