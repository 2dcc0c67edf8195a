"""What a session token means for its session: every rule, at its edges."""

import hmac
from typing import Any, NamedTuple

import pytest

from edge_auth import base64url
from edge_auth.errors import InvalidToken
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import session_token
from edge_auth.tokens.refresh_token import RefreshToken, mint
from edge_auth.tokens.session_token import (
    REGENERATION_GRACE_SECONDS,
    SESSION_COOKIE,
    SessionToken,
    check,
    check_presented,
    is_touch_due,
    read,
)
from edge_auth.tokens.token_form import SESSION, body_of

NOW = 1_790_000_000
NOW_MS = NOW * 1000
TOKEN = RefreshToken("A" * 21 + "A", "B" * 21 + "A", 7, b"seed" * 4)


class State(NamedTuple):
    """A living session with this token."""

    seed_hash: bytes = TOKEN.seed_hash
    generation: int = 7
    rotated_at_ms: int = NOW_MS - 60_000
    transport: str = "session"
    idle_expires_at_seconds: int = NOW + 600
    absolute_expires_at_seconds: int = NOW + 6000
    mac_hash: bytes = b"7" * 32
    earlier_mac_hash: bytes = b"6" * 32


def refusal(generation: int = 7, seed_hash: bytes = TOKEN.seed_hash, **changes: Any) -> str:  # noqa: ANN401 - any field
    """Return why a token is refused, or an empty text."""
    try:
        check(seed_hash, generation, State(**changes), now_ms=NOW_MS)
    except InvalidToken as error:
        return error.detail
    return ""


def test_the_cookie_has_the_name_that_browsers_protect() -> None:
    """RFC 6265bis §4.1.3: only the host itself sets a cookie with this prefix, and no script of a page."""
    assert SESSION_COOKIE == "__Host-Http-session"


def test_a_cookie_of_an_earlier_release_is_read() -> None:
    """Its form never changes, so that no update ends the sessions of a site."""
    key = MacKey(b"mac-1", b"1" * 32)
    ids = base64url.decode(TOKEN.user_id) + base64url.decode(TOKEN.session_id)
    body = b"\x02mac-1" + ids + (7).to_bytes(4, "big") + b"seed" * 4

    assert mint(TOKEN, key, SESSION) == "edgeauth_st_" + base64url.encode(
        body + hmac.digest(key.secret, body, "sha256")
    )


def test_the_form_is_read_without_a_key() -> None:
    """The hash of the MAC is another one under another key, and all else is the same."""
    macs = set()
    for key in (MacKey(b"mac-1", b"1" * 32), MacKey(b"mac-2", b"2" * 32)):
        found = read(mint(TOKEN, key, SESSION))
        assert found == SessionToken(TOKEN.user_id, TOKEN.session_id, 7, TOKEN.seed_hash, found.mac_hash)
        macs.add(found.mac_hash)
    assert len(macs) == 2


@pytest.mark.parametrize(
    "text", ["", "x", "edgeauth_st_", mint(TOKEN, MacKey(b"mac-1", b"1" * 32)), "\N{SNOWMAN}" * 132]
)
def test_another_form_is_refused(text: str) -> None:
    """A refresh token is another form, too."""
    for each in (text, text.replace("_rt_", "_st_")):
        with pytest.raises(InvalidToken):
            read(each)


def test_a_token_has_its_prefix_even_if_the_length_is_right_without_it() -> None:
    """Secret scanners find a token by its prefix. Nine more bytes behind the MAC would be as long as the prefix."""
    body = body_of(SESSION, b"mac-1", TOKEN.user_id, TOKEN.session_id, 0, TOKEN.seed)
    without = base64url.encode(body + b"m" * 32 + b"123456789")

    assert read(SESSION.prefix + base64url.encode(body + b"m" * 32)).seed_hash == TOKEN.seed_hash
    assert len(without) == SESSION.characters
    with pytest.raises(InvalidToken, match="shape"):
        read(without)


def test_the_newest_token_of_a_living_session_is_taken() -> None:
    """The control for the tests below."""
    assert refusal() == ""


def test_another_seed_is_refused() -> None:
    """It is the only secret."""
    assert refusal(seed_hash=b"\0" * 32) == "seed"
    assert refusal(seed_hash=b"") == "seed"


@pytest.mark.parametrize("transport", ["", "body", "cookie", "Session"])
def test_the_session_of_another_transport_is_refused(transport: str) -> None:
    """C4: its tokens are not for this cookie."""
    assert refusal(transport=transport) == "transport"


@pytest.mark.parametrize("name", ["idle_expires_at_seconds", "absolute_expires_at_seconds"])
def test_a_session_ends_in_the_second_of_its_timeout(name: str) -> None:
    """A5: one second before, it lives."""
    changed: list[dict[str, Any]] = [{name: NOW + offset} for offset in (-1, 0, 1)]
    assert [refusal(**each) for each in changed] == ["expired session", "expired session", ""]


@pytest.mark.parametrize(
    ("age_ms", "taken"),
    [
        (0, True),
        (REGENERATION_GRACE_SECONDS * 1000, True),
        (REGENERATION_GRACE_SECONDS * 1000 + 1, False),
        (-5000, True),
    ],
)
def test_the_token_before_the_newest_is_taken_for_ten_seconds(age_ms: int, *, taken: bool) -> None:
    """Requests of the same page are on their way then. A clock that is behind counts as no time passed."""
    assert REGENERATION_GRACE_SECONDS == 10
    assert refusal(generation=6, rotated_at_ms=NOW_MS - age_ms) == ("" if taken else "old token")


@pytest.mark.parametrize("generation", [0, 5, 8, 9, 2**32 - 1])
def test_every_other_generation_is_refused(generation: int) -> None:
    """Also one that is ahead, which only a table that was restored can have."""
    assert refusal(generation=generation, rotated_at_ms=NOW_MS) == "old token"


@pytest.mark.parametrize(
    ("newest", "generation", "mac_hash", "is_taken"),
    [
        (7, 7, b"7" * 32, True),
        (7, 7, b"6" * 32, False),
        (7, 6, b"6" * 32, True),
        (7, 6, b"7" * 32, False),
        (0, 0, b"x" * 32, True),
        (1, 0, b"x" * 32, True),
        (1, 1, b"x" * 32, False),
    ],
)
def test_a_later_token_needs_the_mac_that_was_issued(
    newest: int, generation: int, mac_hash: bytes, *, is_taken: bool
) -> None:
    """Every token of a session has its seed. So only the token of the login is known by the seed alone."""
    token = SessionToken(TOKEN.user_id, TOKEN.session_id, generation, TOKEN.seed_hash, mac_hash)
    session = State(generation=newest, rotated_at_ms=NOW_MS)

    if is_taken:
        check_presented(token, session, now_ms=NOW_MS)
    else:
        with pytest.raises(InvalidToken):
            check_presented(token, session, now_ms=NOW_MS)


def test_a_session_without_a_hash_takes_no_later_token() -> None:
    """Its item has lost it, so nothing shows that the token was issued."""
    with pytest.raises(InvalidToken):
        check_presented(read(mint(TOKEN, MacKey(b"mac-1", b"1" * 32), SESSION)), State(mac_hash=b""), now_ms=NOW_MS)


@pytest.mark.parametrize(("idle", "least"), [(300, 50), (1800, 300), (1801, 300), (86_400, 300), (1794, 299)])
def test_the_idle_timeout_is_moved_after_five_minutes_or_a_sixth(idle: int, least: int) -> None:
    """So a session that is in use lives for at least its idle timeout minus this."""
    used = {ago: NOW - ago + idle for ago in (least, least + 1)}

    assert [is_touch_due(until, idle_seconds=idle, now_seconds=NOW) for until in used.values()] == [False, True]


def test_the_names_are_fixed() -> None:
    """They are in browsers and in tables."""
    assert (session_token.SESSION_COOKIE, session_token.TRANSPORT) == ("__Host-Http-session", "session")


def test_a_token_of_a_known_mac_is_held_to_the_other_rules_too() -> None:
    """Without a key, a MAC that was issued shows that the token is ours, and not that its session lives."""
    token = SessionToken(TOKEN.user_id, TOKEN.session_id, 7, TOKEN.seed_hash, b"7" * 32)

    check_presented(token, State(), now_ms=NOW_MS)
    for state in (State(idle_expires_at_seconds=NOW), State(transport="cookie"), State(seed_hash=b"x" * 32)):
        with pytest.raises(InvalidToken):
            check_presented(token, state, now_ms=NOW_MS)
