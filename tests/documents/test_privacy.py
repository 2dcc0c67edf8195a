"""docs/privacy.md names every table and log group, and its times are those of the code and the template."""

import re

import pytest

from edge_auth.adapters.dynamodb.ended_items import ENDED_KEPT_SECONDS
from edge_auth.adapters.dynamodb.passkey_use import SPENT_KEPT_SECONDS
from edge_auth.adapters.dynamodb.session_items import EXPIRED_KEPT_SECONDS
from edge_auth.flows.accounts.new_challenge import CONFIRM_SECONDS, RESET_SECONDS, UNDO_SECONDS
from edge_auth.flows.tell_user import KEPT_SECONDS as NOTICES_KEPT_SECONDS
from edge_auth.sessions.client_description import SHOWN_IPV4_PREFIX, SHOWN_IPV6_PREFIX
from edge_auth.throttling.counters import KEPT_SECONDS as COUNTERS_KEPT_SECONDS
from edge_auth.tokens.ended_feed import ENTRY_CHARACTERS
from edge_auth.tokens.ended_feed import KEPT_SECONDS as FEED_KEPT_SECONDS
from tests.support.template import ROOT, Intrinsic, parameters, resources

TEXT = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
HOUR, DAY = 3600, 86_400
TABLES = resources("AWS::DynamoDB::Table")
DELETED_AT = {"AttributeName": "delete_at", "Enabled": True}


def rows(title: str) -> dict[str, str]:
    """Return the last cell of each row of the first table under a heading, by the first cell."""
    lines = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {first: last for first, *_, last in cells[2:]}


UNDO = f"the undo of an address {UNDO_SECONDS // HOUR} hours"
STORED, LEFT = rows("What is stored"), rows("A person asks for deletion")


def test_every_table_of_the_template_is_on_the_page() -> None:
    """A new table has to say what it has of a person, and for how long."""
    assert {name for row in STORED for name in re.findall(r"`(\w+Table)`", row)} == TABLES.keys()


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("`SessionsTable`, sessions", f"{EXPIRED_KEPT_SECONDS // DAY} day after"),
        ("`SessionsTable`, records of ends", f"{ENDED_KEPT_SECONDS // DAY} days after"),
        ("`ThrottleTable`", f"{COUNTERS_KEPT_SECONDS // HOUR} hours after"),
        ("`RevocationsTable`", f"{FEED_KEPT_SECONDS // HOUR} hours after"),
        (
            "`ChallengesTable`, proofs that wait, only with mails",
            f"{RESET_SECONDS // 60} minutes; a confirmation {CONFIRM_SECONDS // HOUR} hour, {UNDO}",
        ),
        ("`ChallengesTable`, notices, only with mails", f"{NOTICES_KEPT_SECONDS // HOUR} hour"),
        (
            "`ThrottleTable`, spent challenges of passkeys",
            f"{'an hour' if SPENT_KEPT_SECONDS == HOUR else SPENT_KEPT_SECONDS} more",
        ),
        *(
            (row, f"`{name}`, {parameters()[name]['Default']} by default")
            for row, name in (
                ("logs of the functions", "LogRetentionDays"),
                ("record of operators", "AuditRetentionDays"),
                ("access log of the API", "AccessLogRetentionDays"),
            )
        ),
    ],
)
def test_the_times_are_those_of_the_code_and_the_template(row: str, text: str) -> None:
    """A change of a time is a change of the page."""
    assert text in STORED[row]


def test_what_remains_of_a_deleted_user_has_the_same_times() -> None:
    """The second table says of each remainder what the first says."""
    assert (
        LEFT["counters under hashes of the name, the user id and the address"]
        == f"{COUNTERS_KEPT_SECONDS // HOUR} hours"
    )
    assert LEFT["beginnings of session ids in `RevocationsTable`"] == f"{FEED_KEPT_SECONDS // HOUR} hours"
    assert LEFT["lines of the logs, with the user id and networks"] == "`LogRetentionDays`"
    assert LEFT["the record of operators, with the user id"] == "`AuditRetentionDays`"
    assert f"the first {ENTRY_CHARACTERS} characters of ids" in TEXT


def test_the_times_hold_in_the_template() -> None:
    """Log groups have these retentions, all tables have backups, and all but that of users delete by `delete_at`."""
    groups = resources("AWS::Logs::LogGroup").values()
    names = {"LogRetentionDays", "AuditRetentionDays", "AccessLogRetentionDays"}
    assert {group["Properties"]["RetentionInDays"].argument for group in groups} == names
    assert all(isinstance(group["Properties"]["RetentionInDays"], Intrinsic) for group in groups)
    for name, table in TABLES.items():
        found = table["Properties"]
        assert found.get("TimeToLiveSpecification") == (None if name == "IdentitiesTable" else DELETED_AT), name
    with_backups = [name for name, table in TABLES.items() if "PointInTimeRecoverySpecification" in table["Properties"]]
    assert with_backups == [*TABLES]


def test_a_network_has_the_bits_of_the_page() -> None:
    """No whole address is stored."""
    assert f"without its last {32 - SHOWN_IPV4_PREFIX} bits (/{SHOWN_IPV4_PREFIX})" in TEXT
    assert f"the first {SHOWN_IPV6_PREFIX} bits of an IPv6 address (/{SHOWN_IPV6_PREFIX})" in TEXT
