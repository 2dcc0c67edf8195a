"""An act of an operator: what it will do, the question before it, the record of it, and what is known after a failure.

Each command that changes something returns an `Act`, and only `carry_out` runs it. So no act is left unrecorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from admin.confirmation import confirm
from admin.deployment import DeploymentError
from admin.failure import reason
from admin.retained import CannotAdopt
from admin.rotate_keys_client import RotateKeysError
from admin.stack import Stack
from admin.user_scan import UsersUnreadable
from edge_auth.errors import AccountError, TemporarilyUnavailable

EXPLAINED = (AccountError, CannotAdopt, DeploymentError, RotateKeysError, UsersUnreadable)
"""The errors whose text says what was done, where that is not clear."""


class ActFailed(Exception):
    """An act failed. The text says why, and what is known about its effect."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an act. The text says what is known about its effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A change that is ready to be made.

    `do` makes it, and `unclear` says what is known if it fails without an explanation. `warning` is what the act will
    do, empty if it ends and locks nothing, and `say` prints it. `question` is a kind of name and the name that the
    operator must type. `details` are recorded with the user's id, which is empty for acts on keys.
    """

    do: Callable[[], None]
    unclear: str
    say: Callable[[str], None]
    user_id: str
    warning: str
    question: tuple[str, str] | None
    details: Mapping[str, object]


def carry_out(act: Act, name: str, stack: Stack) -> None:
    """Warn, ask, record that the act begins, do it, and record how it ended.

    Raises:
        NotConfirmed, NotRecorded, DeploymentError: nothing was done.
        ActFailed, Interrupted, an error of EXPLAINED: the text says what is known.

    """
    log = stack.audit_log()
    if act.warning:
        act.say(stack.place)
        act.say(act.warning)
    if act.question:
        confirm(*act.question, say=act.say)
    entry = log.begin(name, user_id=act.user_id, details=act.details)
    try:
        act.do()
    except KeyboardInterrupt as error:
        entry.failed("interrupted")
        raise error if isinstance(error, Interrupted) else Interrupted(act.unclear) from None
    except TemporarilyUnavailable as error:
        entry.failed(error.detail)
        raise ActFailed(f"AWS failed ({error.detail}); {act.unclear}") from error
    except EXPLAINED as error:
        entry.failed(type(error).__name__)  # not its text, which may name the user
        raise
    except Exception as error:
        entry.failed(type(error).__name__)
        raise ActFailed(f"{reason(error)}; {act.unclear}") from error
    entry.done()
