"""docs/guides/import.md says what the command takes and what the bounds are."""

import re

from admin.imports.new_user import MEMBERS
from admin.imports.run import USERS_OF_A_BATCH
from admin.imports.sources import FORMATS
from edge_auth.credentials import profiles
from edge_auth.credentials.foreign_hashes import SCHEMES, declared_kind
from edge_auth.flows.accounts.import_users import WAITS_SECONDS
from tests.support.template import ROOT

TEXT = (ROOT / "docs" / "guides" / "import.md").read_text(encoding="utf-8")
KIND = re.compile(r"^\| [^|]+ \| `([^`]+)` \| ([^|]+) \|$", re.MULTILINE)
BOUND = re.compile(r"`(\w+)` (?:\(bytes\) )?(\d+) to (\d+)")
PASSWORD_PROFILES = [(declared, BOUND.findall(bounds)) for declared, bounds in KIND.findall(TEXT)]


def test_the_bounds_of_every_kind_are_those_of_the_code() -> None:
    """The examples are within them. A SHA-1 and a SHA-512 have the bounds of the SHA-256 in the table."""
    of_argon2id, *others = PASSWORD_PROFILES
    most = (profiles.MAX_MEMORY_KIB, profiles.MAX_ITERATIONS, profiles.MAX_LANES)
    assert tuple(int(high) for _, _, high in of_argon2id[1]) == most
    for declared, bounds in others:
        kind = declared_kind(declared)
        assert {name: (int(low), int(high)) for name, low, high in bounds} == SCHEMES[kind.scheme].bounds, declared
    named = {declared_kind(declared).scheme for declared, _ in others}
    assert named == {*SCHEMES} - {"pbkdf2-sha1", "pbkdf2-sha512"}


def test_every_format_and_every_member_is_named() -> None:
    """A reader finds what to write, and which formats there are."""
    assert set(re.findall(r"`([\w-]+)`", TEXT.partition("| `--format` |")[2].partition("\n")[0])) == {*FORMATS}
    table = TEXT.partition("| member | what it is |\n|---|---|\n")[2].partition("\n\n")[0]
    assert {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])} == {*MEMBERS}


def test_a_transaction_has_as_many_users_as_it_says() -> None:
    """A run that was stopped has added whole transactions."""
    assert f"in transactions of {USERS_OF_A_BATCH}, each one whole" in TEXT


def test_how_long_the_command_waits_is_what_it_says() -> None:
    """Two minutes for each transaction."""
    assert "up\nto two minutes for each transaction" in TEXT
    assert round(sum(WAITS_SECONDS) / 60) == 2
