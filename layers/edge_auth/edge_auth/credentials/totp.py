"""One-time passwords by time: TOTP (RFC 6238) as authenticator apps have it. Pure.

A code is right in its own step of 30 seconds, in the one before and in the one after, because clocks differ and people
take time to type. A step is accepted once: whoever checks a code keeps the step that it returns.
"""

import hmac
from base64 import b32encode
from collections.abc import Callable
from urllib.parse import quote, urlencode

from edge_auth.factor_errors import InvalidOtp

# The values that every app supports. SHA-1 is safe here: HMAC does not need a hash without collisions (RFC 6194 §3.3).
DIGITS = 6
STEP_SECONDS = 30  # RFC 6238 §5.2
SKEW_STEPS = 1  # RFC 6238 §5.2 recommends one step at most for the way
SECRET_BYTES = 20  # RFC 4226 §4, R6
NEVER = -1  # the step of a secret whose codes were never used


def new_secret(entropy: Callable[[int], bytes]) -> bytes:
    """Draw a secret."""
    return entropy(SECRET_BYTES)


def code_of(secret: bytes, step: int) -> str:
    """Return the code of a step: RFC 4226 §5.3."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matched_step(text: str, secret: bytes, *, now_seconds: int, after_step: int) -> int:
    """Return the step whose code the text is. It is later than `after_step`, the last one that was accepted.

    Spaces in the text are ignored, because apps show them. All steps are compared, so the time tells nothing.

    Raises:
        InvalidOtp: it is no code, or the code of no step that may be used now.

    """
    typed = text.replace(" ", "")
    if len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        raise InvalidOtp("no code")
    now = now_seconds // STEP_SECONDS
    steps = range(now - SKEW_STEPS, now + SKEW_STEPS + 1)
    matched = [step for step in steps if hmac.compare_digest(code_of(secret, step), typed)]
    if not matched:
        raise InvalidOtp("wrong code")
    if matched[-1] <= after_step:
        raise InvalidOtp("used code")
    return matched[-1]


def secret_text(secret: bytes) -> str:
    """Return the secret as a person types it into an app: base32, without padding."""
    return b32encode(secret).decode("ascii").rstrip("=")


def app_uri(secret: bytes, *, service: str, account: str) -> str:
    """Return the address that a QR code shows to an app.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    label = f"{quote(service, safe='')}:{quote(account, safe='@')}"
    query = {
        "secret": secret_text(secret),
        "issuer": service,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_SECONDS,
    }
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"
