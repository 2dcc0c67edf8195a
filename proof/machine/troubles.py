"""What can happen to a request of the product to AWS, and where: at its first, its second, … request to AWS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from botocore.awsrequest import AWSResponse

from tests.support.outages import after, before, kill
from tests.support.wire import Fault, Forward, lost_request, lost_response, refusal

# After one of these, the SDK sends the request again.
REPEATED: dict[str, Fault] = {
    "request lost": lost_request,
    "answer lost": lost_response,
    "throttled": refusal("ThrottlingException"),
    "conflict": refusal("TransactionConflictException"),
}
FINAL: dict[str, Fault] = {"denied": refusal("AccessDeniedException")}
CRASHES: dict[str, Fault] = {"crash before": before(kill), "crash after": after(kill)}
FAULTS = {**REPEATED, **FINAL, **CRASHES}


class Trouble(NamedTuple):
    """What happens at the request of this number, counted from 0. `lasts`: and at all that follow it."""

    kind: str
    at: int
    lasts: bool = False


@dataclass
class Happening:
    """One trouble during one call of the product: whether it came to pass, and how many requests there were."""

    trouble: Trouble
    requests: int = 0
    happened: bool = False

    def __call__(self, forward: Forward) -> AWSResponse:
        """Handle a request, as a fault of the wire."""
        number, self.requests = self.requests, self.requests + 1
        at, kind = self.trouble.at, self.trouble.kind
        # A process that has ended makes no more requests, also not in another of its threads.
        if number == at or (number > at and (self.trouble.lasts or kind in CRASHES)):
            self.happened = True
            fault = FAULTS[kind] if number == at else FAULTS[kind.replace("after", "before")]
            return fault(forward)
        return forward()


def happening_of(trouble: Trouble | None) -> Happening | None:
    """Return what a trouble does to one call, or None where none is drawn."""
    return Happening(trouble) if trouble else None


@dataclass
class Meanwhile:
    """Something else that happens before the request of this number is served: another request, from begin to end."""

    act: Callable[[], object]
    at: int
    requests: int = 0
    happened: bool = False

    def __call__(self, forward: Forward) -> AWSResponse:
        """Handle a request, as a fault of the wire."""
        number, self.requests = self.requests, self.requests + 1
        if number == self.at and not self.happened:
            self.happened = True
            self.act()
        return forward()
