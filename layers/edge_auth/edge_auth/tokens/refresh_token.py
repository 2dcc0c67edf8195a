"""Refresh tokens, and session tokens: opaque to clients, checked by their MAC before any call is made.

`token_form` has their form. A session token is a refresh token of another kind: it stands in the cookie of a site whose
pages a server makes, and no refresh takes it.

The seed is drawn once per session, and the table holds only its SHA-256. So no token can be made from a leaked table,
or from a leaked MAC key. The token of any generation is derived (same seed, that generation). So a retry gets the same
token as the others, and no secret is stored for it. RFC 9700 §4.14.2 allows a token that carries its grant if its
integrity is protected.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from edge_auth import base64url
from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens import token_form
from edge_auth.tokens.token_form import ID_BYTES, MAX_GENERATION, REFRESH, Kind


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """An authentic token of either kind. `user_id` and `session_id` are 16 bytes each, in base64url (`new_id`)."""

    user_id: str
    session_id: str
    generation: int
    seed: bytes = field(repr=False)

    @property
    def seed_hash(self) -> bytes:
        """SHA-256 of the seed. The table holds it instead of the token."""
        return hashlib.sha256(self.seed).digest()

    @property
    def base(self) -> int:
        """The generation that is redeemed by presenting this token: its own."""
        return self.generation

    def of_generation(self, generation: int) -> "RefreshToken":
        """Return the token of another generation of the same session."""
        return replace(self, generation=generation)


def new_id(entropy: Callable[[int], bytes]) -> str:
    """Draw the id of a user or a session: 22 characters, which keeps every access token small."""
    return base64url.encode(entropy(ID_BYTES))


def is_id(text: str) -> bool:
    """Whether a text has the form that `new_id` draws."""
    try:
        return len(base64url.decode(text)) == ID_BYTES
    except ValueError:
        return False


def mint(token: RefreshToken, key: MacKey, kind: Kind = REFRESH) -> str:
    """Write the token as the client gets it, under this MAC key.

    Raises:
        ValueError: an id does not have the form of `new_id`.

    """
    body = token_form.body_of(kind, key.key_id, token.user_id, token.session_id, token.generation, token.seed)
    return token_form.written(kind, body, _mac(key, body))


def parse(text: str, keys: Mapping[bytes, MacKey], kind: Kind = REFRESH) -> RefreshToken:
    """Read an authentic token. `keys` are the MAC keys by their id.

    Raises:
        InvalidGrant: malformed, of another kind or version, under an unknown key, forged, or of the last generation.

    """
    try:
        form = token_form.read(text, kind)
    except ValueError as error:
        raise InvalidGrant(str(error)) from None
    key = keys.get(form.key_id)
    if key is None:
        raise InvalidGrant("unknown MAC key")
    if not hmac.compare_digest(form.mac, _mac(key, form.body)):
        raise InvalidGrant("MAC")
    if form.generation == MAX_GENERATION:
        raise InvalidGrant("last generation")
    return RefreshToken(form.user_id, form.session_id, form.generation, form.seed)


def _mac(key: MacKey, body: bytes) -> bytes:
    return hmac.digest(key.secret, body, "sha256")
