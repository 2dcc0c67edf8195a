"""Asks an operator to type a name before what cannot be undone."""

import sys
from collections.abc import Callable


class NotConfirmed(Exception):
    """The operator did not confirm, or could not be asked. Nothing was done."""


def confirm(what: str, name: str, *, say: Callable[[str], None]) -> None:
    """Have the name typed.

    Raises:
        NotConfirmed: there is no terminal, or something else was typed.

    """
    if not sys.stdin.isatty():
        raise NotConfirmed("no terminal to confirm on: use --yes; nothing was done")
    say(f"Type the {what}, {name}, to go on:")
    try:
        typed = input()
    except EOFError:
        typed = ""
    if typed.strip() != name:
        raise NotConfirmed("not confirmed; nothing was done")
