"""The mutants that no test has to find, each with its reason: explained.toml."""

import tomllib
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "explained.toml"
MESSAGE = "the text of an exception, which is for the log and for developers"


class Key(NamedTuple):
    """What names a mutant: its module below the package, the text of its line, and the change."""

    module: str
    line: str
    change: str


class Explanations:
    """The reasons by mutant."""

    def __init__(self, text: str) -> None:
        """Read them."""
        entries = tomllib.loads(text).get("mutant", [])
        self.reasons: dict[Key, str] = {
            Key(each["module"], each["line"], change): each["reason"] for each in entries for change in each["changes"]
        }

    def is_listed(self, key: Key) -> bool:
        """Return whether the file has a mutant."""
        return key in self.reasons

    def reason(self, key: Key, *, is_message: bool) -> str:
        """Return why no test has to find a mutant, or an empty text."""
        return self.reasons.get(key, MESSAGE if is_message else "")
