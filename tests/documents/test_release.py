"""docs/release.md describes what a release has, and commands that exist."""

import re

from release import audit, bill, template
from release.__main__ import ARCHITECTURES, COPIED
from tests.support.template import ROOT

TEXT = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text under a heading of the second level."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_table_has_every_file_of_a_release() -> None:
    """The names are those that the code writes."""
    described = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE))))

    layers = {template.layer_archive(name) for name in ARCHITECTURES}
    templates = {f"template-{name}.yaml" for name in ARCHITECTURES}
    written = {"edge-auth-VERSION.zip", "functions/", "LICENSES/", "sbom.cdx.json", "SHA256SUMS"}
    assert described == layers | templates | written | set(COPIED)
    assert f"CycloneDX {bill.SPECIFICATION}" in section("What is in it")


def test_the_deployment_names_a_template_of_a_release() -> None:
    """The stack's name and its capabilities come from samconfig.toml, which is in the archive."""
    [named] = re.findall(r"^sam deploy --template-file (\S+) ", TEXT, re.MULTILINE)

    assert named in {f"template-{name}.yaml" for name in ARCHITECTURES}
    assert "samconfig.toml" in COPIED


def test_every_command_of_make_is_a_target() -> None:
    """A reader can run it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in set(re.findall(r"`make (\w+)", TEXT)):
        assert re.search(rf"^{target}: .*## ", makefile, re.MULTILINE), target
    assert "UNANSWERED=allow" in TEXT
    assert "$(filter allow,$(UNANSWERED))" in makefile


def test_the_audit_begins_with_what_ships() -> None:
    """The other locks are those of the tools."""
    assert audit.LOCKS[0] == bill.LOCK
    assert {path.parent.name for path in audit.LOCKS[1:]} == {"locks"}


def test_the_limits_of_the_repository_of_applications_are_those_of_the_template() -> None:
    """The page names each resource that it refuses; a template without them needs another text."""
    types = re.findall(r"^    Type: (\S+)$", (ROOT / "template.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    limits = section("The Serverless Application Repository")

    assert [name for name in types if name.startswith("Custom::")] == ["Custom::KeyRing"]
    assert types.count("AWS::IAM::ManagedPolicy") == 3
    assert "`Custom::KeyRing`" in limits
    assert "`AWS::IAM::ManagedPolicy`" in limits
    assert "The stack has three" in limits
