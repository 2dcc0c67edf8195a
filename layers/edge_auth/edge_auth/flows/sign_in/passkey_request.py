"""What a browser needs to ask for a passkey: a challenge, and which passkeys are wanted."""

from edge_auth import base64url
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.keys.ring import KeysInForce
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.passkey_challenge import LIFETIME_SECONDS, Purpose

CREDENTIAL_TYPE = "public-key"  # WebAuthn §5.8.2


class PasskeyRequests:
    """Makes such requests. They cost no request to a table."""

    def __init__(self, rp_id: str, *, clock: Clock, entropy: Entropy) -> None:
        """Keep what every request needs."""
        self._rp_id = rp_id
        self._clock = clock
        self._entropy = entropy

    def options(self, keys: KeysInForce, passkeys: tuple[RegisteredPasskey, ...] = ()) -> dict[str, object]:
        """Return the options of a sign-in (WebAuthn §5.5), as `parseRequestOptionsFromJSON` takes them.

        Any of these passkeys may answer. Where none is named, the browser offers those that it has.
        """
        challenge = passkey_challenge.mint(
            Purpose.SIGN_IN, keys.mac, now_seconds=self._clock() // 1000, entropy=self._entropy
        )
        return {
            "challenge": challenge,
            "timeout": LIFETIME_SECONDS * 1000,
            "rpId": self._rp_id,
            "allowCredentials": [descriptor(passkey) for passkey in passkeys],
            "userVerification": "required",
        }


def descriptor(passkey: RegisteredPasskey) -> dict[str, object]:
    """Return how options name a passkey (WebAuthn §5.8.3)."""
    return {
        "type": CREDENTIAL_TYPE,
        "id": base64url.encode(passkey.credential_id),
        "transports": list(passkey.transports),
    }
