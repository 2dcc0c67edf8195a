"""Removes the shell's AWS settings before any import, so that no test reaches an AWS account.

It also spreads the tests over several workers. The tests of the deployed stack stay together on one worker.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

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


HERE = Path(__file__).parent

# Hypothesis sets no time limit for an example, because a busy machine is not a fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# The slowest levels come first, so that all workers end at about the same time.
LEVELS = (
    "e2e",
    "browsers",
    "simulations",
    "functional",
    "contract",
    "clients",
    "security",
    "local",
    "architecture",
    "benchmarks",
    "admin",
)
STACK, ONE_BY_ONE = "tests/e2e/", "tests/simulations/"


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Gives each worker one file at a time, all files of `tests/e2e` to one worker, and simulations one by one."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_BY_ONE):
            return nodeid
        return STACK if nodeid.startswith(STACK) else nodeid.partition("::")[0]


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


def _place(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
