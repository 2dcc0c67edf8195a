"""Starts the whole product on this machine, and stops it."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import gateway, ministack, sam, user
from local.aws import Clients
from local.failure import Failure
from local.progress import Progress
from local.settings import API_ID, ROOT, STACK_NAME, STAGE, Settings
from local.user import User


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    settings: Settings
    clients: Clients
    user: User
    outputs: Mapping[str, str]  # outputs of the template, by name
    pid: int  # of MiniStack, which leads its process group


@contextmanager
def running_stack(settings: Settings, inherited: Mapping[str, str], progress: Progress) -> Iterator[Stack]:
    """Build, deploy and serve until the `with` block ends. Then no process and no state is left.

    Raises:
        Failure: a step failed.

    """
    ministack.require_free_port(settings.port)
    for tool in (ministack.INTERPRETER, sam.SAM):
        if not tool.exists():
            raise Failure(f"{tool.relative_to(ROOT)} is not installed; run `make demo` or `make run`, which install it")
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=settings.home, ignore_cleanup_errors=True) as state:
        boot = progress.start(f"boot MiniStack on 127.0.0.1:{settings.port}")
        build_step = progress.start("sam build")
        with (
            ministack.start(settings, Path(state), inherited) as process,
            sam.start_build(settings, inherited) as build,
        ):
            ministack.wait_until_healthy(process, settings)
            boot.done("IAM is enforced: each function has the rights of its own policy only")
            sam.finish_build(build)
            build_step.done("the layer is built for this machine's Python")
            with closing(Clients(settings)) as clients:
                yield _deployed(settings, clients, inherited, progress, process.pid)


def _deployed(
    settings: Settings, clients: Clients, inherited: Mapping[str, str], progress: Progress, pid: int
) -> Stack:
    step = progress.start("sam deploy")
    sam.deploy(settings, clients, inherited)
    step.done(
        ", with ".join(["the real template", *(f"{name}={value}" for name, value in settings.parameters.items())])
    )

    step = progress.start("gateway responses")
    responses = gateway.read(ROOT / "template.yaml")
    gateway.apply(responses, clients.apigateway, API_ID, STAGE)
    step.done(f"{len(responses)} from the template; MiniStack does not take them from SAM")

    step = progress.start(f"create the user {user.USERNAME}")
    made = user.create(settings, inherited)
    step.done("with ./edge-auth, the operators' command")

    stacks = clients.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
    return Stack(settings, clients, made, outputs, pid)
