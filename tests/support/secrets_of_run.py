"""No secret is left anywhere after a run of the tests: the last step of the run searches for all that it issued.

The tests hand over what was issued, and what the product wrote. Both are in a private folder, which is deleted at the
end. The process that leads the run searches, because a secret of one worker may be in a place of another.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import uuid4

import pytest

from tests.support.secret_search import Found, Search, Secret

FOLDER_VARIABLE = "EDGE_AUTH_SECRETS_OF_RUN"
OUTPUT = "the output of the tests"
MAILS, TABLES, REFUSALS = "mails", "tables", "refusals"
ANSWERS = "successes"  # each without what it is there to give: the tokens, codes and cookies of its own members
MAILS_OF_STACK = "mails of the local stack"
COMMANDS = "the output of operators' commands"  # what they print as their result, without their messages
# What a place is there for. Everything else is in no place.
MEANT = {
    Found("proof of a mail", MAILS),
    Found("proof of a mail", MAILS_OF_STACK),
    Found("proof of a mail", COMMANDS),  # `users reset-link`
    Found("password hash", COMMANDS),  # `users export --with-password-hashes`
    Found("password hash", TABLES),
    Found("token of a second step", REFUSALS),
}
# What the local stacks and the tools leave on the disk below the folder of the run.
LEFT = (".local", ".cache")
# In these folders are copies of the source and the names of tests, which may have a word that is a secret of a test;
# and the state of a stack that is still running. It is deleted at the stack's end, and the stack's tests search it.
NOT_LEFT = re.compile(r"build|bytecode|proof|run-.+")
FILE = "the file "

_name = f"{os.getpid()}-{uuid4().hex[:8]}"


def issued(secrets: Iterable[Secret]) -> None:
    """Hand over secrets that were issued."""
    _append("issued", (json.dumps(secret) for secret in secrets))


def wrote(place: str, texts: Iterable[str]) -> None:
    """Hand over what the product wrote into a place."""
    _append(f"wrote {place}", (json.dumps(text) for text in texts))


def _append(what: str, lines: Iterable[str]) -> None:
    folder = os.environ.get(FOLDER_VARIABLE)
    text = "" if folder is None else "".join(f"{line}\n" for line in lines)
    if folder is not None and text:
        with (Path(folder) / f"{what}.{_name}").open("a", encoding="utf-8") as file:
            file.write(text)


def handed_over(folder: Path, what: str) -> Iterator[str]:
    """Yield the lines of all workers."""
    for path in sorted(folder.glob(f"{what}.*")):
        with path.open(encoding="utf-8") as file:
            yield from file


def places(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Yield each text with its place: what was handed over to a folder, and the files that are left below a root."""
    for path in sorted(folder.glob("wrote *")):
        place = path.name.removeprefix("wrote ").partition(".")[0]
        yield from ((place, json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
    for path in left(root):
        with suppress(FileNotFoundError):  # another run may remove it meanwhile
            yield f"{FILE}{path.relative_to(root)}", path.read_text(encoding="utf-8", errors="replace")


def left(root: Path) -> Iterator[Path]:
    """Yield the files that are left below a root."""
    for name in LEFT:
        for folder, folders, files in os.walk(root / name):  # it passes over a folder that is removed meanwhile
            folders[:] = (each for each in folders if not NOT_LEFT.fullmatch(each))
            yield from (path for file in files if (path := Path(folder, file)).is_file())


class Result(NamedTuple):
    """How many secrets of each kind were issued, how many texts each place has, and what was found there."""

    issued: Mapping[str, int]
    searched: Mapping[str, int]
    found: Sequence[Found]


def search(folder: Path, root: Path) -> Result:
    """Search all that was handed over to a folder, and the files that are left below a root."""
    secrets = {Secret(*json.loads(line)) for line in handed_over(folder, "issued")}
    known, searched, found = Search(secrets), Counter[str](), set[Found]()
    kinds_in = cache(known.kinds_in)  # many tests leave the same items
    for place, text in places(folder, root):
        searched[place] += 1
        found |= {Found(kind, place) for kind in kinds_in(text)}
    kinds = Counter(sorted(secret.kind for secret in secrets))
    return Result(dict(kinds), dict(searched), sorted(found - MEANT))


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, in the process that leads the run. Its workers inherit the variable."""
    if hasattr(config, "workerinput") or FOLDER_VARIABLE in os.environ:
        return
    folder = TemporaryDirectory(prefix="edge-auth-secrets-")  # only its owner reads it
    os.environ[FOLDER_VARIABLE] = folder.name
    leader = Leader(Path(folder.name), config.rootpath, config.getoption("secrets_report"))
    config.pluginmanager.register(leader, "secrets-of-run")
    config.add_cleanup(folder.cleanup)
    config.add_cleanup(_forget)


def _forget() -> None:
    del os.environ[FOLDER_VARIABLE]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a proof ask for the result."""
    parser.addoption("--secrets-report", type=Path, help="the file to which the result of the search is written")


class Leader:
    """What only the process that leads the run does."""

    def __init__(self, folder: Path, root: Path, report: Path | None) -> None:
        self.folder = folder
        self.root = root
        self.report = report
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test printed and logged, and its failure."""
        wrote(OUTPUT, [*(text for _, text in report.sections), *([report.longreprtext] if report.failed else [])])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search, and fail the run if something is found."""
        result = search(self.folder, self.root)
        self.lines = summary(result)
        if self.report is not None:
            self.report.write_text(json.dumps(result._asdict()), encoding="utf-8")
        if result.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was searched, and name the kind and the place of what was found, but never the secret."""
        for line in self.lines:
            terminalreporter.write_line(line, red=line.startswith("LEAK"))


def summary(result: Result) -> list[str]:
    """Return the lines for a person: none if nothing was issued."""
    if not result.issued:
        return []
    kinds = ", ".join(f"{count} {kind}" for kind, count in result.issued.items())
    files = sum(place.startswith(FILE) for place in result.searched)
    named = sorted(place for place in result.searched if not place.startswith(FILE))
    return [
        f"secrets issued: {kinds}; searched: {', '.join(named)}, and {files} files; found: {len(result.found)}",
        *(f"LEAK: a secret of the kind `{kind}` is in {place}" for kind, place in result.found),
    ]
