"""Removes the shell's AWS settings before any import, so that no test reaches an AWS account.

It also spreads the tests over several workers, and keeps tests that share a local stack together on one worker. At the
end it compares the calls to AWS with their record.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.support import recorded_calls
from tests.support.recorded_calls import Right

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="tests",
    AWS_SECRET_ACCESS_KEY="tests",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    AWS_EC2_METADATA_DISABLED="true",
)

pytest_plugins = ["tests.support.dynamodb.engine_of_run", "tests.support.secrets_of_run", "tests.support.tools"]

HERE = Path(__file__).parent

# Hypothesis sets no time limit for an example, because a busy machine is not a fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# The slowest levels come first, so that all workers end at about the same time.
LEVELS = (
    "e2e",
    "run",
    "browsers",
    "simulations",
    "functional",
    "contract",
    "clients",
    "proof",
    "security",
    "local",
    "policies",
    "architecture",
    "benchmarks",
    "admin",
)
# Each of these shares one local stack, so one worker runs it.
SHARING_A_STACK = ("tests/e2e/test_", "tests/run/")
ONE_BY_ONE = "tests/simulations/"


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Gives each worker one file at a time, files that share a local stack together, and simulations one by one."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_BY_ONE):
            return nodeid
        shared = [files for files in SHARING_A_STACK if nodeid.startswith(files)]
        return shared[0] if shared else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Use this schedule, because xdist's own groups (loadgroup) have no effect with this version of pytest."""
    config.option.loadscopereorder = False  # it would begin with the files with most tests, which are not the slowest
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the slowest levels if several workers share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.path.relative_to(HERE).parts[0]))


def pytest_collection_finish() -> None:
    """Take the tests and modules, which stay until the end, out of the search for garbage."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how many of the recorded calls these tests make. Each call that they make must be recorded anyway."""
    help_text = "the recorded calls to AWS that these tests make: some of them, every one, or write the record"
    parser.addoption("--recorded-calls", choices=("some", "all", "write"), default="some", help=help_text)


def pytest_testnodedown(node: WorkerController) -> None:
    """Take the calls of a worker that has ended."""
    recorded_calls.CALLS.update(Right(*call) for call in getattr(node, "workeroutput", {}).get("calls", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Compare the calls with the record, or write it. A worker hands its calls on."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["calls"] = [tuple(call) for call in recorded_calls.CALLS]
    elif session.config.getoption("recorded_calls") == "write":
        if session.exitstatus == pytest.ExitCode.OK:  # a test that fails may miss calls
            recorded_calls.write(recorded_calls.CALLS)
    elif _differences(session.config) and session.exitstatus in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the calls that differ from the record."""
    for line in [] if config.getoption("recorded_calls") == "write" else _differences(config):
        terminalreporter.write_line(line, red=True)


def _differences(config: pytest.Config) -> list[str]:
    known, every = recorded_calls.recorded(), config.getoption("recorded_calls") == "all"
    return recorded_calls.differences(recorded_calls.CALLS, known, every=every)


def _place(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
