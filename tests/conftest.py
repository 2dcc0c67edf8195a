"""No test reaches an AWS account: what the developer's shell says of AWS is forgotten before anything is imported.

And where the tests are spread over several workers, those of the deployed stack stay together.
"""

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

# A busy machine is no fault: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


# The slowest levels first, so that all workers end at about the same time.
LEVELS = ("e2e", "simulations", "functional", "contract", "security", "local", "architecture", "benchmarks", "admin")
STACK, ONE_BY_ONE = "tests/e2e/", "tests/simulations/"


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Gives each worker one file at a time, of `tests/e2e` all files to one worker, and simulations one by one."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(ONE_BY_ONE):
            return nodeid
        return STACK if nodeid.startswith(STACK) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Spread the tests our way: xdist's own groups (loadgroup) do nothing under this pytest."""
    config.option.loadscopereorder = False  # it would begin with the files of most tests, which are not the slowest
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the slowest levels where several workers share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.path.relative_to(HERE).parts[0]))


def _place(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
