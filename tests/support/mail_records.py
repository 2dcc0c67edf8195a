"""Records of the stream of the challenges table, as Lambda passes them on."""

import base64
from collections.abc import Mapping
from typing import Any

from edge_auth import base64url
from edge_auth.keys.mac_key import MacKey
from edge_auth.mail.render import Letterhead
from tests.support.people import ADA_ID

Record = dict[str, Any]

ADDRESS = "ada@example.com"
EXPIRES_AT_SECONDS = 1_790_001_800  # half an hour after the tests' clock begins
PAGES_URL = "https://app.example.com/account"
LETTERHEAD = Letterhead(PAGES_URL, "Example Notes", "en")
KEY = MacKey(b"key-1", bytes(range(32)))
KEYS = {KEY.key_id: KEY}
PROOF_ID = base64url.encode(b"proof" + bytes(11))
BINDING = bytes(range(24))


def challenge(kind: str = "reset", **attributes: Any) -> Record:  # noqa: ANN401 - attribute values
    """Return the record of a new challenge, with these attributes changed. None removes an attribute."""
    item = {
        "pk": {"S": f"{kind}#{ADA_ID}"},
        "proof_id": {"S": PROOF_ID},
        "user_id": {"S": ADA_ID},
        "username": {"S": "ada"},
        "email": {"S": ADDRESS},
        "language": {"S": ""},
        "mac_key_id": binary(KEY.key_id),
        "binding": binary(BINDING),
        "expires_at": {"N": str(EXPIRES_AT_SECONDS)},
        "delete_at": {"N": str(EXPIRES_AT_SECONDS)},
        "tries": {"N": "0"},
        "deliver": {"BOOL": True},
    }
    return of_item({**item, **attributes})


def notice(name: str = "new_device", details: dict[str, str] | None = None, **attributes: Any) -> Record:  # noqa: ANN401 - as above
    """Return the record of a notice, with these attributes changed. None removes an attribute."""
    told = {
        "at": "1790000000",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        "network": "192.0.2.0/24",
    }
    item = {
        "pk": {"S": f"notice#{ADA_ID}#0011223344556677"},
        "notice": {"S": name},
        "username": {"S": "ada"},
        "email": {"S": ADDRESS},
        "language": {"S": ""},
        "details": {"M": {key: {"S": value} for key, value in (told if details is None else details).items()}},
        "delete_at": {"N": str(EXPIRES_AT_SECONDS)},
        "deliver": {"BOOL": True},
    }
    return of_item({**item, **attributes})


def of_item(item: dict[str, Any], sequence_number: str = "100000000000000000001") -> Record:
    """Return the record of an item."""
    return {
        "eventID": sequence_number,
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "SequenceNumber": sequence_number,
            "NewImage": {name: value for name, value in item.items() if value is not None},
        },
    }


def binary(value: bytes) -> dict[str, str]:
    """Write bytes as Lambda passes them on, in base64."""
    return {"B": base64.b64encode(value).decode()}


def as_passed_on(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of the table as Lambda passes it on."""
    return {name: binary(value["B"]) if "B" in value else dict(value) for name, value in item.items()}


def batch(*records: Record) -> dict[str, list[Record]]:
    """Return the event of a batch, with sequence numbers in order."""
    numbered = [of_item(record["dynamodb"]["NewImage"], str(number)) for number, record in enumerate(records, 1)]
    return {"Records": numbered}
