"""The MAC keys: of refresh tokens, session tokens, device tokens, proofs and challenges of passkeys."""

from dataclasses import dataclass, field

MAC_KEY_ID_BYTES = 5
MAC_KEY_BYTES = 32  # RFC 2104 §3: the size of the hash


@dataclass(frozen=True, slots=True)
class MacKey:
    """A MAC key. `key_id` is 5 bytes, public; `secret` is 32 bytes."""

    key_id: bytes
    secret: bytes = field(repr=False)
