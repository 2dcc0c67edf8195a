"""The name of a device in a mail."""

import pytest

from edge_auth.mail.device_name import device_name


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0"
                " Safari/537.36 Edg/144.0.0.0"
            ),
            "Edge, Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
                " Version/18.5 Mobile/15E148 Safari/604.1"
            ),
            "Safari, iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Mobile"
                " Safari/537.36"
            ),
            "Chrome, Android",
        ),
        ("Dalvik/2.1.0 (Linux; U; Android 14)", "Android"),
        ("NotesApp/3.1", "NotesApp"),
        ("curl", "curl"),
        ("", "?"),
        ("visit https://evil.example", "?"),
        ("evil.example/win", "?"),
    ],
)
def test_a_device_is_named_by_words_that_are_known(user_agent: str, name: str) -> None:
    """What a client says of itself is a word at most."""
    assert device_name(user_agent) == name
