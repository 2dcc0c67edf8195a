"""docs/guides/limits.md has each limit of attempts as the code has it."""

from edge_auth.accounts.challenge import MAX_GUESSES
from edge_auth.keys.rotation import RotationPolicy, first_ring
from edge_auth.throttling.counters import Backoff, Rate
from edge_auth.throttling.limits import (
    DEAD_TOKEN_RATE,
    DEVICE_MAIL_RATE,
    MAIL_RATE,
    MAIL_SOURCE_RATE,
    NOTICE_RATE,
    PASSWORD_BACKOFF,
    REGISTRATION_RATE,
    SITE_SOURCES,
    SOURCE_RATE,
    undo_mail_limit,
)
from tests.support.rings import cheap_keys
from tests.support.template import ROOT, parameters

PAGE = (ROOT / "docs" / "guides" / "limits.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())
DAY_SECONDS, HOUR_SECONDS = 86_400, 3600
PER = {60: "a minute", 3600: "an hour"}


def waits(backoff: Backoff) -> str:
    """Return what the table says of a backoff."""
    assert backoff.memory_seconds == DAY_SECONDS
    return f"{backoff.free_attempts} mistakes are free, then the waits grow"


def rate(limit: Rate) -> str:
    """Return what the table says of a rate. In a day, the burst and what comes after it are twice as many."""
    if limit.seconds == DAY_SECONDS:
        return f"{limit.burst} at once, and {limit.burst + limit.attempts} in any 24 hours"
    return f"{limit.burst} at once, {limit.attempts} {PER[limit.seconds]}"


BOTH = f"{waits(PASSWORD_BACKOFF)}; {rate(SOURCE_RATE)}"
ROWS = [
    ("logins without a valid `device_token`", "the account", waits(PASSWORD_BACKOFF)),
    ("", "the address", rate(SOURCE_RATE)),
    ("logins with a valid `device_token`", "the device", BOTH),
    ("changes of the password or the address, and step-ups", "the user", BOTH),
    ("codes of a second factor at a reset of the password", "the user", BOTH),
    ("sign-ins with a passkey", "the address", rate(SOURCE_RATE)),
    ("registrations", "the address", rate(REGISTRATION_RATE)),
    (
        "mails to reset a password, with `MailFrom`",
        "the mail address, for all its users together",
        rate(MAIL_RATE),
    ),
    ("", "the user, with a valid `device_token` of any device", rate(DEVICE_MAIL_RATE)),
    ("mails to confirm an address", "the mail address", rate(MAIL_RATE)),
    ("notices, by mail", "the user, each kind by itself", rate(NOTICE_RATE)),
    ("requests for mails", "the address of the client", rate(MAIL_SOURCE_RATE)),
    ("codes of mails", "the code", f"{MAX_GUESSES} guesses"),
    ("", "the address of the client", rate(SOURCE_RATE)),
    ("passwords that come again with a used proof", "the user", waits(PASSWORD_BACKOFF)),
    ("undos of an address that come again", "the user", rate(undo_mail_limit("3kxYDu4xydJTI1eNv3KC9Q").rate)),
    (
        "dead refresh tokens, at a refresh and at a logout together",
        "the token, by its transport",
        rate(DEAD_TOKEN_RATE),
    ),
]


def test_the_table_is_the_limits_of_the_code() -> None:
    """Each row has the numbers of a constant, in the order of the page."""
    table = PAGE.split("| what is limited | counted for | how many |\n")[1].split("\n\n")[0].splitlines()[1:]

    assert [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table] == ROWS


def test_the_numbers_of_the_text_are_those_of_the_code() -> None:
    """A thief of a session has the wrong passwords of a day twice: with each of the two passwords of a request."""
    days = max(parameters()[name]["Default"] for name in ("RefreshAbsoluteDays", "RefreshIdleDays"))
    assert (PASSWORD_BACKOFF.free_attempts, SITE_SOURCES) == (5, 5)

    assert "Five mistakes are free. After that each attempt waits: 1 second, then 2, then 4" in TEXT
    assert f"up to {PASSWORD_BACKOFF.longest_seconds // 60} minutes" in TEXT
    assert "In IPv6 a /48 counts as five addresses" in TEXT
    assert f"these are {days} and {2 * days} days" in TEXT
    assert f"can try {2 * 103} passwords a day" in TEXT
    assert "at most 103 wrong passwords on an account in any 24 hours" in TEXT


def first_mac_key() -> tuple[int, int, int]:
    """Return when the first MAC key begins to sign, when the next one does, and when the first one ends: by default."""
    idle, absolute, period, publish = (
        parameters()[name]["Default"]
        for name in ("RefreshIdleDays", "RefreshAbsoluteDays", "KeyRotationDays", "KeyPublishHours")
    )
    policy = RotationPolicy(
        "ES256",
        period_seconds=period * DAY_SECONDS,
        publish_seconds=publish * HOUR_SECONDS,
        mac_token_seconds=max(idle, absolute) * DAY_SECONDS,
    )
    old, following = first_ring(now_seconds=0, policy=policy, make=cheap_keys()).mac
    assert old.ends_at_seconds is not None
    return old.signs_from_seconds, following.signs_from_seconds, old.ends_at_seconds


def test_a_device_token_lives_for_30_to_60_days() -> None:
    """With the defaults: the last login of a MAC key and the first one. A key has some hours more, for late readers."""
    begins, ceases, ends = first_mac_key()

    assert "With the defaults these are 30 and 60 days." in TEXT
    for days, login in ((30, ceases), (60, begins)):
        assert 0 <= ends - login - days * DAY_SECONDS < 4 * HOUR_SECONDS


def test_a_quarter_of_the_clients_that_come_a_week_late_have_no_device_token() -> None:
    """The login of each was in some hour of the time in which its MAC key signs. The token ends with that key."""
    begins, ceases, ends = first_mac_key()
    week_late = (parameters()["RefreshAbsoluteDays"]["Default"] + 7) * DAY_SECONDS
    logins = range(begins, ceases, HOUR_SECONDS)
    too_late = [login for login in logins if login + week_late >= ends]

    assert "Of the clients that log in a week later, a quarter have to do without." in TEXT
    assert abs(len(too_late) / len(logins) - 1 / 4) < 1 / 40
