"""A passkey of a user, as it is stored. `webauthn` has the rules by which it is accepted."""

from typing import NamedTuple

MAX_PASSKEYS = 10  # of a user: a phone, a computer and some security keys; the user's item stays small


class RegisteredPasskey(NamedTuple):
    """A passkey with what its user sees of it. The first five fields are those of `webauthn.ceremonies.Passkey`.

    `name` is chosen by the user, and may be empty. `used_at_seconds` is 0 before the first use. `transports` are how
    the browser reaches the passkey, such as `internal` or `usb` (WebAuthn §5.8.4).
    """

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool
    name: str
    created_at_seconds: int
    used_at_seconds: int = 0
    transports: tuple[str, ...] = ()
