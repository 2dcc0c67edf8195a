"""The services of examples/services, each started as its first line says."""

import asyncio
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from local.settings import AUDIENCE, ROOT
from tests.e2e.verifiers.libraries import NODE, PACKAGES

SERVICES = ROOT / "examples" / "services"
READY_WITHIN_SECONDS = 60


ERROR = re.compile(r'Bearer error="(\w+)"')


class Answer(NamedTuple):
    """A service's answer: its status, the error of its challenge (RFC 6750 §3), and `Retry-After`.

    The error is empty if the challenge has none, and None without a challenge.
    """

    status: int
    error: str | None
    retry_after: str | None = None


def answer_of(status: int, headers: Mapping[str, str]) -> Answer:
    """Read an answer. Spring adds a description to the error. No service sets a cookie: the token is all it needs."""
    assert "Set-Cookie" not in headers
    challenge = headers.get("WWW-Authenticate")
    found = ERROR.match(challenge or "")
    assert found or challenge in (None, "Bearer")
    return Answer(status, found[1] if found else challenge and "", headers.get("Retry-After"))


Call = Callable[[str], Answer]
"""Calls GET /notes with this Authorization header, without one if it is empty."""


def load(folder: str, issuer: str) -> ModuleType:
    """Import the app of a service, under its variables."""
    spec = importlib.util.spec_from_file_location(f"service_{folder}", SERVICES / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("ISSUER", issuer)
        monkeypatch.setenv("AUDIENCE", AUDIENCE)
        spec.loader.exec_module(module)
    return module


@contextmanager
def on_flask(issuer: str, _place: Path) -> Iterator[Call]:
    """Yield the service on Flask's own test client."""
    client = load("flask", issuer).app.test_client()

    def call(authorization: str) -> Answer:
        answer = client.get("/notes", headers={"Authorization": authorization} if authorization else {})
        return answer_of(answer.status_code, answer.headers)

    yield call


@contextmanager
def on_fastapi(issuer: str, _place: Path) -> Iterator[Call]:
    """Yield the service as a server calls it (ASGI). FastAPI's test client would need one more package."""
    app = load("fastapi", issuer).app

    def call(authorization: str) -> Answer:
        headers = [(b"authorization", authorization.encode())] if authorization else []
        scope = {"type": "http", "method": "GET", "path": "/notes", "query_string": b"", "headers": headers}
        sent: list[Mapping[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        asyncio.run(app({**scope, "root_path": "", "http_version": "1.1"}, receive, send))
        answered = CaseInsensitiveDict({name.decode(): value.decode() for name, value in sent[0]["headers"]})
        return answer_of(sent[0]["status"], answered)

    yield call


@contextmanager
def serving(command: list[str | Path], folder: Path, issuer: str, port: int) -> Iterator[Call]:
    """Yield a service that listens on a port of this machine, as soon as it answers."""
    environ = {**os.environ, "ISSUER": issuer, "AUDIENCE": AUDIENCE, "PORT": str(port)}
    with (
        subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as process,
        requests.Session() as web,
    ):
        web.trust_env = False

        def call(authorization: str) -> Answer:
            headers = {"Authorization": authorization} if authorization else {}
            answer = web.get(f"http://127.0.0.1:{port}/notes", headers=headers, timeout=10)
            return answer_of(answer.status_code, answer.headers)

        try:
            wait(lambda: call(""), process)
            yield call
        finally:
            process.terminate()


def wait(call: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    """Call until there is an answer."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            call()
        except requests.ConnectionError:
            assert process.poll() is None, "the service has ended"
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def on_express(issuer: str, place: Path) -> Iterator[Call]:
    """Yield the service on Node, beside the packages of the verifiers."""
    shutil.copy(SERVICES / "express" / "app.mjs", place)
    (place / "node_modules").symlink_to(PACKAGES)
    with serving([NODE, "app.mjs"], place, issuer, free_port()) as call:
        yield call


@contextmanager
def on_go(issuer: str, place: Path) -> Iterator[Call]:
    """Build the service with Go, and yield it."""
    subprocess.run(["go", "build", "-o", place / "notes", "."], cwd=SERVICES / "go", check=True)
    with serving([place / "notes"], place, issuer, free_port()) as call:
        yield call


@contextmanager
def on_spring(issuer: str, place: Path) -> Iterator[Call]:
    """Build the service with Maven, and yield it."""
    shutil.copytree(SERVICES / "spring", place / "spring", ignore=shutil.ignore_patterns("target"))
    subprocess.run(["mvn", "-q", "-B", "package"], cwd=place / "spring", check=True)
    port = free_port()
    with serving(["java", "-jar", "target/notes.jar", f"--server.port={port}"], place / "spring", issuer, port) as call:
        yield call
