"""Reads a new password from a prompt or from standard input.

A password is never an argument: arguments are in the history of the shell and in the list of processes.
"""

import sys
from getpass import getpass


class PasswordInputError(Exception):
    """No password could be read. The text says why."""


def read_new_password(*, from_stdin: bool) -> str:
    """Return the new password: the first line of standard input, or the text that was typed twice at the prompt.

    Raises:
        PasswordInputError: standard input has no line of text, there is no terminal, nothing was typed, or the two
            passwords differ.

    """
    if from_stdin:
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            # Not chained: the error contains the password.
            raise PasswordInputError(
                "the password on standard input is not text in the encoding of your shell; nothing was done"
            ) from None
        if not line:
            raise PasswordInputError("no password on standard input; write it on the first line")
        return line.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise PasswordInputError("no terminal to ask for the password; use --password-stdin")
    try:
        password, again = getpass("New password: "), getpass("Again: ")
    except EOFError:
        raise PasswordInputError("no password was typed; nothing was done") from None
    if password != again:
        raise PasswordInputError("the two passwords differ; nothing was done")
    return password
