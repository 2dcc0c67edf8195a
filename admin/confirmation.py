"""Asks the operator to type a name before an act that cannot be undone."""

import sys
from collections.abc import Callable


class NotConfirmed(Exception):
    """The operator did not type the name, or there is no terminal. Nothing was done."""


def confirm(what: str, name: str, *, say: Callable[[str], None]) -> None:
    """Ask the operator to type the name; `what` says what it names.

    Raises:
        NotConfirmed: there is no terminal, or the operator typed something else.

    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise NotConfirmed("no terminal to ask for confirmation; nothing was done; use --yes")
    say(f"Type the {what} ({name}) to confirm:")
    try:
        typed = input()
    except (EOFError, UnicodeDecodeError):
        typed = ""
    if typed.strip() != name:
        raise NotConfirmed("not confirmed; nothing was done")
