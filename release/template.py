"""Makes the template of a release: it names the built files, so users deploy it without a build."""

from pathlib import PurePosixPath
from typing import Any

import yaml

METADATA = "AWS::ServerlessRepo::Application"


def packaged(built: str, architecture: str) -> str:
    """Return the template for one processor, from the one that `sam build` wrote.

    All paths are relative to the template's folder. The parameter `Architecture` accepts only this processor, because
    the layer fits no other.
    """
    template: dict[str, Any] = yaml.safe_load(built)
    template["Parameters"]["Architecture"] |= {
        "Default": architecture,
        "AllowedValues": [architecture],
        "Description": "The processor of the functions. The layer of this template is built for it.",
        "ConstraintDescription": architecture,
    }
    template["Metadata"][METADATA] |= {"LicenseUrl": "LICENSE", "ReadmeUrl": "README.md"}
    for resource in template["Resources"].values():
        match resource["Type"]:
            case "AWS::Serverless::Function":
                name = PurePosixPath(resource["Properties"]["CodeUri"]).name
                resource["Properties"]["CodeUri"] = function_archive(name)
            case "AWS::Serverless::LayerVersion":
                resource["Properties"]["ContentUri"] = layer_archive(architecture)
                # It is built: without this, `sam build` would look for a Makefile.
                resource.pop("Metadata", None)
    return yaml.safe_dump(template, sort_keys=False, allow_unicode=True, width=120)


def function_archive(name: str) -> str:
    """Return the path of a function's archive, relative to the template."""
    return f"functions/{name}.zip"


def layer_archive(architecture: str) -> str:
    """Return the path of the layer's archive, relative to the template."""
    return f"layer-{architecture}.zip"
