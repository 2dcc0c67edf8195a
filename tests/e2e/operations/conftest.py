"""What operators do with a deployed stack, and what takes long there. Each worker deploys a stack of its own."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("operations")
