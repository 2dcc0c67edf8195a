"""Each number with a unit in the README and the guides is in a claim, is a number of the code, or is somebody else's.

So a promise with a number has a row in docs/proof.md, and a number that the code has changes with it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pytest

from benchmarks.costs.costs import dollars
from edge_auth.accounts.challenge import MAX_GUESSES
from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.adapters.aws import INVOKED_READ_TIMEOUT_SECONDS
from edge_auth.authorizer.ended_sessions import OVERLAP_SECONDS
from edge_auth.credentials.foreign_hashes import MAX_BCRYPT_BYTES
from edge_auth.credentials.totp import STEP_SECONDS
from edge_auth.flows.accounts.new_challenge import UNDO_SECONDS
from edge_auth.flows.factors.factor_token import LIFETIME_SECONDS
from edge_auth.flows.factors.freshness import MAX_LOGIN_AGE_SECONDS
from edge_auth.keys.timing import (
    EXPIRY_LEEWAY_SECONDS,
    JWKS_MAX_AGE_SECONDS,
    MAX_PROOF_SECONDS,
    MAX_RING_AGE_SECONDS,
    MIN_PUBLISH_SECONDS,
    REPLACE_SECONDS,
    RING_AGE_SECONDS,
)
from edge_auth.throttling.counters import KEPT_SECONDS
from edge_auth.throttling.limits import MAIL_RATE, PASSWORD_BACKOFF
from edge_auth.tokens.proof_token import Kind
from edge_auth.tokens.session_token import TOUCH_SECONDS
from edge_auth.web.cookies import DEVICE_COOKIE_SECONDS
from edge_auth.web.cors import MAX_AGE_SECONDS
from examples import ended_sessions
from local.__main__ import RUN_PARAMETERS
from proof.frame import claims
from tests.documents.test_proof import words
from tests.support.template import ROOT, parameters

PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs" / "guides").glob("*.md")))]
PAGES += [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs" / "migrate").glob("*.md"))]
IN_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
IN_WORDS |= {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "a hundred": 100}
SECONDS = {"ms": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86_400}
UNITS = "|".join((*SECONDS, "%", "byte", "KB", "KiB", "MB", "request", "(?:read|write) unit", "password", "guesse"))
COUNT = rf"(?P<count>\d[\d,.]*|{'|'.join(IN_WORDS)}) ?(?:wrong )?(?P<unit>{UNITS})s?(?!\w)"
NUMBER = re.compile(rf"(?<![\w.,-])(?:(?P<dollars>\$\d[\d,.]*\d)|{COUNT})", re.IGNORECASE)
NOT_PROSE = re.compile(r"```.*?```|<!-- benchmarks: .*?<!-- end -->", re.DOTALL)
DAY_SECONDS = 86_400


class Number(NamedTuple):
    """A number with its unit. Times are in seconds."""

    amount: float
    unit: str


def numbers(text: str) -> set[Number]:
    """Return the numbers of a text, in digits or in words, that have a unit."""
    return {_number(found) for found in NUMBER.finditer(text)}


def _number(found: re.Match[str]) -> Number:
    if found["dollars"]:
        return Number(float(found["dollars"].strip("$").replace(",", "")), "$")
    text, unit = found["count"].lower(), found["unit"]
    count = float(IN_WORDS.get(text) or text.replace(",", ""))
    return Number(round(count * SECONDS[unit], 3), "second") if unit in SECONDS else Number(count, unit)


def of_claims(page: str) -> list[str]:
    """Return the claims of a page, as `words` writes them."""
    return [words(claim.text) for rows in claims.claims().values() for claim in rows if claim.of == page]


def prose_without(text: str, parts: Iterable[str]) -> str:
    """Return a text without its blocks, its generated tables and these parts."""
    text = words(NOT_PROSE.sub("", text))
    for part in parts:
        text = text.replace(part, "|")
    return text


def seconds(*values: float) -> set[Number]:
    """Return these times as numbers of a text."""
    return {Number(value, "second") for value in values}


def default(name: str) -> int:
    """Return the default of a parameter of the template."""
    value: int = parameters()[name]["Default"]
    return value


OF_CODE: Mapping[str, set[Number]] = {
    "README.md": seconds(
        *(int(RUN_PARAMETERS[name]) for name in ("AccessTokenSeconds", "RotationGraceSeconds")),
        *(default(name) for name in ("AccessTokenSeconds", "RotationGraceSeconds", "RevocationSeconds")),
        *(default(name) * DAY_SECONDS for name in ("RefreshIdleDays", "RefreshAbsoluteDays")),
        default("LateRetryHours") * 3600,
        PASSWORD_BACKOFF.longest_seconds,
        TOUCH_SECONDS,
    ),
    "docs/guides/api-gateway-jwt-authorizers.md": seconds(REPLACE_SECONDS, MIN_PUBLISH_SECONDS),
    "docs/guides/browsers.md": seconds(MAX_AGE_SECONDS, DEVICE_COOKIE_SECONDS),
    "docs/guides/edge.md": seconds(EXPIRY_LEEWAY_SECONDS, MAX_RING_AGE_SECONDS),
    "docs/guides/import.md": {Number(MAX_BCRYPT_BYTES, "byte")},
    "docs/guides/leaked-key.md": seconds(REPLACE_SECONDS, RING_AGE_SECONDS, JWKS_MAX_AGE_SECONDS),
    # tests/documents/test_limits.py compares the rest of this page.
    "docs/guides/limits.md": seconds(1, PASSWORD_BACKOFF.longest_seconds, DAY_SECONDS, MAX_PROOF_SECONDS)
    | {Number(MAX_GUESSES, "guesse"), Number(103, "password")},
    "docs/guides/mail.md": seconds(DAY_SECONDS, UNDO_SECONDS) | {Number(MAX_GUESSES, "guesse")},
    "docs/guides/operators.md": seconds(KEPT_SECONDS),
    "docs/guides/other-verifiers.md": seconds(
        OVERLAP_SECONDS, ended_sessions.OLDEST_SECONDS, default("RevocationSeconds")
    ),
    "docs/guides/second-factor.md": seconds(
        STEP_SECONDS, PASSWORD_BACKOFF.longest_seconds, LIFETIME_SECONDS[Kind.MFA], MAX_LOGIN_AGE_SECONDS
    )
    | {Number(dollars(secret_month=1), "$")},
    "docs/guides/security-events.md": seconds(UNDO_SECONDS, PASSWORD_BACKOFF.undecided_seconds),
    "docs/guides/sending-mail.md": seconds(UNDO_SECONDS),
    "docs/guides/server-rendered.md": seconds(MAX_LOGIN_AGE_SECONDS, TOUCH_SECONDS)
    | {Number(1, "read unit"), Number(dollars(read_unit=10**6), "$")}
    | {Number(1, "write unit"), Number(dollars(write_unit=10**6), "$")},
    "docs/guides/strict-authorizer.md": seconds(default("RevocationSeconds"))
    | {Number(1, "read unit"), Number(dollars(read_unit=10**6), "$")},
}
# Numbers that no code of ours has, with their owner.
OTHERS: Mapping[str, Mapping[str, str]] = {
    "README.md": {
        "1 second": "the caches between a verifier and the feed: the guide to other verifiers has the claim",
        "two requests": "a number of no thing that can be measured",
    },
    "docs/guides/api-gateway-jwt-authorizers.md": {
        "1.5 seconds": "API Gateway",
        "150,000 bytes": "API Gateway",
        "600 bytes": "about a key, from the table of Performance",
    },
    "docs/guides/attach.md": {"300 seconds": "API Gateway", "two hours": "API Gateway"},
    "docs/guides/browsers.md": {"40 minutes": "CloudFront"},
    "docs/guides/edge.md": {"128 MB": "CloudFront", "40 KB": "CloudFront"},
    "docs/guides/import.md": {"two minutes": "tests/documents/test_import_guide.py compares it"},
    "docs/guides/leaked-key.md": {"two hours": "API Gateway", "24 hours": "Secrets Manager"},
    "docs/guides/mail.md": {"five hours": "a fifth of a day, rounded: see `test_five_mails_a_day`"},
    "docs/guides/operators.md": {"35 days": "DynamoDB"},
    "docs/guides/other-verifiers.md": {"1 second": "the time for which a cache may keep an answer"},
}


def explained(page: str) -> set[Number]:
    """Return the numbers of a page that are of the code or somebody else's."""
    return OF_CODE.get(page, set()) | numbers(", ".join(OTHERS.get(page, ())))


@pytest.mark.parametrize("page", PAGES)
def test_every_number_is_in_a_claim_or_has_its_source(page: str) -> None:
    """A number too many here is one that the page has no more."""
    text = (ROOT / page).read_text(encoding="utf-8")

    assert numbers(prose_without(text, of_claims(page))) == explained(page)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it takes 3 ms, 20 minutes or two hours", seconds(0.003, 1200, 7200)),
        ("5 % of 1,000 requests", {Number(5, "%"), Number(1000, "request")}),
        ("$0.125 for a million, or $10.43.", {Number(0.125, "$"), Number(10.43, "$")}),
        ("2 write units, 8 KiB, 72 bytes", {Number(2, "write unit"), Number(8, "KiB"), Number(72, "byte")}),
        ("103 wrong passwords and five guesses", {Number(103, "password"), Number(5, "guesse")}),
        ("RFC 6749 §6, `AccessTokenSeconds`, 2.5-minute, ten of them, ES256 seconds", set()),
    ],
)
def test_a_number_is_found_with_its_unit(text: str, found: set[Number]) -> None:
    """Otherwise the test above would see nothing."""
    assert numbers(text) == found


def test_a_number_in_a_claim_needs_no_other_source() -> None:
    """The rest of the sentence does, and neither a block nor a generated table."""
    text = "It takes **5 seconds**, and 7 days.\n```sh\nsleep 9 days\n```\n<!-- benchmarks: a -->\n8 ms\n<!-- end -->"

    assert numbers(prose_without(text, ["It takes 5 seconds"])) == seconds(7 * DAY_SECONDS)


def test_five_mails_a_day() -> None:
    """Whoever has used up the mails of an address waits so long for the next one: the guide says five hours at most."""
    assert 4.5 * 3600 < MAIL_RATE.seconds / MAIL_RATE.attempts < 5 * 3600


def test_what_a_migration_waits_for_is_in_the_claim() -> None:
    """The number is in words there."""
    [claim] = [text for text in of_claims("docs/migrate/cognito.md") if "seconds" in text]

    assert numbers(claim) == seconds(INVOKED_READ_TIMEOUT_SECONDS)


def test_a_hundred_wrong_codes_are_the_bound() -> None:
    """Three guides say it in words."""
    for page in ("second-factor", "security-events", "sending-mail"):
        text = words((ROOT / "docs" / "guides" / f"{page}.md").read_text(encoding="utf-8")).lower()
        assert f"{MAX_FAILURES} wrong codes" in text or "a hundred wrong codes" in text
    assert IN_WORDS["a hundred"] == MAX_FAILURES
