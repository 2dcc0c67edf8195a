"""The settings of `make sam-local`: two ports, and the template's parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local import settings
from local.endpoint import HIGHEST_PORT
from local.failure import Failure
from local.settings import ROOT, Settings

PORT_SETTING = "EDGE_AUTH_SAM_PORT"
DEFAULT_PORT = 3000  # SAM's own
HOME = ROOT / ".local" / "sam-local"


@dataclass(frozen=True)
class SamLocalSettings:
    """The stack on MiniStack, the port of `sam local start-api`, and the folder with the folders of the functions."""

    stack: Settings
    api_port: int
    code: Path = ROOT / "functions"


def chosen(environment: Mapping[str, str], parameters: Sequence[str]) -> SamLocalSettings:
    """Read the settings. `parameters` are Name=value or Name="value".

    Raises:
        Failure: a port is none, or a parameter has another form.

    """
    text = environment.get(PORT_SETTING, str(DEFAULT_PORT))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise Failure(f"{PORT_SETTING}={text!r} is not a port; set a number from 1 to {HIGHEST_PORT}")
    given = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            raise Failure(f"{parameter!r} is not Name=value; set PARAMETERS to parameters of the template")
        given[name] = value.strip('"')  # as SAM reads it
    base = settings.from_environment(environment)
    return SamLocalSettings(
        stack=replace(base, home=HOME, parameters={**base.parameters, **given}),
        api_port=int(text),
    )
