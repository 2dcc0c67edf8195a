"""The tests that found the mutants in the last run. They come first in the next one, which makes it much shorter."""

import json
from pathlib import Path

from proof.mutants.explanations import Key


class Killers:
    """The tests by mutant, kept in a file."""

    def __init__(self, path: Path) -> None:
        """Read them."""
        self._path = path
        self._tests: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def of(self, key: Key) -> str:
        """Return the test that found a mutant, or an empty text."""
        return self._tests.get(_name(key), "")

    def remember(self, key: Key, test: str) -> None:
        """Remember which test found a mutant."""
        self._tests[_name(key)] = test

    def keep(self) -> None:
        """Write the file."""
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._tests), encoding="utf-8")
        new.replace(self._path)


def _name(key: Key) -> str:
    return "\n".join(key)
