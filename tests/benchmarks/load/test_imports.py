"""Users a second of an import: the second run finds every user of the first."""

from pathlib import Path

import pytest

from benchmarks.load import imports
from benchmarks.requests.deployment import Deployment


def test_a_second_run_adds_nobody(deployment: Deployment, tmp_path: Path) -> None:
    """What is measured is an import. It is one batch, because moto fails if threads call it at the same time."""
    path = imports._written(tmp_path / "users.jsonl", "user", 20)

    runs = [imports._run(deployment, path) for _ in range(2)]

    assert [run["results"] for run in runs] == [{"added": 20}, {"known": 20}]
    assert [run["users"] for run in runs] == [20, 20]


def test_a_record_that_is_not_taken_ends_the_benchmark(deployment: Deployment, tmp_path: Path) -> None:
    """Its figure would be of fewer users than it says."""
    (tmp_path / "users.jsonl").write_text("{}\n")

    with pytest.raises(RuntimeError, match="line 1: the user has no password"):
        imports._run(deployment, tmp_path / "users.jsonl")


def test_the_table_has_the_users_a_second() -> None:
    """And the engine, whose times they are."""
    runs = [{"run": "first", "users": 1000, "seconds": 2.0}, {"run": "second", "users": 1000, "seconds": 1.0}]
    text = imports.table({"engine": "an engine", "threads": 8, "users_of_a_batch": 25, "runs": runs})

    assert "| first | 1,000 | 500 |" in text
    assert "| second | 1,000 | 1000 |" in text
    assert "8 threads, 25 users in a transaction" in text
    assert "an engine, in memory" in text
