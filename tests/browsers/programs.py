"""The programs that these tests need and no Python package has: two browsers, and what drives Firefox."""

import os
from pathlib import Path

from tests.support.tools import NODE, chromium, firefox

HERE = Path(__file__).parent
DRIVER = HERE / "node_modules" / "puppeteer-core"


def missing_for(*, chromium_only: bool) -> list[str]:
    """Return the names of what is missing for the tests in Chromium, or for all."""
    is_there = {"Chromium": chromium() is not None}
    if not chromium_only:
        is_there |= {"Firefox": firefox() is not None, "puppeteer-core": NODE.exists() and DRIVER.exists()}
    return [name for name, there in is_there.items() if not there]


def is_ci() -> bool:
    """Return whether this is continuous integration, where nothing may be missing."""
    return "CI" in os.environ
