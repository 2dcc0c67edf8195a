"""The operators' command reads a password from standard input or from a prompt."""

import codecs

import pytest

from admin import password_input
from admin.password_input import PasswordInputError, read_new_password
from tests.admin.conftest import Terminal, piped


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
    monkeypatch.setattr("sys.stdin", piped(text))

    assert read_new_password(from_stdin=True) == "secret words here"


def test_spaces_belong_to_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """P3: spaces at the start and the end stay."""
    monkeypatch.setattr("sys.stdin", piped("  secret \n"))

    assert read_new_password(from_stdin=True) == "  secret "


def test_an_empty_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty standard input, as from a broken pipe, is refused and is no empty password."""
    monkeypatch.setattr("sys.stdin", piped(""))

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
    monkeypatch.setattr("sys.stdin", piped("secret words here\n"))

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
    monkeypatch.setattr("sys.stdin", piped(b"long enough \xe9 in Latin-1\n"))

    with pytest.raises(PasswordInputError) as refused:
        read_new_password(from_stdin=True)

    assert "long enough" not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF8 + "pässwörds of a shell\r\n".encode(),
        codecs.BOM_UTF16_LE + "pässwörds of a shell\r\nmore".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "pässwörds of a shell".encode("utf-16-be"),
        codecs.BOM_UTF16_LE + "pässwörds of a shell\n".encode("utf-16-le"),
    ],
    ids=["UTF-8", "UTF-16, little end", "UTF-16, big end", "UTF-16, LF"],
)
def test_a_byte_order_mark_is_no_part_of_the_password(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """PowerShell and Windows send one, and UTF-16 with it, and no login would have it."""
    monkeypatch.setattr("sys.stdin", piped(data))

    assert read_new_password(from_stdin=True) == "pässwörds of a shell"


@pytest.mark.parametrize("locale", ["latin-1", "ascii", "utf-8"])
def test_standard_input_is_utf_8_in_every_locale(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    """A login sends UTF-8, so the bytes of a pipe mean the same in every shell."""
    stream = piped("pässwörds of a shell\n")
    stream.reconfigure(encoding=locale)
    monkeypatch.setattr("sys.stdin", stream)

    assert read_new_password(from_stdin=True) == "pässwörds of a shell"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"secret words\x00here\n", "U\\+0000, .* is the input UTF-16"),
        ("secret words here".encode("utf-16-le"), "U\\+0000"),
        (b"secret words\there", "U\\+0009"),
        (b"secret words\rhere", "U\\+000D"),
        (b"secret words\x1b[Ahere", "U\\+001B"),
        ("secret words\u2028here".encode(), "U\\+2028"),
        ("secret words\ufeffhere".encode(), "U\\+FEFF"),
        ("secret words\ufffdhere".encode(), "U\\+FFFD"),
        (codecs.BOM_UTF16_LE + b"odd", "not text in UTF-8"),
        (b"secret words \xff here", "not text in UTF-8"),
        (b"secret words \xed\xa0\x80 here", "not text in UTF-8"),
    ],
)
def test_what_cannot_be_typed_at_a_login_is_refused(monkeypatch: pytest.MonkeyPatch, data: bytes, said: str) -> None:
    """The reason names the character, and never quotes the password."""
    monkeypatch.setattr("sys.stdin", piped(data))

    with pytest.raises(PasswordInputError, match=said) as refused:
        read_new_password(from_stdin=True)

    assert "secret" not in str(refused.value)


def test_what_a_terminal_cannot_decode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python reads a byte of another encoding as half a character."""
    typed(monkeypatch, "secret words \udcff here", "secret words \udcff here")

    with pytest.raises(PasswordInputError, match=r"U\+DCFF"):
        read_new_password(from_stdin=False)


@pytest.mark.parametrize("from_stdin", [True, False])
def test_a_closed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch, *, from_stdin: bool) -> None:
    """A shell can start the command without standard input (`<&-`)."""
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(PasswordInputError):
        read_new_password(from_stdin=from_stdin)


def test_an_input_without_a_line_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only as much is read as a password can be long, and a rule refuses that."""
    stream = piped("x" * 1_000_000)
    monkeypatch.setattr("sys.stdin", stream)

    assert len(read_new_password(from_stdin=True)) == 65_536
