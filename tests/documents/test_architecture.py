"""docs/architecture.md shows the floors and rooms of the code."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.template import ROOT, Intrinsic, functions

PAGE = ROOT / "docs" / "architecture.md"
PACKAGE = ROOT / "layers" / "edge_auth" / "edge_auth"
# Rooms with rooms of their own.
WINGS = ("", "flows/", "adapters/")
ROOM = re.compile(r"^- \*\*`([\w./-]+)`\*\* ", re.MULTILINE)
WRITES = re.compile(r"dynamodb:(?:Put|Update|Delete)Item")

TEXT = PAGE.read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text under a heading of the second level."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def packages(folder: Path) -> set[str]:
    """Return the packages directly below a folder."""
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def modules(folder: Path) -> set[str]:
    """Return the modules directly below a folder."""
    return {path.name for path in folder.glob("*.py")} - {"__init__.py"}


def test_the_picture_has_the_floors_of_the_contract() -> None:
    """The picture has the floors of the import contract in their order, each with its rooms."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [layer] = [contract for contract in contracts if contract.get("containers") == ["edge_auth"]]
    lines = section("The picture").split("```")[1].replace("↓", "").splitlines()
    floors = [re.findall(r"\w+", line.partition("#")[0]) for line in lines if line.strip()]

    assert floors == [["functions"], *(re.findall(r"\w+", floor) for floor in layer["layers"])]


def test_the_page_has_every_room_of_the_layer_and_no_other() -> None:
    """The page has the packages of the layer, `flows/` and `adapters/`, and the modules of the layer and `flows/`."""
    rooms = {f"{wing}{name}/" for wing in WINGS for name in packages(PACKAGE / wing)}
    single = {f"{wing}{name}" for wing in ("", "flows/") for name in modules(PACKAGE / wing)}
    described = ROOM.findall(section("The rooms of the layer"))

    assert set(described) == rooms | single
    assert len(described) == len(set(described))


def test_the_page_has_every_folder_of_the_repository_and_no_other() -> None:
    """The page has every folder whose name begins with neither a dot nor an underscore."""
    folders = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}

    assert set(ROOM.findall(section("The folders of the repository"))) == folders


@pytest.mark.parametrize("folder", ["functions", "tests"])
def test_the_page_names_every_folder_in_these(folder: str) -> None:
    """The page describes every function and every kind of test."""
    [paragraph] = [
        text for text in section("The folders of the repository").split("\n- ") if f"**`{folder}/`**" in text
    ]
    names = {path.name for path in (ROOT / folder).iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert names <= set(re.findall(r"`(\w+)`", paragraph))


def test_the_page_says_which_functions_write_to_which_table() -> None:
    """The table has the writers that the template's policies allow."""
    writers: dict[str, set[str]] = {}
    for name, function in functions().items():
        statements = [statement for policy in function.get("Policies", []) for statement in policy["Statement"]]
        for listed in statements:
            statement = listed.argument[1] if isinstance(listed, Intrinsic) else listed  # with a condition
            if WRITES.search(str(statement["Action"])):
                for table in re.findall(r"\w+Table", str(statement["Resource"])):
                    writers.setdefault(table, set()).add(name)
    rows = re.findall(r"^\| [a-z ]+ \| DynamoDB, `(\w+)` \| (.+) \|$", section("Where the state is"), re.MULTILINE)

    assert {table: set(re.findall(r"`(\w+)`", cell)) for table, cell in rows} == writers


def test_every_file_that_the_page_names_is_there() -> None:
    """Each named path exists in the repository or in the layer's package."""
    for path in re.findall(r"`([\w/.-]+/[\w.-]+\.(?:py|toml|md))`", section("One request: a refresh")):
        assert (ROOT / path).is_file() or (PACKAGE / path).is_file(), path
