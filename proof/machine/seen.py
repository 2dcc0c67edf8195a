"""What comes back of a request, or of an act of an operator."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.support.stack import Answer


class Seen(NamedTuple):
    """What came back. Status 0: nothing, because the process ended; 1: an operator's act is done."""

    status: int
    error: str = ""
    body: Mapping[str, Any] = {}
    cookies: Mapping[str, str] = {}

    @property
    def is_trouble(self) -> bool:
        """Whether it says nothing of what was done."""
        return self.status in {0, 503}


CRASHED, DONE, UNAVAILABLE = Seen(0), Seen(1), Seen(503, "temporarily_unavailable")


def seen(answer: Answer) -> Seen:
    """Return what a client sees of an answer. Raises AssertionError for one that no client may see."""
    body = answer.json if answer.body else {}
    cookies = {name: rest.partition(";")[0] for name, _, rest in (each.partition("=") for each in answer.cookies)}
    found = Seen(answer.status, body.get("error", ""), body, cookies)
    if answer.status == 503 and not answer.headers.get("Retry-After"):
        raise AssertionError("an outage without a time to come back")
    if answer.status >= 400 and cookies:
        raise AssertionError("an error touched a cookie")
    return found
