"""The documented commands that deploy: each value arrives at SAM as it is meant, through the shell and through make."""

import re
import shlex

import pytest

from tests.support.sam_parameters import parameters_of
from tests.support.template import ROOT, parameters

DOCUMENTS = [
    ROOT / "README.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").glob("*/README.md"),
]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in DOCUMENTS}
SAM = re.compile(r"--parameter-overrides ((?:[^`\n]*\\\n)*[^`\n]*)")
MAKE = re.compile(r"\bPARAMETERS=\S[^`\n]*")
OF_SAM = [(name, found) for name, text in TEXTS.items() for found in SAM.findall(text)]
OF_MAKE = [(name, found) for name, text in TEXTS.items() for found in MAKE.findall(text)]


def words_of(command: str) -> list[str]:
    """Return the words that the shell makes of it, without the dots in the place of more.

    A semicolon, or another sign that ends a word of the shell, is a word of its own if no quotes are around it.
    """
    words = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=True)
    words.whitespace_split = True
    return [word for word in words if word != "..."]


def meant(words: list[str]) -> dict[str, str]:
    """Return the parameters that a person reads in the words."""
    return {name: value.strip('"') for name, _, value in (word.partition("=") for word in words)}


@pytest.mark.parametrize(("document", "command"), OF_SAM, ids=[name for name, _ in OF_SAM])
def test_a_value_in_a_command_of_sam_arrives_whole(document: str, command: str) -> None:
    """The shell removes quotes, and SAM ends a value without them at a space."""
    words = words_of(command)

    assert parameters_of(words) == [meant(words)]
    assert document.startswith("examples/") or meant(words).keys() <= parameters().keys()


@pytest.mark.parametrize(("document", "command"), OF_MAKE, ids=[name for name, _ in OF_MAKE])
def test_a_value_in_a_command_of_make_is_quoted_as_the_makefile_wants_it(document: str, command: str) -> None:
    """What stands behind PARAMETERS= is one word of the shell, with the quotes that SAM reads."""
    first, *others = words_of(command)
    assert all(re.match("[A-Z]+=", word) for word in others)
    value = first.removeprefix("PARAMETERS=")
    words = re.findall(r'(?:[^" ]|"[^"]*")+', value)

    assert parameters_of(words) == [meant(words)], document
    assert meant(words).keys() <= parameters().keys()


def test_the_documents_have_a_value_with_a_space_one_with_a_semicolon_and_an_empty_one() -> None:
    """The three that need quotes within quotes: a reader finds the form, for SAM and for make."""
    for commands in (OF_SAM, OF_MAKE):
        values = [value for _, command in commands for value in re.findall(r'"([^"]*)"', command)]
        assert any(" " in value for value in values)
        assert any(";" in value for value in values)
        assert "" in values


def test_a_value_that_the_shell_would_cut_is_seen() -> None:
    """Without quotes the command ends at a semicolon, and a value at a space."""
    assert words_of("PARAMETERS=PasswordProfiles=A;B") == ["PARAMETERS=PasswordProfiles=A", ";", "B"]
    assert words_of("PARAMETERS=MailName=Example Notes") == ["PARAMETERS=MailName=Example", "Notes"]
    assert words_of("'PasswordProfiles=\"A;B\"' # two") == ['PasswordProfiles="A;B"']
