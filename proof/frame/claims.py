"""The claims of the documents: where each one stands, the figure behind it, how to see it, and what was not tested.

They are in proof/claims.toml. A figure may have fields such as `{races.counts.rounds}`, from the result of that proof,
or `{growth.filling.added:,}`, from the figures of that benchmark. A row is found by its first member, as in
`{imports.runs.first.users:,}`. So no number that was measured is written by hand.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.frame import results as benchmarks
from benchmarks.frame.results import BENCHMARKS, ROOT, markdown
from proof.frame import results as proofs
from proof.frame.results import PROOFS

FILE = ROOT / "proof" / "claims.toml"


@dataclass(frozen=True)
class Claim:
    """One claim. `text` stands in the document `of`, word for word. `shown_by` are commands or tests."""

    text: str
    of: str
    figure: str
    shown_by: Sequence[str]
    not_tested: str


def claims() -> dict[str, list[Claim]]:
    """Return all claims by their subject. Raises TypeError: one lacks a part."""
    subjects = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {subject: [Claim(**claim) for claim in rows] for subject, rows in subjects.items()}


def tables() -> str:
    """Return a table for each subject, in Markdown. Raises KeyError: a figure has a field that no result has."""
    return "\n\n".join(f"### {subject}\n\n{_table(rows)}" for subject, rows in claims().items())


def filled(figure: str) -> str:
    """Return a figure with the values of its fields. Raises KeyError: a result lacks the field."""
    return _Figures().vformat(figure, (), {})


def _table(rows: Sequence[Claim]) -> str:
    head = ("claim", "figure", "shown by", "not tested")
    cells = (
        (f"“{row.text}” ({_link(row.of)})", filled(row.figure), _code(row.shown_by), row.not_tested) for row in rows
    )
    return markdown(head, cells)


def _link(document: str) -> str:
    name = document.removeprefix("docs/")
    return f"[{name}]({f'../{document}' if name == document else name})"


def _code(commands: Sequence[str]) -> str:
    return ", ".join(f"`{command}`" for command in commands)


class _Figures(string.Formatter):
    def get_field(self, field_name: str, _args: object, _kwargs: object) -> tuple[Any, str]:
        value: Any = _Results()
        for part in field_name.split("."):
            value = _row(value, part) if isinstance(value, list) else value[part]
        return value, field_name


def _row(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the row of a result that begins with this name. Raises KeyError."""
    return {next(iter(row.values())): row for row in rows}[name]


class _Results(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - whatever a result holds
        return proofs.read(name) if name in PROOFS else benchmarks.read(name)["figures"]

    def __iter__(self) -> Iterator[str]:
        return iter((*PROOFS, *BENCHMARKS))

    def __len__(self) -> int:
        return len(PROOFS) + len(BENCHMARKS)
