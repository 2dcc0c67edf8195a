"""What a user finds in a mailbox: the functional tests make it from the table and the key ring, as the mailer does."""

from typing import NamedTuple

from edge_auth.adapters.dynamodb.challenge_items import challenge_from
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind
from tests.support.stack import Stack


class Mailed(NamedTuple):
    """A mail: who gets it, the parameters of the link's proof, and those of the code beside it."""

    email: str
    link: dict[str, str]
    code: dict[str, str]


def mailed(stack: Stack, kind: Kind) -> Mailed:
    """Return the newest mail of this kind. Neither token nor code may appear in any output of a function."""
    items = [
        item
        for item in stack.challenge_items()
        if item["pk"]["S"].startswith(f"{kind.value}#") and item.get("email", {}).get("S")
    ]
    newest = max(items, key=lambda item: int(item["expires_at"]["N"]))
    challenge = challenge_from(newest)
    key = stack.keys.mac_keys[challenge.mac_key_id]
    token, code = proof_token.mint(challenge.proof, key), proof_token.code(challenge.proof, key)
    stack.secrets.keep(token, code)
    return Mailed(challenge.email, {"proof": token}, {"username": challenge.username, "code": code})


def deliveries(stack: Stack) -> list[str]:
    """Return the keys of the challenges whose mail is to be sent."""
    return [item["pk"]["S"] for item in stack.challenge_items() if "deliver" in item]
