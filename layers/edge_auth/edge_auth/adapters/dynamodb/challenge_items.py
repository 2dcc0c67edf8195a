"""A challenge as an item: `<kind>#<user_id>`. It holds no code, no hash of a code and no secret.

The table's stream takes a mail to be sent to the mailer: the items that have `deliver`. A guess, and the use of the
proof, take this mark away, so that no mail is sent for these writes.
"""

from typing import TYPE_CHECKING

from edge_auth.accounts.challenge import Challenge
from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.proof_token import Kind, Proof

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

MAY_BE_ABSENT = ("deliver", "spent_at", "yields_at")


def challenge_key(kind: Kind, user_id: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the newest challenge of a kind and a user."""
    return {"pk": text(f"{kind.value}#{user_id}")}


def challenge_item(challenge: Challenge) -> "dict[str, AttributeValueTypeDef]":
    """Write a challenge that was not used yet. `delete_at` is the table's TTL, in seconds."""
    proof = challenge.proof
    deliver: dict[str, AttributeValueTypeDef] = {"deliver": {"BOOL": True}} if challenge.is_delivered else {}
    yields_at = challenge.yields_at_seconds
    return {
        **challenge_key(proof.kind, proof.user_id),
        "proof_id": text(proof.proof_id),
        "user_id": text(proof.user_id),
        "username": text(challenge.username),
        "email": text(challenge.email),
        "language": text(challenge.language),
        "mac_key_id": binary(challenge.mac_key_id),
        "binding": binary(proof.binding),
        "expires_at": number(proof.expires_at_seconds),
        "delete_at": number(proof.expires_at_seconds),
        "tries": number(0),
        **deliver,
        **({"yields_at": number(yields_at)} if yields_at else {}),
    }


def challenge_from(item: "Item") -> Challenge:
    """Read a challenge. Raises TemporarilyUnavailable for an item that is none.

    What is personal is gone from a challenge that was used.
    """
    read = ItemReader(item)
    try:
        kind = Kind(read.text("pk").partition("#")[0])
    except ValueError:
        raise TemporarilyUnavailable("damaged item: pk") from None
    return Challenge(
        proof=Proof(
            kind, read.text("proof_id"), read.text("user_id"), read.number("expires_at"), read.binary("binding")
        ),
        mac_key_id=read.binary("mac_key_id"),
        username=read.optional_text("username"),
        email=read.optional_text("email"),
        language=read.optional_text("language"),
        is_delivered="deliver" in item,
        spent_at_seconds=read.optional_number("spent_at") or 0,
        yields_at_seconds=read.optional_number("yields_at") or 0,
    )
