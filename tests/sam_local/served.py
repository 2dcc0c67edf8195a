"""One `make sam-local` for the whole run, on free ports, with copies of the functions."""

import json
import os
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from local.api import Answer, Api
from local.aws import Clients
from local.sam_local.engine import Engine
from local.sam_local.settings import SamLocalSettings
from local.sam_local.stack import command_environment, options
from local.settings import ROOT
from tests.support.sample_events import sample
from tests.support.template import resources

# The command that make runs, but with ports, a folder and functions of the tests.
COMMAND = """
import sys
from pathlib import Path
from local.sam_local import __main__ as command, settings
from local.settings import Settings
home, port, api_port, *parameters = sys.argv[1:]
stack = Settings(port=int(port), home=Path(home), parameters=dict(each.split("=", 1) for each in parameters))
chosen = settings.SamLocalSettings(stack, int(api_port), Path(home) / "functions")
settings.chosen = lambda _environment, _parameters: chosen
sys.exit(command.main([]))
"""

# Asks the engine, with the library that SAM has.
OBJECTS = """
import docker, json, sys
folder, image = sys.argv[1:]
client = docker.from_env(version="auto")
containers = client.containers.list(all=True)
mine = [each.id for each in containers if any(part["Source"].startswith(folder) for part in each.attrs["Mounts"])]
tags = [tag for each in client.images.list() for tag in each.tags if image in tag]
print(json.dumps({"containers": mine, "images": tags}))
"""
USER = json.loads(sample("login")["body"])


@dataclass(frozen=True)
class Served:
    """What a developer has while the command runs."""

    settings: SamLocalSettings
    engine: Engine
    process: subprocess.Popen[str]

    @property
    def values(self) -> dict[str, str]:
        """The assignments of the file that the command has written."""
        lines = self.settings.stack.env_file.read_text().splitlines()
        return {name: shlex.split(value)[0] for name, _, value in (line.partition("=") for line in lines)}

    @property
    def api(self) -> "closing[Api]":
        """A client of the API."""
        return closing(Api(self.values["EDGE_AUTH_URL"]))

    @property
    def variables(self) -> dict[str, dict[str, str]]:
        """The variables of each function, by its logical id."""
        found: dict[str, dict[str, str]] = json.loads((self.settings.stack.home / "env.json").read_text())
        return found

    def clients(self) -> "closing[Clients]":
        """AWS clients of the stack behind it."""
        return closing(Clients(self.settings.stack))

    def operator(self, *arguments: str, password: str) -> None:
        """Run the operators' command, with a password on standard input."""
        path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"}
        port = {"EDGE_AUTH_PORT": str(self.settings.stack.port)}
        command = [sys.executable, "-m", "admin", "--local", *arguments, "--password-stdin"]
        subprocess.run(command, env={**os.environ, **path, **port}, input=f"{password}\n", text=True, check=True)

    def invoke(self, function: str, event: Path) -> Any:  # noqa: ANN401 - what a function returns
        """Run `sam local invoke` and return the function's answer. `function` is the name of its folder."""
        outcome = subprocess.run(
            [
                ROOT / ".tools" / "sam" / "bin" / "sam",
                *("local", "invoke", logical_id(function), "--event", event),
                *options(self.settings.stack.home, self.engine),
            ],
            env=command_environment(self.settings.stack, os.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return json.loads(outcome.stdout.strip().splitlines()[0])


def objects_of(served: Served) -> dict[str, list[str]]:
    """Return the containers with functions of this stack, and the image with its layer."""
    folder, image = str(served.settings.code), sha256(served.engine.layer_folder.encode()).hexdigest()[:25]
    outcome = subprocess.run(
        [ROOT / ".tools" / "sam" / "bin" / "python", "-c", OBJECTS, folder, image],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(outcome.stdout)
    return found


def log_in(api: Api) -> tuple[str, str]:
    """Log in; return the access token and the refresh token."""
    return tokens(api.login(USER["username"], USER["password"]))


def tokens(answer: Answer) -> tuple[str, str]:
    """Return the tokens of an answer."""
    assert answer.status == 200, answer.content
    return answer.body["access_token"], answer.body["refresh_token"]


def logical_id(function: str) -> str:
    """Return the logical id of the function with this folder."""
    found = resources("AWS::Serverless::Function").items()
    return next(name for name, body in found if Path(body["Properties"]["CodeUri"]).name == function)


def free_port() -> int:
    """Return a port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def start(settings: SamLocalSettings) -> "subprocess.Popen[str]":
    """Start the command and wait until it serves."""
    stack = settings.stack
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"}
    parameters = [f"{name}={value}" for name, value in stack.parameters.items()]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, stack.home, str(stack.port), str(settings.api_port), *parameters],
        env=dict(os.environ) | path,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Press Ctrl-C" in line:
            return process
    process.communicate()
    pytest.fail("".join(lines))
