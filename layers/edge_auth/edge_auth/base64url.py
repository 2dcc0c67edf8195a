"""Base64url without padding (RFC 7515 §2), canonical only."""

from binascii import a2b_base64, b2a_base64

# The module `base64` uses such tables too, but its functions around them double the time.
_TO_URL = bytes.maketrans(b"+/", b"-_")
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/...")  # `+`, `/` and `=` become a stray character


def encode(data: bytes) -> str:
    """Encode without padding."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def decode(text: str) -> bytes:
    """Decode the one spelling that `encode` makes.

    Raises:
        ValueError: padding, another alphabet, stray characters, or unused bits that are not zero.

    """
    standard = text.encode("ascii").translate(_TO_STANDARD)
    data = a2b_base64(standard + b"=" * (-len(standard) % 4), strict_mode=True)
    # Python's decoder ignores unused bits. Only the last one or two bytes can have some, so those are encoded again.
    last = data[len(data) // 3 * 3 :]
    if not standard.endswith(b2a_base64(last, newline=False).rstrip(b"=")):
        raise ValueError("not canonical base64url")
    return data
