"""The bill of materials and the licences are those of what is in the layer."""

import json
from pathlib import Path

import pytest

from release import bill, packages
from release.failure import Failure

LOCK = r"""# made by a tool
left-out==3.0 ; sys_platform == 'win32' \
    --hash=sha256:cc
Some.Name==1.0 \
    --hash=sha256:aa \
    --hash=sha256:bb
    # via something
"""


def install(site: Path, name: str, version: str, *, licence: str = "License-Expression: MIT") -> Path:
    """Add the metadata of a package to a layer, as an installer writes it."""
    folder = site / f"{name}-{version}.dist-info"
    (folder / "licenses").mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{licence}\n\n")
    (folder / "licenses" / "LICENSE.txt").write_text(f"the licence of {name}\n")
    return folder


def test_the_packages_are_those_of_the_layer(tmp_path: Path) -> None:
    """Each has one spelling of its name, and its licence by the newer field or by the older one."""
    install(tmp_path, "Some_Name", "1.0")
    install(tmp_path, "other", "2.0", licence="License: BSD")
    install(tmp_path, "plain", "3.0", licence="Summary: none")

    found = packages.installed(tmp_path)

    assert [(each.name, each.version, each.licence) for each in found] == [
        ("other", "2.0", "BSD"),
        ("plain", "3.0", "see its text"),
        ("some-name", "1.0", "MIT"),
    ]
    assert found[0].texts["LICENSE.txt"].read_text() == "the licence of other\n"
    assert "- some-name 1.0: MIT\n" in packages.notice(found)


def test_a_package_without_a_text_of_its_licence_is_refused(tmp_path: Path) -> None:
    """Most licences ask that their text goes along."""
    (install(tmp_path, "some-name", "1.0") / "licenses" / "LICENSE.txt").unlink()

    with pytest.raises(Failure, match="some-name has no text"):
        packages.installed(tmp_path)


def test_an_empty_layer_is_refused(tmp_path: Path) -> None:
    """A wrong folder must not give an empty bill."""
    with pytest.raises(Failure, match="no package"):
        packages.installed(tmp_path)


def test_the_requirements_are_the_lines_of_what_is_in_the_layer(tmp_path: Path) -> None:
    """They have the hashes of the lock, and nothing that the layer lacks."""
    install(tmp_path, "some_name", "1.0")

    lines = bill.requirements(LOCK, packages.installed(tmp_path))

    assert lines == "Some.Name==1.0 --hash=sha256:aa --hash=sha256:bb\n"


@pytest.mark.parametrize(("name", "version"), [("some-name", "1.1"), ("stranger", "1.0")])
def test_what_is_not_locked_is_refused(tmp_path: Path, name: str, version: str) -> None:
    """A layer that was built otherwise has no bill."""
    install(tmp_path, name, version)

    with pytest.raises(Failure, match=f"{name} {version}, which is not locked"):
        bill.requirements(LOCK, packages.installed(tmp_path))


def test_the_bill_names_the_packages_with_their_hashes(tmp_path: Path) -> None:
    """The tool writes CycloneDX 1.6 about this project, with the time that it is given."""
    site = tmp_path / "python"
    install(site, "pyjwt", locked_version("pyjwt"))
    found = packages.installed(site)

    bill.write(tmp_path / "sbom.json", found, 1_790_000_000, validate=False)

    document = json.loads((tmp_path / "sbom.json").read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == "edge-auth"
    assert document["metadata"]["timestamp"].startswith("2026-09-21T14:13:20")
    assert bill.components(tmp_path / "sbom.json") == {"pyjwt": found[0].version}
    [reference] = document["components"][0]["externalReferences"]
    assert {each["alg"] for each in reference["hashes"]} == {"SHA-256"}


def locked_version(name: str) -> str:
    """Return the version of a package in the lock of the layer."""
    [line] = [line for line in bill.LOCK.read_text().splitlines() if line.startswith(f"{name}==")]
    return line.removeprefix(f"{name}==").split()[0]
