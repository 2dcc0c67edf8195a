"""Reads a password where nobody can look over its shoulder: a prompt, or standard input. Never an argument."""

import sys
from getpass import getpass


class PasswordInputError(Exception):
    """No password could be read; the text says why."""


def read_new_password(*, from_stdin: bool) -> str:
    """Return a new password: the first line of standard input, or what was typed twice at the prompt.

    Raises:
        PasswordInputError: there is neither a line nor a terminal, or the two differ.

    """
    if from_stdin:
        line = sys.stdin.readline()
        if not line:
            raise PasswordInputError("no password on standard input")
        return line.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise PasswordInputError("no terminal to ask for the password: use --password-stdin")
    password = getpass("New password: ")
    if password != getpass("Again: "):
        raise PasswordInputError("the two passwords differ")
    return password
