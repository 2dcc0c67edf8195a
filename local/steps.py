"""The steps of a walk: each is checked, printed with its mark, and the first broken one ends the walk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from local.api import Answer
from local.failure import Failure

Say = Callable[[str], None]


@dataclass(frozen=True)
class Steps:
    """What every walk does with an answer."""

    say: Say = field(kw_only=True)

    def _expect(self, what: str, answer: Answer, status: HTTPStatus, error: str = "") -> None:
        expected = f"{status.value} {error}".rstrip()
        is_right = answer.status == status and (not error or answer.body.get("error") == error)
        self._require(what, is_right, f"the answer was {answer.summary}, not {expected}")

    def _require(self, what: str, kept: bool, otherwise: str) -> None:  # noqa: FBT001 - the outcome of a check
        if not kept:
            self.say(f"  ✗ {what:<41} {otherwise}")
            raise Failure(f"{what}: {otherwise}")

    def _done(self, what: str, answer: Answer, why: str) -> None:
        self.say(f"  ✓ {what:<41} {answer.summary:<18} {why}")
