"""The template's metric filters, applied to log lines as CloudWatch Logs does it.

Only the part of the pattern language that the template uses is read, and anything else is refused:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tests.support.template import functions, resources

Line = Mapping[str, Any]

_FIELD = r"\$\.(?P<field>[a-z_]+)"
_IS_TEXT = re.compile(rf'{_FIELD} = "(?P<text>[^"*]*)"')
_IS_FALSE = re.compile(rf"{_FIELD} IS FALSE")
_IS_AT_LEAST = re.compile(rf"{_FIELD} >= (?P<number>[0-9]+)")


class Number(NamedTuple):
    """One number that a line makes. `event` is the value of the dimension of this name, empty without one."""

    metric: str
    event: str
    value: float


class MetricFilter(NamedTuple):
    """A metric filter. `function` writes the log that it reads. `value` is a number, or a field of the line."""

    function: str
    pattern: str
    metric: str
    value: str
    by_event: bool

    @property
    def events(self) -> list[str]:
        """The events that the pattern names."""
        return re.findall(r'\$\.event = "(\w+)"', self.pattern)

    def number(self, line: Line) -> Number | None:
        """Return the number that the line makes, if it matches. Raises ValueError: the pattern cannot be read here."""
        if not matches(self.pattern, line):
            return None
        value = line[self.value.removeprefix("$.")] if self.value.startswith("$.") else self.value
        return Number(self.metric, line["event"] if self.by_event else "", float(value))


def matches(pattern: str, line: Line) -> bool:
    """Whether a line matches a pattern: terms with `||` between them, or terms with `&&` between them."""
    inner = re.fullmatch(r"\{ (.+) \}", pattern)
    if inner is None or ("||" in pattern and "&&" in pattern):
        raise ValueError(f"a pattern that cannot be read here: {pattern}")
    some = "||" in pattern
    terms = inner[1].split(" || " if some else " && ")
    bare = [re.sub(r"^\((.*)\)$", r"\1", term) for term in terms] if len(terms) > 1 else terms
    met: Callable[[Iterable[bool]], bool] = any if some else all
    return met([_holds(term, line) for term in bare])


def _holds(term: str, line: Line) -> bool:
    if said := _IS_TEXT.fullmatch(term):
        return line.get(said["field"]) == said["text"]
    if said := _IS_FALSE.fullmatch(term):
        return line.get(said["field"]) is False
    if said := _IS_AT_LEAST.fullmatch(term):
        value = line.get(said["field"])
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= int(said["number"])
    raise ValueError(f"a term that cannot be read here: {term}")


def metric_filters() -> list[MetricFilter]:
    """Return the template's metric filters."""
    owners = {body["LoggingConfig"]["LogGroup"]: name for name, body in functions().items()}
    found = []
    for resource in resources("AWS::Logs::MetricFilter").values():
        properties = resource["Properties"]
        [metric] = properties["MetricTransformations"]
        by_event = metric.get("Dimensions") == [{"Key": "event", "Value": "$.event"}]
        assert by_event or "Dimensions" not in metric
        found.append(
            MetricFilter(
                owners[properties["LogGroupName"]],
                properties["FilterPattern"],
                metric["MetricName"],
                metric["MetricValue"],
                by_event,
            )
        )
    return found


def numbers(function: str, lines: Iterable[Line]) -> list[Number]:
    """Return every number that these lines of a function's log make."""
    mine = [each for each in metric_filters() if each.function == function]
    made = [each.number(line) for line in lines for each in mine]
    return [number for number in made if number is not None]


def metrics() -> set[tuple[str, str]]:
    """Return every metric of ours that can have a number: its name, and its event if it has that dimension."""
    return {(each.metric, event) for each in metric_filters() for event in (each.events if each.by_event else [""])}
