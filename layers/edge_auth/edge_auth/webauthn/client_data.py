"""Client data: what the browser says of a ceremony (WebAuthn §5.8.1). The authenticator signs its hash."""

from edge_auth.strict_json import NotStrictJson, json_object
from edge_auth.webauthn.refusal import NotVerified

CREATE, GET = "webauthn.create", "webauthn.get"


def check_client_data(data: bytes, *, kind: str, challenge: str, origins: frozenset[str]) -> None:
    """Check the client data of a ceremony. Members that the specification may add are ignored, as it asks.

    Raises:
        NotVerified: no strict JSON object, another kind or challenge, an origin that is not one of `origins` byte for
            byte, or a page in a frame of another site.

    """
    members = _members(data)
    if members.get("type") != kind:
        raise NotVerified("client data: type")
    if members.get("challenge") != challenge:
        raise NotVerified("client data: challenge")
    origin = members.get("origin")
    if not isinstance(origin, str) or origin not in origins:
        raise NotVerified("client data: origin")
    if members.get("crossOrigin", False) is not False or "topOrigin" in members:
        raise NotVerified("client data: frame")


def challenge_of(data: bytes) -> str:
    """Return the challenge that client data names. It is not known to be ours.

    Raises:
        NotVerified: no strict JSON object, or no text.

    """
    challenge = _members(data).get("challenge")
    if not isinstance(challenge, str):
        raise NotVerified("client data: challenge")
    return challenge


def _members(data: bytes) -> dict[str, object]:
    try:
        return json_object(data)
    except NotStrictJson as error:
        raise NotVerified(f"client data: {error}") from None
