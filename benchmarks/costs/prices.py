"""List prices of AWS, from aws.toml, and their arithmetic."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MILLION = 1_000_000
AWS: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("aws.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Source:
    """A page that names a price or a quota. `dated` is the date on the page."""

    title: str
    address: str
    dated: str


@dataclass(frozen=True, slots=True)
class Price:
    """A price in dollars for a number of units. `source` is the name of its source."""

    what: str
    dollars: float
    units: int
    source: str


SOURCES = {name: Source(**source) for name, source in AWS["sources"].items()}
PRICES = {name: Price(*price) for name, price in AWS["prices"].items()}

Tiers = Sequence[tuple[float, float]]
"""For each tier, the number of units at which it ends and the dollars for each unit. The last tier has no end."""

REST_TIERS: Tiers = AWS["tiers"]["rest_requests"]
COGNITO_PLANS: Mapping[str, Tiers] = {plan: AWS["tiers"][plan] for plan in ("Lite", "Essentials", "Plus")}


def dollars(name: str, count: float) -> float:
    """Return the cost of `count` units with this price. Raises KeyError: there is no such price."""
    return count * PRICES[name].dollars / PRICES[name].units


def tiered(count: float, tiers: Tiers) -> float:
    """Return the cost of `count` units with tiered prices, in dollars."""
    cost, begin = 0.0, 0.0
    for end, each in tiers:
        cost += max(0.0, min(count, end) - begin) * each
        begin = end
    return cost
