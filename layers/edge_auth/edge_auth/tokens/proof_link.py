"""The link that brings a proof to a page. The proof is in the fragment, which a browser sends to no server."""

from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind, Proof

# The page of each kind of proof, below PagesUrl.
PAGES = {
    Kind.RESET: "reset-password",
    Kind.CONFIRM: "confirm-address",
    Kind.UNDO: "undo-address",
}


def proof_link(pages_url: str, proof: Proof, key: MacKey) -> str:
    """Return the link of a proof of one of these kinds, under this MAC key. `pages_url` has no slash at the end.

    Raises:
        ValueError: the proof does not have the form that `proof_token.mint` writes.

    """
    return f"{pages_url}/{PAGES[proof.kind]}#{proof_token.mint(proof, key)}"
