"""AWS's default quotas, from aws.toml, and the share of them that a rate of refreshes needs. Nothing is measured."""

from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.costs.costs import ASSUMED, AUTHORIZE, AWS, MILLION, REFRESH, Assumptions, cost, log_bytes

GROWTH_SECONDS = 10
RATES = (1_000, 10_000, 100_000)
API_CALLS_A_REFRESH = 10  # as in the profiles; each call invokes the authorizer


class Quota(NamedTuple):
    """A default quota. It applies to an account and Region, unless `what` names another scope."""

    what: str
    default: int
    rises: str
    source: str


QUOTAS = {name: Quota(*quota) for name, quota in AWS["quotas"].items()}


class Needs(NamedTuple):
    """The needs of a rate of refreshes, in the order of the table. Rates are per second.

    `met` are the quotas that are used up or exceeded, with the share that is used, the most exceeded first.
    """

    refreshes: int
    api_calls: int
    busy_instances: float
    instance_quota: float
    starting_instances: float
    growth_seconds: float
    partitions: int
    log_megabytes: float
    dollars_an_hour: float
    met: Mapping[str, float]


def default(name: str) -> int:
    """Return the default of a quota. Raises KeyError: there is no such quota."""
    return QUOTAS[name].default


def needs(refreshes: int, *, api_calls_a_refresh: int = 0, assumed: Assumptions = ASSUMED) -> Needs:
    """Return the needs of this many refreshes a second, and of the calls to your own API in the same account, if any.

    Each invocation counts towards Lambda's quota for its own time, or for a tenth of a second if that is longer.
    """
    api_calls = refreshes * api_calls_a_refresh
    work = ((refreshes, REFRESH), (api_calls, AUTHORIZE))
    runs = [(count, assumed.runs[operation.function]) for count, operation in work]
    busy = sum(count * run.warm_ms for count, run in runs) / 1000
    instance_quota = max(busy, (refreshes + api_calls) / default("Lambda's rate"))
    growth = default("Lambda's growth") * default("Lambda's rate")
    shares = {
        "API Gateway": (refreshes + api_calls) / default("API Gateway"),
        "Lambda": instance_quota / default("Lambda"),
        "new table": refreshes / default("new table"),
        "table": refreshes / default("table"),
    }
    met = sorted(((share, name) for name, share in shares.items() if share >= 1), reverse=True)
    return Needs(
        refreshes=refreshes,
        api_calls=api_calls,
        busy_instances=busy,
        instance_quota=instance_quota,
        starting_instances=busy + sum(count * run.init_ms for count, run in runs) / 1000,
        growth_seconds=GROWTH_SECONDS * max(refreshes, api_calls) / growth,
        partitions=-(-refreshes // default("partition")),
        log_megabytes=sum(count * log_bytes(operation, assumed) for count, operation in work) / MILLION,
        dollars_an_hour=sum(count * cost(operation, assumed).total for count, operation in work) / MILLION * 3600,
        met={name: share for share, name in met},
    )
