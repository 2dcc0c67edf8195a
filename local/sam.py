"""Runs SAM as users do: `sam build`, then `sam deploy` of the real template."""

import os
from collections.abc import Mapping
from pathlib import Path

from local import aws, ministack
from local.aws import Clients
from local.endpoint import REGION
from local.failure import Failure
from local.process import Process
from local.settings import API_ID, AUDIENCE, ROOT, STACK_NAME, Settings

SAM = ROOT / ".tools" / "sam" / "bin" / "sam"
BUCKET = "edge-auth-artefacts"


def environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of SAM. It checks a deployment every 0.3 s, and keeps its own files below our folder."""
    return aws.environment(settings, inherited) | {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",
        "__SAM_CLI_APP_DIR": str(settings.home / "sam"),
    }


def start_build(settings: Settings, inherited: Mapping[str, str]) -> Process:
    """Start `sam build`. It builds the layer for MiniStack's interpreter and for this machine."""
    return start_build_of(layer_for_ministack(), settings.home / "build", settings, inherited)


def layer_for_ministack() -> dict[str, str]:
    """Return the variables of layers/edge_auth/Makefile for MiniStack's interpreter and for this machine."""
    return {
        "LAYER_PYTHON": ministack.interpreter_version(),
        "LAYER_ARCHITECTURE": "host",
        "LAYER_INTERPRETER": str(ministack.INTERPRETER),
    }


def start_build_of(
    layer: Mapping[str, str], folder: Path, settings: Settings, inherited: Mapping[str, str], *, source: Path = ROOT
) -> Process:
    """Start `sam build` of a checkout into a folder. `layer` has the variables of layers/edge_auth/Makefile."""
    # The project's own uv builds the layer, so its folder is first in PATH.
    path = {"PATH": f"{ROOT / '.tools' / 'bin'}:{inherited.get('PATH', os.defpath)}"}
    return Process(
        [SAM, "build", "--template-file", source / "template.yaml", "--build-dir", folder],
        env=environment(settings, inherited) | path | dict(layer),
        log=folder.with_suffix(".log"),
        cwd=source,
    )


def finish_build(build: Process) -> None:
    """Wait for the build.

    Raises:
        Failure: the build failed.

    """
    if build.wait() != 0:
        raise Failure(f"sam build failed; its log, {build.log}, ends with:\n{build.tail()}")


def deploy(
    settings: Settings,
    clients: Clients,
    inherited: Mapping[str, str],
    *,
    template: Path | None = None,
    stack: str = STACK_NAME,
    rolls_back: bool = False,
) -> None:
    """Deploy what was built: the local stack's own build, or another built template.

    A deployment that fails stays as it is, so that it can be looked at, or it `rolls_back`.

    Raises:
        Failure: the deployment failed. The message names the resource that failed, and the reason.

    """
    # Our own bucket: with resolve_s3 SAM deploys a second stack for its bucket, and polls that every 15 seconds.
    clients.s3.create_bucket(Bucket=BUCKET)
    parameters = {
        "Issuer": settings.base_url,
        "Audience": AUDIENCE,
        **settings.parameters,
    }
    command: list[str | Path] = [
        *(SAM, "deploy", "--template-file", template or settings.home / "build" / "template.yaml"),
        *("--stack-name", stack, "--region", REGION, "--s3-bucket", BUCKET, "--no-resolve-s3"),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
        *(() if rolls_back else ("--disable-rollback",)),
        # MiniStack takes the id of the REST API from this tag, so the address is known before the deployment.
        *("--tags", f"ms-custom-id={API_ID}"),
        *("--parameter-overrides", *overrides(parameters)),
    ]
    log = settings.log("deploy")
    with Process(command, env=environment(settings, inherited), log=log, cwd=ROOT) as process:
        if process.wait() != 0:
            raise Failure(_why(process, clients, stack))


def overrides(parameters: Mapping[str, str]) -> list[str]:
    """Return the words that give SAM these parameters. The quotes keep a value with a space, and an empty one."""
    return [f'{name}="{value}"' for name, value in parameters.items()]


def _why(process: Process, clients: Clients, stack: str) -> str:
    """Return the first resource that failed and the reason, or the end of the log if no resource failed."""
    if clients.cloudformation.list_stacks()["StackSummaries"]:
        events = clients.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        for event in reversed(events):
            if event["ResourceStatus"].endswith("_FAILED"):
                name = event["LogicalResourceId"]
                reason = event.get("ResourceStatusReason", "no reason is given")
                return f"sam deploy failed at {name}: {reason}; see {process.log}"
    return f"sam deploy failed; its log, {process.log}, ends with:\n{process.tail()}"
