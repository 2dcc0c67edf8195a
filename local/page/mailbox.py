"""The mails that have left the local stack. MiniStack keeps them, and sends none."""

import json
from collections.abc import Iterable
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

from local.aws import Clients

DOMAIN = "mail.example"
SENDER = f"login@{DOMAIN}"
OUTBOX = "/_ministack/ses/messages"
TIMEOUT_SECONDS = 10


def verify_sender(clients: Clients) -> None:
    """Verify the domain that mails come from, as its owner does with Amazon SES."""
    clients.ses.create_email_identity(EmailIdentity=DOMAIN)


class Mailbox:
    """Reads the mails. It changes nothing."""

    def __init__(self, port: int) -> None:
        """Read those of the MiniStack on this port."""
        self._port = port

    def mails(self) -> list[dict[str, object]]:
        """Return all mails, the newest first: `to`, `subject`, `text`, and `at` in seconds since 1970.

        Raises:
            OSError: MiniStack does not answer.

        """
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)) as connection:
            connection.request("GET", OUTBOX)
            response = connection.getresponse()
            body = response.read()
        if response.status != HTTPStatus.OK:
            raise OSError(f"MiniStack answered {response.status} to GET {OUTBOX}")
        return _newest_first(mail for of_account in json.loads(body)["messages"].values() for mail in of_account)


def _newest_first(mails: Iterable[dict[str, Any]]) -> list[dict[str, object]]:
    return [
        {"to": ", ".join(mail["To"]), "subject": mail["Subject"], "text": mail["BodyText"], "at": mail["Timestamp"]}
        for mail in sorted(mails, key=lambda mail: -mail["Timestamp"])
    ]
