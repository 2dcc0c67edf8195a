"""SAM, as users run it: `sam build`, then `sam deploy` of the real template."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from local import aws, ministack
from local.aws import Clients
from local.endpoint import REGION
from local.failure import Failure
from local.process import Process
from local.settings import API_ID, AUDIENCE, ROOT, STACK_NAME, Settings

if TYPE_CHECKING:
    from pathlib import Path

SAM = ROOT / ".tools" / "sam" / "bin" / "sam"
BUCKET = "edge-auth-artefacts"


def _environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    # Seconds between two looks at a deployment, and where SAM keeps what it remembers: not in the user's home.
    return aws.environment(settings, inherited) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",
        "__SAM_CLI_APP_DIR": str(settings.home / "sam"),
    }


def start_build(settings: Settings, inherited: Mapping[str, str]) -> Process:
    """Start `sam build`, with the layer made for MiniStack's interpreter and this machine."""
    layer = {
        "LAYER_PYTHON": ministack.interpreter_version(),
        "LAYER_ARCHITECTURE": "host",
        "LAYER_INTERPRETER": str(ministack.INTERPRETER),
        # The layer is built with the project's uv, whoever starts us.
        "PATH": f"{ROOT / '.tools' / 'bin'}:{inherited.get('PATH', os.defpath)}",
    }
    return Process(
        [SAM, "build", "--template-file", ROOT / "template.yaml", "--build-dir", settings.home / "build"],
        env=_environment(settings, inherited) | layer,
        log=settings.log("build"),
        cwd=ROOT,
    )


def finish_build(build: Process) -> None:
    """Wait for the build.

    Raises:
        Failure: it failed.

    """
    if build.wait() != 0:
        raise Failure(f"sam build failed; {build.log} ends with\n{build.tail()}")


def deploy(settings: Settings, clients: Clients, inherited: Mapping[str, str]) -> None:
    """Deploy what was built.

    Raises:
        Failure: it failed; the message names the resource that did, and why.

    """
    # A bucket of our own: SAM's (resolve_s3) is a stack of its own, for which it polls every 15 seconds.
    clients.s3.create_bucket(Bucket=BUCKET)
    parameters = {
        "Issuer": settings.base_url,
        "Audience": AUDIENCE,
        **settings.parameters,
    }
    command: list[str | Path] = [
        *(SAM, "deploy", "--template-file", settings.home / "build" / "template.yaml"),
        *("--stack-name", STACK_NAME, "--region", REGION, "--s3-bucket", BUCKET, "--no-resolve-s3"),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar", "--disable-rollback"),
        # MiniStack's own tag: the REST API's id, so that its address is known beforehand.
        *("--tags", f"ms-custom-id={API_ID}"),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
    ]
    log = settings.log("deploy")
    with Process(command, env=_environment(settings, inherited), log=log, cwd=ROOT) as process:
        if process.wait() != 0:
            raise Failure(_why(process, clients))


def _why(process: Process, clients: Clients) -> str:
    """Return the first resource that failed and the reason, or the end of the log where none did."""
    if clients.cloudformation.list_stacks()["StackSummaries"]:
        events = clients.cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
        for event in reversed(events):
            if event["ResourceStatus"].endswith("_FAILED"):
                name = event["LogicalResourceId"]
                reason = event.get("ResourceStatusReason", "no reason given")
                return f"sam deploy failed at {name}: {reason} (see {process.log})"
    return f"sam deploy failed; {process.log} ends with\n{process.tail()}"
