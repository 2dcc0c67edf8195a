"""Reads a password where nobody can look over its shoulder: a prompt, or standard input. Never an argument."""

import sys
from getpass import getpass


class PasswordInputError(Exception):
    """No password could be read; the text says why."""


def read_new_password(*, from_stdin: bool) -> str:
    """Return a new password: the first line of standard input, or what was typed twice at the prompt.

    Raises:
        PasswordInputError: there is neither a line of text nor a terminal, nothing was typed, or the two differ.

    """
    if from_stdin:
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            # Not chained: the error quotes what was read.
            raise PasswordInputError("the password on standard input is not text") from None
        if not line:
            raise PasswordInputError("no password on standard input")
        return line.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise PasswordInputError("no terminal to ask for the password: use --password-stdin")
    try:
        password, again = getpass("New password: "), getpass("Again: ")
    except EOFError:
        raise PasswordInputError("no password was typed") from None
    if password != again:
        raise PasswordInputError("the two passwords differ")
    return password
