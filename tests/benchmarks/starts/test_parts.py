"""What a start is made of: the reading of Python's own report, and whose each module is."""

from benchmarks.starts.parts import OTHERS, PYTHONS, least, parsed, part_of, shares, table

REPORT = """\
import time: self [us] | cumulative | imported package
import time:       900 |        900 | json
the runtime is loaded
import time:       100 |        100 |     botocore.config
import time:        50 |        150 |   ssl
import time:        50 |        200 | app
"""


def test_what_the_runtime_loads_is_nobodys_part() -> None:
    """Only what comes after the mark is the function's; a module has its own time, not that of what it imports."""
    assert parsed(REPORT) == {"botocore.config": 100, "ssl": 50, "app": 50}


def test_a_module_takes_the_least_of_its_starts() -> None:
    """What else the machine did only adds; a module that one start lacked is not forgotten."""
    assert least([{"ssl": 50, "app": 60}, {"ssl": 40, "json": 5}]) == {"ssl": 40, "app": 60, "json": 5}


def test_shares_are_of_all_that_was_loaded() -> None:
    """Half of it is the SDK here."""
    found = shares(parsed(REPORT))

    assert found[part_of("botocore.config")] == 0.5
    assert found[PYTHONS] == 0.25
    assert sum(found.values()) == 1


def test_a_package_that_nobody_expects_hides_in_no_other_part() -> None:
    """It would show as others."""
    assert part_of("boto3.session") == OTHERS


def test_the_table_has_every_part_the_largest_of_refresh_first() -> None:
    """A function that lacks one has none of it."""
    lines = table({"shares": {"authorizer": {PYTHONS: 1.0}, "refresh": shares(parsed(REPORT))}}).splitlines()

    assert lines[2].endswith("| 0% | 50% |")
    assert f"| {PYTHONS} | 100% | 25% |" in lines
