"""The engines as fixtures: a test that asks for `engine` runs on all of them.

A test that writes in threads names the engines that it can use:
`@pytest.mark.parametrize("engine", ATOMIC_ENGINES, indirect=True)`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from moto import mock_aws

from tests.support.dynamodb.counting import Counting, counting_on
from tests.support.dynamodb.engines import (
    DYNAMODB_ENGINES,
    Engine,
    Tables,
    borrowed,
    endpoint_tables,
    memory_engine,
    moto_tables,
)


@pytest.fixture(scope="module", autouse=True)
def _moto() -> Iterator[None]:
    """Let moto answer for AWS while a file is run; each test makes tables of its own."""
    with mock_aws():
        yield


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield the ports of an empty deployment."""
    if request.param == "memory":
        yield memory_engine()
        return
    with opened_on(request) as opened:
        yield opened.engine()


@pytest.fixture(params=DYNAMODB_ENGINES)
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    """Yield the tables of an empty deployment."""
    with opened_on(request) as opened:
        yield opened


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def counting(request: pytest.FixtureRequest) -> Iterator[Counting]:
    """Yield counters without any attempt."""
    yield from counting_on(request.param)


@pytest.fixture(params=DYNAMODB_ENGINES)
def stored(request: pytest.FixtureRequest) -> Iterator[Counting]:
    """Yield counters in a table."""
    yield from counting_on(request.param)


@pytest.fixture(scope="module")
def real_tables() -> Iterator[Tables]:
    """Yield the tables in a real engine that the tests of a file take one after the other."""
    with endpoint_tables() as tables:
        yield tables


def opened_on(request: pytest.FixtureRequest) -> AbstractContextManager[Tables]:
    """Return the tables of an empty deployment on the engine that the request of a fixture names."""
    if request.param == "moto":
        return nullcontext(moto_tables())
    return borrowed(request.getfixturevalue("real_tables"))
