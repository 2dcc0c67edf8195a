"""The mailbox of the try-it page: what MiniStack has kept of the mails."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from local.page.mailbox import Mailbox


@contextmanager
def ministack(status: int, document: object) -> Iterator[int]:
    """Serve this answer as MiniStack's outbox, and yield the port."""

    class Outbox(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(status if self.path == "/_ministack/ses/messages" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Outbox) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def mail(subject: str, at: float) -> dict[str, object]:
    """Return a mail as MiniStack has it."""
    return {"To": ["ada@mail.example"], "Subject": subject, "BodyText": "text", "BodyHtml": "<p>", "Timestamp": at}


def test_the_newest_mail_is_first() -> None:
    """MiniStack has them by account, in the order in which they were sent."""
    with ministack(200, {"messages": {"000000000000": [mail("old", 1.0), mail("new", 2.0)]}}) as port:
        found = Mailbox(port).mails()

    assert [each["subject"] for each in found] == ["new", "old"]
    assert found[0] == {"to": "ada@mail.example", "subject": "new", "text": "text", "at": 2.0}


def test_an_outbox_that_does_not_answer_is_no_empty_mailbox() -> None:
    """The page says that it failed, and not that there is no mail."""
    with ministack(500, {}) as port, pytest.raises(OSError, match="500"):
        Mailbox(port).mails()
