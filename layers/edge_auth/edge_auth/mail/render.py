"""Makes the mail that a record of the challenges' stream asks for. Pure: the same record is always the same mail.

A record has no link and no code: both are derived here from the key ring. Every value is one line of printable
characters, and is escaped in HTML. Links begin with an address that the operator has set.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from edge_auth.keys.mac_key import MacKey
from edge_auth.mail.device_name import device_name
from edge_auth.mail.stream_record import MailRequest, UnreadableRecord, request_from
from edge_auth.mail.templates import CODE, LINK, OURS, MailTexts, Templates, UnknownMail
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_link import PAGES, proof_link
from edge_auth.tokens.proof_token import Kind, Proof

__all__ = ["Letterhead", "Mail", "UnknownKey", "render"]

FIRST_PASSWORD = "first_password"

_LAYOUT = Template(Path(__file__).with_name("layout.html").read_text(encoding="utf-8"))
_PARAGRAPH = '<p style="white-space: pre-line">{}</p>'
_LINK = '<p><a href="{0}" style="word-break: break-all">{0}</a></p>'
_CODE = '<p style="font: bold 1.5em monospace; letter-spacing: 0.1em">{}</p>'


class Letterhead(NamedTuple):
    """What all mails of a deployment have in common.

    `pages_url` is where the pages of the links are, without a slash at the end. `service` is the name that users know.
    `language` is that of users who have none.
    """

    pages_url: str
    service: str
    language: str


class Mail(NamedTuple):
    """A mail. `to` is one address, and `subject` one line. `language` is the tag of its texts."""

    to: str
    subject: str
    text: str
    html: str
    language: str


class UnknownKey(Exception):
    """The MAC key of the proof is not in force any more, so its link and its code would be refused."""


def render(
    record: Mapping[str, object],
    keys: Mapping[bytes, MacKey],
    letterhead: Letterhead,
    templates: Templates = OURS,
) -> Mail:
    """Return the mail for a record, as Lambda passes it on. `keys` are the MAC keys by their id.

    Raises:
        UnreadableRecord: the record does not have the expected form.
        UnknownMail: there is no such mail.
        UnknownKey: the proof's key has ended.

    """
    return mail_for(request_from(record), keys, letterhead, templates)


def mail_for(
    request: MailRequest, keys: Mapping[bytes, MacKey], letterhead: Letterhead, templates: Templates = OURS
) -> Mail:
    """Return the mail for a request. Raises as `render`."""
    if request.is_notice == (request.mail in PAGES):
        raise UnknownMail("there is no such mail")
    texts = templates.find(_name_of(request), request.language, letterhead.language)
    values = {"service": letterhead.service, "username": request.username}
    values |= _of_notice(request.details) if request.is_notice else _of_proof(request, keys, letterhead.pages_url)
    lines = {name: _one_line(value) for name, value in values.items()}
    return Mail(
        to=request.address,
        subject=texts.subject.substitute(lines),
        text="\n\n".join(paragraph.substitute(lines) for paragraph in texts.paragraphs) + "\n",
        html=_html(texts, {name: escape(value) for name, value in lines.items()}),
        language=texts.language,
    )


def _name_of(request: MailRequest) -> str:
    """Return the name of the mail's texts. A reset for an address that nobody has confirmed names no user."""
    return FIRST_PASSWORD if request.mail == Kind.RESET and not request.username else request.mail


def _of_proof(request: MailRequest, keys: Mapping[bytes, MacKey], pages_url: str) -> dict[str, str]:
    key = keys.get(request.mac_key_id)
    if key is None:
        raise UnknownKey("the key has ended")
    proof = Proof(Kind(request.mail), request.proof_id, request.user_id, request.expires_at_seconds, request.binding)
    try:
        link, code = proof_link(pages_url, proof, key), proof_token.code(proof, key)
    except ValueError:
        raise UnreadableRecord("proof") from None
    return {"link": link, "code": code, "until": _moment(proof.expires_at_seconds)}


def _of_notice(details: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a notice. A detail that is not known here is not shown."""
    at = details.get("at", "")
    return {
        "device": device_name(details.get("user_agent", "")),
        "network": details.get("network", ""),
        "left": details.get("left", ""),
        "at": _moment(int(at)) if at.isascii() and at.isdigit() else "",
    }


def _html(texts: MailTexts, escaped: Mapping[str, str]) -> str:
    subject = escape(texts.subject.template)
    return _LAYOUT.substitute(
        language=texts.language,
        subject=Template(subject).substitute(escaped),
        paragraphs="\n".join(_paragraph(paragraph.template, escaped) for paragraph in texts.paragraphs),
    )


def _paragraph(template: str, escaped: Mapping[str, str]) -> str:
    form = {LINK: _LINK, CODE: _CODE}.get(template, _PARAGRAPH)
    # The text of a language is escaped too: a translator may write `&` and `<`.
    return form.format(Template(escape(template, quote=False)).substitute(escaped))


def _one_line(value: str) -> str:
    """Return the printable characters of a value. A control character could begin a header or turn the text around."""
    return "".join(character for character in value if character.isprintable())


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
