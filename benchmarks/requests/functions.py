"""The functions in this process, with the template's variables. They start cold, and a `Wire` counts their requests."""

import importlib.util
import io
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TextIO
from unittest.mock import patch

from botocore.session import Session

from benchmarks.frame.results import ROOT
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.wire import Wire

Function = Callable[[object], Any]

# The part of Lambda's context that the functions read.
CONTEXT = SimpleNamespace(aws_request_id="00000000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class Functions:
    """Starts the functions of a deployment."""

    deployment: Deployment
    wire: Wire
    log: TextIO

    def start(self, name: str, parameters: Mapping[str, str] | None = None) -> Function:
        """Start a function as in a cold start. `parameters` replace the template's defaults."""
        logging.Logger.manager.loggerDict.pop(name, None)
        spec = importlib.util.spec_from_file_location(f"{name}_app", ROOT / "functions" / name / "app.py")
        if spec is None or spec.loader is None:
            raise LookupError(f"no function: {name}")
        module = importlib.util.module_from_spec(spec)
        with patch.dict(os.environ, self.deployment.environment(name, parameters or {})):
            spec.loader.exec_module(module)
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(self.log)
        return lambda event: module.handler(event, CONTEXT)

    def access_token(self, parameters: Mapping[str, str] | None = None) -> str:
        """Let a new user log in, and return the access token."""
        username, _ = self.deployment.new_user()
        tokens = events.succeeded(self.start("login", parameters)(events.login(username)))
        return str(tokens["access_token"])


@contextmanager
def running(deployment: Deployment, log: TextIO | None = None) -> Iterator[Functions]:
    """Let the functions of a deployment run in this process, with a new SDK session on a new `Wire`.

    The functions write their log, as they do when deployed. Without `log` it is discarded.
    """
    session, wire = Session(), Wire(secret=deployment.ring_json)
    wire.watch(session)
    with (
        patch.dict(os.environ, deployment.aws_environment()),
        patch("edge_auth.adapters.aws.sdk_session", lambda: session),
    ):
        yield Functions(deployment, wire, log or _Nowhere())


class _Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)
