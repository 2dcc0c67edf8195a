"""The browsers are there. Otherwise this one line says what is not tried, in the place of a line for each test."""

import pytest

from tests.browsers.programs import is_ci, missing_for


def test_the_browsers_are_there() -> None:
    """On continuous integration a missing browser is a failure, because nothing else would notice it."""
    missing = missing_for(chromium_only=False)

    if missing and not is_ci():
        pytest.skip(f"nothing is tried in real browsers without {', '.join(missing)}: run `make browsers`")
    assert missing == []
