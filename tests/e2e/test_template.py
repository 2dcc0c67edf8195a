"""What is deployed: the template as SAM built it."""

import yaml

from local.settings import ROOT
from local.stack import Stack


def aliases(text: str) -> int:
    """Return how often a YAML text repeats a value by its name."""
    return sum(isinstance(token, yaml.AliasToken) for token in yaml.scan(text))


def test_the_built_template_has_no_aliases(stack: Stack) -> None:
    """CloudFormation refuses them; SAM writes the values in their place."""
    built = stack.settings.home / "build" / "template.yaml"

    assert aliases((ROOT / "template.yaml").read_text(encoding="utf-8")) > 0
    assert aliases(built.read_text(encoding="utf-8")) == 0
