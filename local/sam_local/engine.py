"""The container engine that runs the functions: Docker, or another one that answers as Docker does."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from local import sam
from local.failure import Failure
from local.settings import ROOT, Settings

CLIENT = ROOT / "local" / "sam_local" / "engine_client.py"
NOT_FOUND = 1
MISSING = (
    "`sam local` needs a container engine, and none answers; install and start Docker, or set DOCKER_HOST to the "
    "socket of another engine"
)


class NoEngine(Failure):
    """No container engine answers."""


@dataclass(frozen=True)
class Engine:
    """What the local stack must know about the engine."""

    architecture: str  # of its containers, as SAM names it: arm64 or x86_64
    has_image: bool  # Lambda's image for Python is there, so SAM need not ask a registry
    host: str  # the name or address by which a container reaches this machine
    listen: str  # the address of this machine at which it is then reached
    layer_folder: str  # the name that SAM's cache of layers gives to our layer


def find(layer: str, settings: Settings, inherited: Mapping[str, str]) -> Engine:
    """Find the engine that SAM will use. `layer` is the ARN of our layer.

    Raises:
        NoEngine: there is none.
        Failure: it cannot be used, or its containers do not reach this machine.

    """
    return described(json.loads(_ask("describe", layer, settings, inherited).splitlines()[-1]))


def forget(layer: str, settings: Settings, inherited: Mapping[str, str]) -> None:
    """Remove the image that SAM has made with this layer, if there is one. Raises Failure."""
    _ask("forget", layer, settings, inherited)


def described(answer: Mapping[str, str | bool]) -> Engine:
    """Return the engine that was described.

    An engine in a virtual machine, such as Docker Desktop, forwards one name to this machine's own loopback address.
    Any other engine has a bridge, and this machine is the gateway of its network.

    Raises:
        Failure: the engine has neither.

    """
    host = "host.docker.internal" if answer["in_a_virtual_machine"] else str(answer["gateway"])
    if not host:
        raise Failure("the container engine has no bridge network, so its containers cannot reach this machine")
    return Engine(
        architecture=str(answer["architecture"]),
        has_image=bool(answer["has_image"]),
        host=host,
        listen="127.0.0.1" if answer["in_a_virtual_machine"] else host,
        layer_folder=str(answer["layer_folder"]),
    )


def _ask(verb: str, layer: str, settings: Settings, inherited: Mapping[str, str]) -> str:
    outcome = subprocess.run(
        [sam.SAM.with_name("python"), "-P", CLIENT, verb, layer],
        env=sam.environment(settings, inherited),
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode == NOT_FOUND and not outcome.stderr:
        raise NoEngine(MISSING)
    if outcome.returncode != 0:
        raise Failure(f"the container engine cannot be used: {outcome.stderr.strip().splitlines()[-1]}")
    return outcome.stdout
