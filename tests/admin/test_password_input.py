"""The operators' command reads a password from standard input or from a prompt."""

import io

import pytest

from admin import password_input
from admin.password_input import PasswordInputError, read_new_password


class Terminal(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        """Return true."""
        return True


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Type these answers at the prompts; return the list of prompts that are shown."""
    prompts: list[str] = []
    waiting = list(answers)

    def getpass(prompt: str) -> str:
        prompts.append(prompt)
        return waiting.pop(0)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(password_input, "getpass", getpass)
    return prompts


@pytest.mark.parametrize(
    "text", ["secret words here\n", "secret words here\r\n", "secret words here", "secret words here\nx"]
)
def test_the_first_line_of_standard_input_is_the_password(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The line is read without its line end, whether that is LF or CRLF."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))

    assert read_new_password(from_stdin=True) == "secret words here"


def test_spaces_belong_to_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """P3: spaces at the start and the end stay."""
    monkeypatch.setattr("sys.stdin", io.StringIO("  secret \n"))

    assert read_new_password(from_stdin=True) == "  secret "


def test_an_empty_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty standard input, as from a broken pipe, is refused and is no empty password."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    with pytest.raises(PasswordInputError, match="no password on standard input"):
        read_new_password(from_stdin=True)


def test_the_prompt_asks_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second prompt catches a mistyped password, which would lock out the user."""
    prompts = typed(monkeypatch, "secret words here", "secret words here")

    assert read_new_password(from_stdin=False) == "secret words here"
    assert prompts == ["New password: ", "Again: "]


def test_two_different_answers_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two different passwords are refused."""
    typed(monkeypatch, "secret words here", "secret words hers")

    with pytest.raises(PasswordInputError, match="the two passwords differ"):
        read_new_password(from_stdin=False)


def test_without_a_terminal_the_prompt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal getpass would echo the password, so the error names --password-stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO("secret words here\n"))

    with pytest.raises(PasswordInputError, match="--password-stdin"):
        read_new_password(from_stdin=False)


def test_the_end_of_input_at_the_prompt_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D at the prompt is a PasswordInputError."""

    def ended(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(password_input, "getpass", ended)

    with pytest.raises(PasswordInputError):
        read_new_password(from_stdin=False)


def test_bytes_that_are_no_text_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that is not UTF-8 is refused, and the error does not quote it."""
    line = io.BytesIO(b"long enough \xe9 in Latin-1\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(line, encoding="utf-8"))

    with pytest.raises(PasswordInputError) as refused:
        read_new_password(from_stdin=True)

    assert "long enough" not in str(refused.value)
