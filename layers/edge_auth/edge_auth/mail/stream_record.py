"""Reads a record of the stream of the challenges table, as Lambda passes it on: what has to be told, and to whom."""

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from edge_auth.errors import EmailRefused
from edge_auth.mail_address import canonical_address

__all__ = ["UnreadableRecord"]

_NUMBER = re.compile(r"[0-9]{1,38}")  # DynamoDB's numbers have 38 digits

NOTICE = "notice"
"""The kind of an item that only tells something. Each other kind is one of `tokens.proof_token`."""


class UnreadableRecord(Exception):
    """The record does not have the expected form. The text names the attribute, and quotes no value."""


class MailRequest(NamedTuple):
    """What one item of the challenges table asks to be sent.

    `key` is the item's key. `mail` is the name of the mail: the item's kind or, of a notice, its name. `username` and
    `language` may be empty. A notice has `details`, and none of the fields below them.
    """

    key: str
    mail: str
    user_id: str
    username: str
    address: str
    language: str
    details: Mapping[str, str]
    proof_id: str = ""
    mac_key_id: bytes = b""
    binding: bytes = b""
    expires_at_seconds: int = 0

    @property
    def is_notice(self) -> bool:
        """Whether the mail only tells something, and has neither link nor code."""
        return not self.proof_id


def sequence_number(record: Mapping[str, object]) -> str:
    """Return by what Lambda knows the record. Raises UnreadableRecord."""
    number = _mapping(record, "dynamodb").get("SequenceNumber")
    if not isinstance(number, str) or not number:
        raise UnreadableRecord("SequenceNumber")
    return number


def request_from(record: Mapping[str, object]) -> MailRequest:
    """Read what a record asks to be sent. Raises UnreadableRecord."""
    item = _mapping(_mapping(record, "dynamodb"), "NewImage")
    key = _text(item, "pk")
    kind, _, rest = key.partition("#")
    user_id = rest.partition("#")[0]
    try:
        given = _text(item, "email")
        address = canonical_address(given)
    except EmailRefused:
        raise UnreadableRecord("email") from None
    if address != given:  # the table has one spelling of each
        raise UnreadableRecord("email")
    username, language = _optional_text(item, "username"), _optional_text(item, "language")
    if kind == NOTICE:
        details = {name: _text(_mapping(item, "details", "M"), name) for name in _mapping(item, "details", "M")}
        return MailRequest(key, _text(item, "notice"), user_id, username, address, language, details)
    return MailRequest(
        key=key,
        mail=kind,
        user_id=_text(item, "user_id"),
        username=username,
        address=address,
        language=language,
        details={},
        proof_id=_text(item, "proof_id"),
        mac_key_id=_binary(item, "mac_key_id"),
        binding=_binary(item, "binding"),
        expires_at_seconds=_number(item, "expires_at"),
    )


def _mapping(document: Mapping[str, object], name: str, kind: str = "") -> Mapping[str, object]:
    value = document.get(name)
    if kind and isinstance(value, Mapping):
        value = value.get(kind)
    if not isinstance(value, Mapping):
        raise UnreadableRecord(name)
    return value


def _value(item: Mapping[str, object], name: str, kind: str) -> str:
    value = _mapping(item, name).get(kind)
    if not isinstance(value, str):
        raise UnreadableRecord(name)
    return value


def _text(item: Mapping[str, object], name: str) -> str:
    return _value(item, name, "S")


def _optional_text(item: Mapping[str, object], name: str) -> str:
    return _text(item, name) if name in item else ""


def _number(item: Mapping[str, object], name: str) -> int:
    value = _value(item, name, "N")
    if not _NUMBER.fullmatch(value):
        raise UnreadableRecord(name)
    return int(value)


def _binary(item: Mapping[str, object], name: str) -> bytes:
    try:
        return base64.b64decode(_value(item, name, "B"), validate=True)
    except ValueError:
        raise UnreadableRecord(name) from None
