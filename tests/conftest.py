"""No test reaches an AWS account: what the developer's shell says of AWS is forgotten before anything is imported.

And where the tests are spread over several workers, those of the deployed stack stay together.
"""

import os

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


# A busy machine is no fault: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """Gives each worker one file at a time, and one worker all files of `tests/e2e`, which share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Spread the tests our way: xdist's own groups (loadgroup) do nothing under this pytest."""
    return Scheduling(config, log)
