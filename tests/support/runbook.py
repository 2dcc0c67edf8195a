"""The runbook, docs/operate.md: its sections about alarms, and their queries for CloudWatch Logs Insights."""

import re
from typing import NamedTuple

from tests.support.template import ROOT

RUNBOOK = ROOT / "docs" / "operate.md"
_SECTION = re.compile(r"^### (\w+)$(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_QUERY = re.compile(r"^```text\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WORDS = {"fields", "filter", "sort", "desc", "asc", "limit", "stats", "by", "and", "or", "in", "like", "not", "as"}


class Query(NamedTuple):
    """A query. `group` is the log group of a stack with the name edge-auth."""

    group: str
    text: str

    @property
    def fields(self) -> set[str]:
        """The fields that the query names, without those of CloudWatch itself, which begin with @."""
        bare = re.sub(r'"[^"]*"|\.\d+\b', "", self.text)  # `where.0` is the first of a list
        made = set(re.findall(r"\bas (\w+)", bare))
        called = set(re.findall(r"(\w+)\(", bare))
        names = set(re.findall(r"(?<![\w@.])[a-zA-Z_][\w.]*", re.sub(r"\b\d+[mhd]\b", "", bare)))
        return names - _WORDS - made - called

    @property
    def texts(self) -> set[str]:
        """The texts that it compares with."""
        return set(re.findall(r'"([^"]*)"', self.text))


def sections() -> dict[str, str]:
    """Return the text of each section of the third level, by its heading."""
    return dict(_SECTION.findall(RUNBOOK.read_text(encoding="utf-8")))


def queries(text: str) -> list[Query]:
    """Return the queries of a section."""
    return [Query(*found) for found in _QUERY.findall(text)]
