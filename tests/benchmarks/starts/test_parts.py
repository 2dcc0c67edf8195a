"""The parts of a start: the reading of Python's own report, and the part of each module."""

from benchmarks.starts.parts import OTHERS, PYTHONS, least, parsed, part_of, shares, table

REPORT = """\
import time: self [us] | cumulative | imported package
import time:       900 |        900 | json
the runtime is loaded
import time:       100 |        100 |     botocore.config
import time:        50 |        150 |   ssl
import time:        50 |        200 | app
"""


def test_what_the_runtime_loads_belongs_to_no_part() -> None:
    """Only modules after the mark count. A module's time does not include the modules that it imports."""
    assert parsed(REPORT) == {"botocore.config": 100, "ssl": 50, "app": 50}


def test_a_module_takes_the_least_of_its_starts() -> None:
    """Other load only adds time. A module that is missing in one start still counts."""
    assert least([{"ssl": 50, "app": 60}, {"ssl": 40, "json": 5}]) == {"ssl": 40, "app": 60, "json": 5}


def test_shares_are_of_all_that_was_loaded() -> None:
    """Half of the time is the SDK here."""
    found = shares(parsed(REPORT))

    assert found[part_of("botocore.config")] == 0.5
    assert found[PYTHONS] == 0.25
    assert sum(found.values()) == 1


def test_an_unexpected_package_belongs_to_the_part_of_others() -> None:
    """An unexpected package counts to the part of others."""
    assert part_of("boto3.session") == OTHERS


def test_the_table_has_every_part_the_largest_of_refresh_first() -> None:
    """If a function does not load a part, its share is 0 %."""
    lines = table({"shares": {"authorizer": {PYTHONS: 1.0}, "refresh": shares(parsed(REPORT))}}).splitlines()

    assert lines[2].endswith("| 0% | 50% |")
    assert f"| {PYTHONS} | 100% | 25% |" in lines
