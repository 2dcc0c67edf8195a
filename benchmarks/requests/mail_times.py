"""How long a mail takes on the local stack, from the request that asks for it to the mailbox.

The whole way is there: the request writes an item, MiniStack passes the stream on to the mailer, with the filter of the
template, and the mailer hands the mail to MiniStack's Amazon SES. One mail is asked for after the other has come. The
first one counts too: its functions start cold. The time begins before the request, because a mail may be there
before the answer.
"""

import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path

import requests

from benchmarks.frame.processes import free_ports
from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import summary
from benchmarks.requests.deployment import new_identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from local.page import mailbox
from local.page.mailbox import Mailbox
from local.progress import Progress
from local.settings import Settings
from local.stack import Stack, running_stack

MAILS, QUICK_MAILS = 60, 3
PATIENCE_SECONDS, TIMEOUT_SECONDS = 60.0, 30
LOOKS_EVERY_SECONDS = 0.1  # the mailbox itself says when a mail came
MOST_P95_SECONDS = 3.0

Ask = Callable[[str], None]
Mails = Callable[[], Sequence[dict[str, object]]]


def measure(*, quick: bool) -> Figures:
    """Return `seconds` of all mails, of the `first` and of the `longest`. Raises Failure: the stack does not start.

    Raises RuntimeError: a request failed, or a mail did not come.
    """
    proxy_secret = secrets.token_hex(32)
    with tempfile.TemporaryDirectory(prefix="edge-auth-mails-") as folder:
        settings = Settings(
            port=free_ports(1)[0],
            home=Path(folder),
            parameters={
                "MailFrom": mailbox.SENDER,
                "MailIdentity": mailbox.DOMAIN,
                "PagesUrl": "https://app.example.com/account",  # nobody opens a link
                "TrustedProxy": f"X-Real-IP:{hashlib.sha256(proxy_secret.encode()).hexdigest()}",
            },
        )
        with running_stack(settings, os.environ, Progress()) as stack, requests.Session() as session:
            mailbox.verify_sender(stack.clients)
            session.trust_env = False  # no proxy of the environment reaches this machine
            session.headers["Edge-Auth-Proxy-Secret"] = proxy_secret
            users = add_users(stack, QUICK_MAILS if quick else MAILS)
            seconds = waits(users, asking(stack, session), Mailbox(settings.port).mails)
    return {"seconds": summary(seconds), "first": round(seconds[0], 4), "longest": round(max(seconds), 4)}


def add_users(stack: Stack, count: int) -> list[str]:
    """Add users with confirmed addresses, and return their names. Each of them gets one mail."""
    store = DynamoDBIdentities(stack.clients.dynamodb, table=stack.outputs["IdentitiesTable"])
    names = [f"user-{number:06}" for number in range(count)]
    for name in names:
        store.create(new_identity(name, email=_address(name), email_verified_at_seconds=1))
    return names


def asking(stack: Stack, session: requests.Session) -> Ask:
    """Return what asks for the mail to a user. Each request has a source of its own, so that none is throttled."""

    def ask(name: str) -> None:
        source = f"10.{'.'.join(str(byte) for byte in secrets.token_bytes(3))}"
        answer = session.post(
            f"{stack.settings.base_url}/auth/password/reset",
            json={"username": name},
            headers={"X-Real-IP": source},
            timeout=TIMEOUT_SECONDS,
        )
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise RuntimeError(f"not 202: {answer.status_code} {answer.text}")

    return ask


def waits(names: Sequence[str], ask: Ask, mails: Mails, *, clock: Callable[[], float] = time.time) -> list[float]:
    """Ask for one mail after the other. Return the seconds from each request until the mail is in the mailbox."""
    seconds = []
    for name in names:
        asked_at = clock()
        ask(name)
        seconds.append(_arrival(name, mails) - asked_at)
    return seconds


def table(figures: Figures) -> str:
    """Return the median, the slowest ones, and whether the budget holds."""
    row = figures["seconds"]
    held = "held" if row["p95"] <= MOST_P95_SECONDS else "not held"
    seconds = (row["median"], row["p95"], figures["longest"], figures["first"])
    rows = markdown(
        ("mails", "median s", "p95", "longest", "the first, cold"),
        [(row["count"], *(f"{each:.2f}" for each in seconds))],
    )
    return f"{rows}\n\nBudget: p95 of {MOST_P95_SECONDS:g} s, {held}."


def _arrival(name: str, mails: Mails) -> float:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        for mail in mails():
            if mail["to"] == _address(name):
                return float(str(mail["at"]))
        time.sleep(LOOKS_EVERY_SECONDS)
    raise RuntimeError(f"no mail to {name} after {PATIENCE_SECONDS:g} s")


def _address(name: str) -> str:
    return f"{name}@{mailbox.DOMAIN}"
