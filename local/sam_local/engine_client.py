"""Asks the container engine for the local stack: `describe LAYER` or `forget LAYER`. LAYER is the ARN of a layer.

`forget` removes the image that SAM has made with the layer. `describe` does so too, for a run that was killed.

SAM's own interpreter runs this file, so that SAM's rules choose the engine, and SAM's names are known. It imports
nothing of the project. It ends with status 1, and without a message, if SAM finds no engine.
"""

import json
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

RUNTIME = "python3.13"


def main(verb: str, arn: str) -> int:
    """Run one verb and return the exit status."""
    unreachable = import_module("samcli.local.docker.exceptions").ContainerNotReachableException
    try:
        client = import_module("samcli.local.docker.container_client_factory").ContainerClientFactory.create_client()
    except unreachable:
        return 1
    architecture = "arm64" if client.info()["Architecture"] in {"aarch64", "arm64"} else "x86_64"
    layer = import_module("samcli.lib.providers.provider").LayerVersion(arn, None)
    image = import_module("samcli.local.docker.lambda_image")
    runtime = image.Runtime.get_image_name_tag(RUNTIME, architecture)
    tag = image.LambdaImage._generate_docker_image_version([layer], runtime)  # noqa: SLF001 - SAM has no other way
    with suppress(import_module("docker.errors").NotFound):
        client.images.remove(f"{image.LambdaImage._SAM_CLI_REPO_NAME}-{tag}", force=True)  # noqa: SLF001 - as above
    if verb == "describe":
        print(json.dumps(described(client, architecture, runtime, image.LambdaImage) | {"layer_folder": layer.name}))
    return 0


def described(client: Any, architecture: str, runtime: str, images: Any) -> dict[str, object]:  # noqa: ANN401 - untyped
    """Return the processor, this machine's address in the engine's network, and whether Lambda's image is there."""
    has_image = False
    with suppress(import_module("docker.errors").NotFound):
        client.images.get(f"{images._INVOKE_REPO_PREFIX}/{runtime}")  # noqa: SLF001 - as above
        has_image = True
    ranges = client.networks.get("bridge").attrs["IPAM"]["Config"]
    return {
        "architecture": architecture,
        "gateway": next((each["Gateway"] for each in ranges if "." in each.get("Gateway", "")), ""),
        "in_a_virtual_machine": sys.platform != "linux" or client.info()["OperatingSystem"] == "Docker Desktop",
        "has_image": has_image,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
