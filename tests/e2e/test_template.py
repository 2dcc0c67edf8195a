"""The template that SAM built for the deployment."""

import yaml

from local.settings import ROOT
from local.stack import Stack


def aliases(text: str) -> int:
    """Return the number of aliases in a YAML text."""
    return sum(isinstance(token, yaml.AliasToken) for token in yaml.scan(text))


def test_the_built_template_has_no_aliases(stack: Stack) -> None:
    """CloudFormation refuses aliases, and SAM replaces them by their values."""
    built = stack.settings.home / "build" / "template.yaml"

    assert aliases((ROOT / "template.yaml").read_text(encoding="utf-8")) > 0
    assert aliases(built.read_text(encoding="utf-8")) == 0
