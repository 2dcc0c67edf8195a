"""The template and the variables of `sam local`: the built template, with what the deployment on MiniStack resolved.

`sam local` resolves no resource, so a `!Ref` of a table becomes its logical id, and `!GetAtt KeyRing.Jwks` becomes
empty. It also ignores conditions. MiniStack has resolved both, so its answers are taken.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

FUNCTION = "AWS::Serverless::Function"
# Where a function finds the certificate: SAM copies the folder of the layer to /opt.
AUTHORITY = "sam-local.pem"
Variables = Mapping[str, str]


def connection(endpoint: str) -> dict[str, str]:
    """Return the variables by which a function reaches MiniStack, and nothing of the developer's own account."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CA_BUNDLE": f"/opt/{AUTHORITY}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def for_sam_local(
    built: Mapping[str, Any],
    *,
    layer: str,
    code: Path,
    deployed: Mapping[str, Variables],
    parameters: Mapping[str, str],
) -> dict[str, Any]:
    """Return the built template with the functions and the variables that are deployed, and no others.

    `layer` is the ARN of the layer. SAM makes one image with a layer that has an ARN, and a new image for each function
    with a layer of the template. `code` is the folder with the folders of the functions. `deployed` has the variables
    of each function, by its logical id. `parameters` become the defaults, so no command has to name them.
    """
    resources = {
        logical_id: _function(resource, layer, code, deployed[logical_id]) if resource["Type"] == FUNCTION else resource
        for logical_id, resource in built["Resources"].items()
        if resource["Type"] != FUNCTION or logical_id in deployed  # the others have a condition that does not hold
    }
    declared = {
        name: {**parameter, "Default": parameters[name]} if name in parameters else parameter
        for name, parameter in built["Parameters"].items()
    }
    return {**built, "Parameters": declared, "Resources": resources}


def _function(resource: Mapping[str, Any], layer: str, code: Path, variables: Variables) -> dict[str, Any]:
    properties = resource["Properties"]
    changed: dict[str, Any] = {
        "CodeUri": str(code / Path(properties["CodeUri"]).name),
        "Environment": {"Variables": dict(variables)},
    }
    if "Layers" in properties:
        changed["Layers"] = [layer]
    return {**resource, "Properties": {**properties, **changed}}


def write(folder: Path, template: Mapping[str, Any], deployed: Mapping[str, Variables]) -> None:
    """Write `template.yaml` and `env.json` into the folder.

    SAM prefers a variable of the developer's shell to one of the template, and one of `env.json` to both. But it takes
    only those that the template declares.
    """
    (folder / "template.yaml").write_text(yaml.safe_dump(template, sort_keys=False))
    (folder / "env.json").write_text(json.dumps(deployed, indent=2))
