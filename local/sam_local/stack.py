"""Starts `sam local start-api` on a deployed stack, and stops both."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from local import ministack, sam
from local.failure import Failure
from local.process import Process
from local.progress import Progress
from local.sam_local import certificate, engine, template
from local.sam_local.engine import Engine
from local.sam_local.relay import relay
from local.settings import ROOT, STACK_NAME, Settings
from local.stack import Stack, running_stack

LAMBDA_PYTHON = "3.13"
# No such layer exists: SAM finds it in its cache. The port tells two stacks from each other.
LAYER_ARN = "arn:aws:lambda:us-east-1:000000000000:layer:EdgeAuthLayer:{}"
LAYERS = "layers"
READY_WITHIN_SECONDS = 120.0
# SAM stops its containers one after the other, each within a few seconds.
STOP_SECONDS = 60.0
READY = "Running on http://"


@dataclass(frozen=True)
class SamLocal:
    """A running `sam local start-api`, and the stack that has its tables, its keys and its user."""

    url: str  # without a stage, and without a trailing slash; the issuer of the tokens
    stack: Stack
    engine: Engine

    @property
    def options(self) -> list[str | Path]:
        """The options that each `sam local` command needs."""
        return options(self.stack.settings.home, self.engine)


def options(home: Path, chosen: Engine) -> list[str | Path]:
    """Return the options that each `sam local` command needs. The folder has what `template.write` wrote."""
    pull: list[str | Path] = ["--skip-pull-image"] if chosen.has_image else []
    files: list[str | Path] = ["--template-file", home / "template.yaml", "--env-vars", home / "env.json"]
    return [*files, "--layer-cache-basedir", home / LAYERS, *pull]


@contextmanager
def running_sam_local(
    settings: Settings, inherited: Mapping[str, str], progress: Progress, *, api_port: int, code: Path
) -> Iterator[SamLocal]:
    """Build, deploy to MiniStack, and serve with `sam local` until the `with` block ends. Then nothing is left.

    `code` is the folder with the folders of the functions. SAM watches it.

    Raises:
        Failure: a step failed, or there is no container engine.

    """
    ministack.require_free_port(api_port)
    step = progress.start("container engine")
    layer_arn = LAYER_ARN.format(api_port)
    chosen = engine.find(layer_arn, settings, inherited)
    step.done(f"its containers are {chosen.architecture}, and reach this machine as {chosen.host}")
    url = f"http://127.0.0.1:{api_port}"
    deployed = {**settings.parameters, "Issuer": url, "Architecture": chosen.architecture}
    built = settings.home / "lambda" / "build"
    layer = {"LAYER_PYTHON": LAMBDA_PYTHON, "LAYER_ARCHITECTURE": chosen.architecture}
    certified = certificate.make(chosen.host)
    with (
        sam.start_build_of(layer, built, settings, inherited) as build,
        running_stack(replace(settings, parameters=deployed), inherited, progress) as stack,
        relay(chosen.listen, certified.server, settings.port) as port,
    ):
        step = progress.start("sam build, for Lambda's image")
        sam.finish_build(build)
        step.done(f"the layer is built for Python {LAMBDA_PYTHON} and {chosen.architecture}")
        _lay(built / "EdgeAuthLayer", settings.home / LAYERS / chosen.layer_folder, certified.pem)
        _write(stack, built, layer_arn, code, f"https://{chosen.host}:{port}")

        step = progress.start(f"sam local start-api on 127.0.0.1:{api_port}")
        with _image(layer_arn, settings, inherited), _start_api(settings, chosen, api_port, inherited) as process:
            _wait_until_ready(process)
            step.done("each function gets its container at its first call")
            yield SamLocal(url, stack, chosen)


@contextmanager
def _image(layer_arn: str, settings: Settings, inherited: Mapping[str, str]) -> Iterator[None]:
    """Leave no image with this layer at the end."""
    try:
        yield
    finally:
        engine.forget(layer_arn, settings, inherited)


def _lay(built: Path, target: Path, authority: bytes) -> None:
    """Move the built layer to where SAM looks for layers that have an ARN, with the certificate to trust."""
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    built.rename(target)
    (target / template.AUTHORITY).write_bytes(authority)


def _write(stack: Stack, built: Path, layer_arn: str, code: Path, endpoint: str) -> None:
    """Write the template and the variables for `sam local`."""
    cloudformation, functions = stack.clients.cloudformation, stack.clients.lambda_
    resources = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    variables = {
        resource["LogicalResourceId"]: {
            **functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"])["Environment"][
                "Variables"
            ],
            **template.connection(endpoint),
        }
        for resource in resources
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }
    given = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["Parameters"]
    changed = template.for_sam_local(
        yaml.safe_load((built / "template.yaml").read_text()),
        layer=layer_arn,
        code=code,
        deployed=variables,
        parameters={parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in given},
    )
    template.write(stack.settings.home, changed, variables)


def _start_api(settings: Settings, chosen: Engine, api_port: int, inherited: Mapping[str, str]) -> Process:
    serve = ("--host", "127.0.0.1", "--port", str(api_port), "--warm-containers", "LAZY")
    return Process(
        [sam.SAM, "local", "start-api", *options(settings.home, chosen), *serve],
        env=command_environment(settings, inherited),
        log=settings.log("start-api"),
        cwd=ROOT,
        polite_seconds=STOP_SECONDS,
    )


def command_environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a `sam local` command. A function gets its endpoint from `env.json` only."""
    environment = sam.environment(settings, inherited)
    del environment["AWS_ENDPOINT_URL"]
    return environment


def _wait_until_ready(process: Process) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while READY not in process.log.read_text(errors="replace"):
        if not process.running:
            raise Failure(f"sam local ended while it started; its log, {process.log}, ends with:\n{process.tail()}")
        if time.monotonic() > deadline:
            raise Failure(f"sam local did not start within {READY_WITHIN_SECONDS:.0f} s; see {process.log}")
        time.sleep(0.1)
