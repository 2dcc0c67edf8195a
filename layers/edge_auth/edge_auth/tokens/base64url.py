"""Base64url without padding (RFC 7515 §2), canonical only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


def encode(data: bytes) -> str:
    """Encode without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Decode the one spelling that `encode` makes.

    Raises:
        ValueError: padding, another alphabet, stray characters, or unused bits that are not zero.

    """
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # Python's decoder skips what it does not know; encoding again is the whole check.
    if encode(data) != text:
        raise ValueError("not canonical base64url")
    return data
