"""The runtime, the logs, the environment and the time of each function in the template."""

import re
from importlib import import_module
from typing import NamedTuple, cast

import pytest

from edge_auth.adapters.aws import (
    CONNECT_TIMEOUT_SECONDS,
    FUNCTION_READ_TIMEOUT_SECONDS,
    INVOKED_READ_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    TOTAL_ATTEMPTS,
    invoking_client,
    lambda_client,
)
from edge_auth.authorizer.signed_requests import TIMEOUTS
from edge_auth.keys.timing import LAST_RESORT_FETCH_SECONDS
from edge_auth.settings.reading import variables as names_of
from tests.support.cold_start import PACKAGE
from tests.support.template import ROOT, Intrinsic, functions, properties, resources, template, variables

LIKE = {"whoami": "preflight"}  # the sample has no layer, and reads the one variable itself
FUNCTIONS = sorted(functions())
WITHOUT_SDK = ("authorizer", "preflight", "session_authorizer", "strict_authorizer", "whoami")


def settings_of(function: str) -> type[NamedTuple]:
    """Return the record of a function: the only class of its module."""
    module = import_module(f"edge_auth.settings.{LIKE.get(function, function)}")
    [record] = (each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__)
    return cast("type[NamedTuple]", record)


def test_every_function_has_settings_and_no_module_has_others() -> None:
    """So a function pays for no record but its own."""
    modules = {path.stem for path in (PACKAGE / "settings").glob("*.py")}

    assert modules == {*FUNCTIONS, "__init__", "reading"} - set(LIKE)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_environment_is_what_its_settings_read(function: str) -> None:
    """A function has every variable that it reads, and no other, such as one that logs events (DC-14)."""
    assert sorted(variables(function)) == sorted(names_of(settings_of(function)))


def test_every_memory_size_has_its_reason() -> None:
    """A comment beside each memory size has the reason, as memory also sets processor and price."""
    sizes = [line for line in (ROOT / "template.yaml").read_text().splitlines() if "MemorySize:" in line]

    assert len(sizes) > 1
    for line in sizes:
        assert re.search(r"MemorySize: \d+ # .{10,}", line), line


def test_the_layer_is_on_our_own_functions_only() -> None:
    """A function beside them has Lambda's own SDK: the layer's is cut to the calls of edge-auth, and would win."""
    with_layer = {name for name, function in functions().items() if function.get("Layers")}

    assert "Layers" not in template()["Globals"]["Function"]
    assert with_layer == set(FUNCTIONS) - {"whoami"}
    assert all(functions()[name]["Layers"] == [Intrinsic("Ref", "EdgeAuthLayer")] for name in with_layer)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_on_python_313_and_logs_json_into_its_own_group(function: str) -> None:
    """All functions have one runtime, and each has a log group with retention."""
    logging = {**template()["Globals"]["Function"]["LoggingConfig"], **functions()[function]["LoggingConfig"]}

    assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", Intrinsic("Ref", "LogLevel"))
    group = properties(logging["LogGroup"].argument)
    assert group["RetentionInDays"] == Intrinsic("Ref", "LogRetentionDays")
    assert template()["Globals"]["Function"]["Runtime"] == "python3.13"
    assert template()["Globals"]["Function"]["Architectures"] == [Intrinsic("Ref", "Architecture")]
    assert "Runtime" not in functions()[function]


def test_log_groups_are_not_shared() -> None:
    """Each function has its own log group, operators have one, and the access log has one."""
    groups = [function["LoggingConfig"]["LogGroup"].argument for function in functions().values()]

    assert sorted([*groups, "OperatorsLogGroup", "AccessLogGroup"]) == sorted(resources("AWS::Logs::LogGroup"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_call_that_never_succeeds_ends_before_its_function(function: str) -> None:
    """F40, DC-11, L5: all SDK attempts with their longest waits end before the timeout, so a 503 is possible."""
    attempts = TOTAL_ATTEMPTS * (CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS)
    waits = sum(2**attempt for attempt in range(TOTAL_ATTEMPTS - 1))
    timeout = functions()[function].get("Timeout", template()["Globals"]["Function"]["Timeout"])

    assert attempts + waits < timeout or function in WITHOUT_SDK


def test_the_keys_of_both_authorizers_are_written_before_the_hourly_run_ends() -> None:
    """K3: also if each of the four calls is lost once, and then slow. Lambda takes longer than a table."""
    lost, wait = CONNECT_TIMEOUT_SECONDS + FUNCTION_READ_TIMEOUT_SECONDS, 1
    config = vars(lambda_client().meta.config)

    assert config["read_timeout"] == FUNCTION_READ_TIMEOUT_SECONDS > READ_TIMEOUT_SECONDS
    assert 2 * 2 * (lost + wait + FUNCTION_READ_TIMEOUT_SECONDS) < functions()["rotate_keys"]["Timeout"]


def test_a_function_that_asks_another_system_is_called_once_and_for_eight_seconds() -> None:
    """The SDK repeats nothing, and gives up before the function of the login ends."""
    config = vars(invoking_client().meta.config)
    timeout = functions()["login"].get("Timeout", template()["Globals"]["Function"]["Timeout"])

    assert config["read_timeout"] == INVOKED_READ_TIMEOUT_SECONDS == 8
    assert config["retries"]["total_max_attempts"] == 1
    assert timeout > CONNECT_TIMEOUT_SECONDS + INVOKED_READ_TIMEOUT_SECONDS


def test_a_read_of_an_authorizer_ends_before_its_function() -> None:
    """F40: so a store that never answers is a 503 in time, also after the longest wait for unknown keys."""
    longest = TIMEOUTS.kept + TIMEOUTS.connect + TIMEOUTS.read

    for function in ("authorizer", "strict_authorizer"):
        assert functions()[function]["Timeout"] > LAST_RESORT_FETCH_SECONDS + longest > LAST_RESORT_FETCH_SECONDS + 1
    assert functions()["session_authorizer"]["Timeout"] > 2 * longest > 2, "a read, and the write after it"
