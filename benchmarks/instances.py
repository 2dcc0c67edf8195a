"""This process as Lambda's: the functions of a deployment, cold and then warm, one request at a time."""

import importlib.util
import io
import json
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Self
from unittest.mock import patch

from botocore.session import Session

from benchmarks.deployment import PASSWORD, USER_AGENT, Deployment
from benchmarks.results import ROOT
from benchmarks.wire import Wire
from tests.support.sample_events import Event, sample, with_json

Answer = dict[str, Any]
Function = Callable[[object], Answer]


class LambdaContext:
    """The part of Lambda's context that the functions look at."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"


class Instances:
    """The functions of a deployment in this process, on a wire that counts."""

    def __init__(self, deployment: Deployment) -> None:
        """Begin without any."""
        self.deployment = deployment
        self.wire = Wire(secret=deployment.ring_json)
        self._leave = ExitStack()

    def __enter__(self) -> Self:
        """Be where the functions run: their session is a new one, and DynamoDB the deployment's engine."""
        self._leave.enter_context(patch.dict(os.environ, self.deployment.aws_environment()))
        session = Session()
        self.wire.watch(session)
        self._leave.enter_context(patch("edge_auth.adapters.aws.session", lambda: session))
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        self._leave.close()

    def start(self, function: str, parameters: Mapping[str, str] | None = None) -> Function:
        """Start a function as a cold start does, with these parameters of the template instead of its defaults."""
        environment = self.deployment.environment(function, parameters or {})
        logging.Logger.manager.loggerDict.pop(function, None)
        path = ROOT / "functions" / function / "app.py"
        spec = importlib.util.spec_from_file_location(f"{function}_app", path)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"no function: {function}")
        module = importlib.util.module_from_spec(spec)
        with patch.dict(os.environ, environment):
            spec.loader.exec_module(module)
        for writer in logging.getLogger(function).handlers:
            if isinstance(writer, logging.StreamHandler):
                writer.setStream(_Nowhere())  # written, as it is deployed, and not kept
        handler: Callable[[object, object], Answer] = module.handler
        return lambda event: handler(event, LambdaContext())


class _Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def login_event(username: str, password: str = PASSWORD) -> Event:
    """Return a login from an address of its own, so that no source is throttled."""
    return _from_somewhere(with_json("login", {"username": username, "password": password}))


def refresh_event(token: str) -> Event:
    """Return a refresh by the client that opened the session."""
    return _from_somewhere(with_json("refresh-json", {"refresh_token": token}))


def logout_event(token: str, *, everywhere: bool = False) -> Event:
    """Return a logout, of one session or of all."""
    return _from_somewhere(with_json("logout-json", {"refresh_token": token, "all": everywhere}))


def register_event(username: str) -> Event:
    """Return a registration."""
    return _from_somewhere(with_json("register", {"username": username, "password": PASSWORD}))


def password_event(caller: Mapping[str, str], new: str) -> Event:
    """Return a change of the password to another one."""
    body = json.dumps({"current_password": PASSWORD, "new_password": new})
    return caller_event("password", caller, body=body)


def caller_event(name: str, caller: Mapping[str, str], **members: object) -> Event:
    """Return a sample event of a route behind the authorizer, which says who is calling (`sub`, `sid`)."""
    event = _from_somewhere(sample(name))
    event["requestContext"]["authorizer"] |= caller
    return {**event, **members}


def succeeded(answer: Answer, status: int = 200) -> dict[str, Any]:
    """Return an answer's body, read.

    Raises:
        RuntimeError: it has another status.

    """
    if answer["statusCode"] != status:
        raise RuntimeError(f"not {status}: {answer['statusCode']} {answer['body']}")
    body: dict[str, Any] = json.loads(answer["body"]) if answer["body"] else {}
    return body


def _from_somewhere(event: Event) -> Event:
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    event["requestContext"]["identity"]["sourceIp"] = address
    for name in ("headers", "multiValueHeaders"):
        event[name]["User-Agent"] = USER_AGENT if name == "headers" else [USER_AGENT]
    return event
