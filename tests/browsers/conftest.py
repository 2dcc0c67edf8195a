"""Chromium, an app, a stranger's pages, and the API: the template's functions on moto, with a clock that tests move.

App and API are of one site and two origins: `http://127.0.0.1` with two ports. The stranger is `http://localhost`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browsers.faults import FaultProxy
from tests.browsers.programs import HERE, missing_for
from tests.browsers.servers import Pages, serving
from tests.browsers.visitor import Visitor
from tests.support import stack as stacks
from tests.support.argon2 import RememberedArgon2id
from tests.support.clock import RunningClock
from tests.support.http_gateway import HttpGateway
from tests.support.people import PASSWORD, ada, bob, key_ring
from tests.support.sample_events import STAGE
from tests.support.stack import Output, Stack
from tests.support.template import ROOT
from tests.support.tools import chromium
from tests.support.wire import wired_session

# Without a browser only test_presence.py is collected. It says so, or fails.
collect_ignore_glob = ["test_[!p]*.py", "test_pa*.py"] if missing_for(chromium_only=True) else []
if missing_for(chromium_only=False):
    collect_ignore_glob.append("test_firefox.py")

CLIENT = ROOT / "clients" / "js"
PATIENCE_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browsers")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a run that chose only the storm succeed without a browser. test_presence.py says what is missing."""
    if missing_for(chromium_only=True) and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield Chromium, for one file: Playwright cannot be started twice in a process (tests/run does, too)."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox"],  # root cannot have it
            # The tests of the Back button need it.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> RunningClock:
    """Return the clock of the API."""
    clock = RunningClock()
    monkeypatch.setattr("edge_auth.clock.time", clock)
    return clock


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Simulate AWS once for a file. Yield the ARN of the secret. Each test starts with empty tables."""
    with stacks.stack_resources() as secret_arn:
        yield secret_arn


@pytest.fixture
def stack(
    aws: str,
    clock: RunningClock,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Stack]:
    """Return a stack with keys and two users, ada and bob. Nothing that it prints is a secret (L4)."""
    session, wire = wired_session()
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr("edge_auth.adapters.aws.sdk_session", lambda: session)
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)
    output = Output(capfd, caplog)
    stack = stacks.empty_stack(wire, clock, monkeypatch, output, aws)
    stack.make_key_ring(key_ring())
    for person in (ada(), bob()):
        stack.add_user(person, PASSWORD)
    yield stack
    wire.mend()
    wire.forget()
    printed = output.read()
    assert [secret for secret in stack.secrets.values if secret in printed] == []


@dataclass
class World:
    """What a test meets: the API behind its proxy, the addresses, and visitors."""

    stack: Stack
    clock: RunningClock
    api: FaultProxy
    address: str  # of the API
    app: str  # the origin of the app, which is in AllowedOrigins
    neighbour: str  # another origin of the same site, which is not
    stranger: str  # another site
    documents: list[dict[str, str]]  # the headers of each request for a page of the app
    visit: Callable[[], Visitor]

    def pass_time(self, visitor: Visitor, *, seconds: float) -> None:
        """Let time pass for the API and for the pages of a visitor whose clock is installed."""
        self.clock.advance(seconds=seconds)
        visitor.context.clock.fast_forward(round(seconds * 1000))

    def generations(self) -> dict[str, int]:
        """Return the generation of the token of each session that lives."""
        return {
            item["session_id"]["S"]: int(item["generation"]["N"])
            for item in self.stack.session_items()
            if "generation" in item and "revoked_at" not in item
        }

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the security events of this name."""
        return [line for line in self.stack.output.security_events() if line["event"] == name]


@pytest.fixture
def world(browser: Browser, stack: Stack, clock: RunningClock) -> Iterator[World]:
    """Return everything, at rest. At the end no visitor has shown a token to scripts, URLs or the console (B2)."""
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []
    with ExitStack() as running:
        proxy = FaultProxy(None, f"/{STAGE}")
        address = f"http://127.0.0.1:{running.enter_context(serving(proxy))}/{STAGE}"
        page = (HERE / "app.html").read_text(encoding="utf-8").replace('"API"', f'"{address}"')
        files = dict.fromkeys(("/", "/restoring", "/gated", "/with-worker"), ("text/html", page))
        files["/worker.js"] = ("text/javascript", (HERE / "worker.js").read_text(encoding="utf-8"))
        for name in ("edge-auth.js", "edge-auth-account.js", "edge-auth-calls.js"):
            files[f"/{name}"] = ("text/javascript", (CLIENT / name).read_text(encoding="utf-8"))
        pages = Pages(files)
        app = f"http://127.0.0.1:{running.enter_context(serving(pages))}"
        other = running.enter_context(serving(Pages({})))
        proxy.api = HttpGateway(stack.with_parameters(AllowedOrigins=app))

        def visit() -> Visitor:
            context = browser.new_context()
            context.set_default_timeout(PATIENCE_MS)
            contexts.append(context)
            visitors.append(Visitor(context, app))
            return visitors[-1]

        yield World(
            stack,
            clock,
            proxy,
            address,
            app,
            neighbour=f"http://127.0.0.1:{other}",
            stranger=f"http://localhost:{other}",
            documents=pages.documents,
            visit=visit,
        )
        proxy.mend()
        leaked = [place for visitor in visitors for place in visitor.leaked(stack.secrets.values)]
        for context in contexts:
            context.close()
    assert leaked == []


@pytest.fixture
def visitor(world: World) -> Visitor:
    """Return a new visitor."""
    return world.visit()


@pytest.fixture
def timed(visitor: Visitor) -> Visitor:
    """Return a new visitor with a clock that the test can move. Without that it runs."""
    visitor.context.clock.install()
    return visitor
