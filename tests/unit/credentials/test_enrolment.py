import os

import pytest

from edge_auth import base64url
from edge_auth.credentials.enrolment import PREFIX, Enrolment, read, write
from edge_auth.credentials.sealed_secret import seal
from edge_auth.errors import InvalidProof
from edge_auth.keys.sealing_key import sealing_keys_from

KEYS = sealing_keys_from("n" * 64)
NOW = 1_790_000_000
PENDING = Enrolment(expires_at_seconds=NOW + 600, epoch=7, factors_version=3, secret=b"12345678901234567890")


def written() -> str:
    """Write the enrolment for ada."""
    return write(PENDING, KEYS, user_id="ada", entropy=os.urandom)


def test_what_is_written_is_read_by_its_user() -> None:
    """SB8: the client keeps it, and the table has nothing of it."""
    assert read(written(), KEYS, user_id="ada", now_seconds=NOW + 599) == PENDING
    assert written().startswith("edgeauth_en_")


def test_the_secret_is_not_printed() -> None:
    """L4: a repr may be in a traceback."""
    assert repr(PENDING.secret) not in repr(PENDING)
    assert str(PENDING.expires_at_seconds) in repr(PENDING)


@pytest.mark.parametrize(("user_id", "now_seconds"), [("bob", NOW), ("ada", NOW + 600)])
def test_another_user_and_another_time_are_refused(user_id: str, now_seconds: int) -> None:
    """SB8: nobody can give a user an app that is not the user's."""
    with pytest.raises(InvalidProof):
        read(written(), KEYS, user_id=user_id, now_seconds=now_seconds)
    assert read(written(), KEYS, user_id="ada", now_seconds=NOW) == PENDING


def test_every_changed_character_is_refused() -> None:
    """It is authentic or nothing, and no text raises another error."""
    text = written()
    for position in range(len(text)):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(InvalidProof):
            read(changed, KEYS, user_id="ada", now_seconds=NOW)
    for other in ("", PREFIX, text[:-1], f"{text}A", f"{text}=", "é" * 150, f"{PREFIX}{'é' * 100}"):
        with pytest.raises(InvalidProof):
            read(other, KEYS, user_id="ada", now_seconds=NOW)


def test_a_sealed_secret_of_an_enrolled_app_is_no_enrolment() -> None:
    """SM9: what the table has cannot be presented as something new."""
    stored = seal(b"x" * 44, KEYS.newest, purpose="totp", user_id="ada", entropy=os.urandom)
    with pytest.raises(InvalidProof):
        read(PREFIX + base64url.encode(stored), KEYS, user_id="ada", now_seconds=NOW)
