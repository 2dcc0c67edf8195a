"""Reads a new password from a prompt or from standard input.

A password is never an argument: arguments are in the history of the shell and in the list of processes.
"""

import codecs
import sys
import unicodedata
from getpass import getpass
from typing import BinaryIO

MAX_INPUT_BYTES = 65_536  # much more than any password has
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Control characters, halves of a character, ends of lines and paragraphs.
UNTYPEABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
BYTE_ORDER_MARK = "\ufeff"
LOST_CHARACTER = "\ufffd"  # what programs write in the place of a character that they cannot convert


class PasswordInputError(Exception):
    """No password could be read. The text says why."""


def read_new_password(*, from_stdin: bool) -> str:
    """Return the new password: the first line of standard input, or the text that was typed twice at the prompt.

    Raises:
        PasswordInputError: standard input has no line of text, there is no terminal, nothing was typed, the two
            passwords differ, or the password has a character that cannot be typed at a login.

    """
    password = _first_line() if from_stdin else _typed()
    for character in password:
        if unicodedata.category(character) in UNTYPEABLE or character in {BYTE_ORDER_MARK, LOST_CHARACTER}:
            hint = "; is the input UTF-16 without a byte order mark?" if character == "\0" else ""
            raise PasswordInputError(
                f"the password has the character U+{ord(character):04X}, which cannot be typed at a login{hint}; "
                "nothing was done"
            )
    return password


def _first_line() -> str:
    """Read the line as PowerShell and Windows send it too: with a byte order mark, with CRLF, or in UTF-16."""
    if sys.stdin is None:
        raise PasswordInputError("standard input is closed; write the password on its first line; nothing was done")
    stream: BinaryIO = sys.stdin.buffer
    data = stream.readline(MAX_INPUT_BYTES)
    encoding = "utf-8-sig"
    if data.startswith(UTF_16):
        data += stream.read(MAX_INPUT_BYTES)  # a line end has two bytes
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        # Not chained: the error contains the password.
        raise PasswordInputError("the password on standard input is not text in UTF-8; nothing was done") from None
    if not text:
        raise PasswordInputError("no password on standard input; write it on the first line; nothing was done")
    return text.partition("\n")[0].removesuffix("\r")


def _typed() -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise PasswordInputError("no terminal to ask for the password; use --password-stdin")
    try:
        password, again = getpass("New password: "), getpass("Again: ")
    except EOFError:
        raise PasswordInputError("no password was typed; nothing was done") from None
    except UnicodeDecodeError:
        raise PasswordInputError("what was typed is not text in the encoding of your terminal") from None
    if password != again:
        raise PasswordInputError("the two passwords differ; nothing was done")
    return password
