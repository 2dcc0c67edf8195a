"""The strict verifier of access tokens. It needs public keys and an audience; no table, no secret, no network.

There is one issuer, and its protected header is constant per key. So the verifier looks up the header segment byte for
byte, before it parses anything. This excludes `alg: none`, algorithm confusion, kid injection, embedded or
remote keys, `crit`, `b64`, other token types and other spellings of the same header (RFC 8725 §3.1, §3.11, §3.12).

An ECDSA signature has two spellings, and both verify. So nothing may be looked up by the bytes of a token: use `jti` or
`sid`.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import NoReturn

from cryptography.exceptions import InvalidSignature

from edge_auth import base64url
from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import VerificationKey, verification_key
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from edge_auth.strict_json import STRICT_INTEGERS, NotStrictJson
from edge_auth.tokens.claims import (
    AUTHENTICATION_METHOD,
    CLIENT_ID,
    IDENTIFIER,
    LEVEL,
    ROLE,
    SCOPE,
    AccessClaims,
)
from edge_auth.tokens.own_claims import NO_CLAIMS, OwnClaims, own_claims

__all__ = ["Verifier", "keys_from_jwks"]

MAX_TOKEN_CHARACTERS = 2048  # our tokens stay under 1 KiB with ES256; API Gateway passes up to 10,240 bytes of headers

# The protected header that a token of this issuer has under any key. `kid`: RFC 7638 §3.1, SHA-256.
_OUR_HEADER = re.compile(rb'\{"alg":"(?:ES256|RS256|EdDSA)","kid":"([A-Za-z0-9_-]{43})","typ":"at\+jwt"\}')
_COMPACT_SEGMENTS = 3  # RFC 7515 §7.1
# A token with these alone, as most have, is not searched for operators' own claims.
_KNOWN = frozenset({*AccessClaims._fields, "nbf"})


class UnknownKey(InvalidToken):
    """The token has the issuer's form, but its key is unknown or has ended. `kid` is the id of that key."""

    def __init__(self, kid: str) -> None:
        """Keep the key's id."""
        super().__init__("unknown key")
        self.kid = kid


class Verifier:
    """Verifies access tokens for one audience with a fixed set of public keys."""

    def __init__(self, keys: Iterable[VerificationKey], *, audience: str) -> None:
        """Keep each key by the header segment of its tokens.

        Raises:
            ValueError: two keys with one `kid`.

        """
        self._keys: dict[str, VerificationKey] = {}
        for key in keys:
            if key.header_segment in self._keys:
                raise ValueError("two keys with one kid")
            self._keys[key.header_segment] = key
        self._audience = audience

    @property
    def has_keys(self) -> bool:
        """Whether there is any key. Without a key, nothing can be decided."""
        return bool(self._keys)

    def has_living_key(self, now_seconds: int) -> bool:
        """Whether any key has not ended. Without one, every token is refused."""
        return any(key.ends_at_seconds is None or now_seconds < key.ends_at_seconds for key in self._keys.values())

    def without(self, kids: Collection[str]) -> "Verifier":
        """Return a verifier with the other keys. To it, a key of these ids is an unknown one."""
        return Verifier((key for key in self._keys.values() if key.kid not in kids), audience=self._audience)

    def verify(self, token: str, *, issuer: str, now_seconds: int) -> AccessClaims:
        """Return the claims of a valid access token.

        Raises:
            UnknownKey: the InvalidToken for a token that other keys might verify.
            InvalidToken: anything else. The detail names the check that failed, never a part of the token.

        """
        if len(token) > MAX_TOKEN_CHARACTERS:
            _refuse("size")
        segments = token.split(".")
        if len(segments) != _COMPACT_SEGMENTS or not token.isascii():
            _refuse("shape")
        header, payload, signature = segments
        key = self._keys.get(header)
        if key is None:
            _refuse_header(header)
        if key.ends_at_seconds is not None and now_seconds >= key.ends_at_seconds:
            raise UnknownKey(key.kid)
        try:
            key.check(base64url.decode(signature), f"{header}.{payload}".encode("ascii"))
            claims = _parse(base64url.decode(payload))
        except InvalidSignature:
            _refuse("signature")
        except NotStrictJson as error:
            _refuse(str(error))
        except (ValueError, RecursionError):
            _refuse("encoding")
        return self._accept(claims, issuer, now_seconds)

    def _accept(self, claims: Mapping[str, object], issuer: str, now: int) -> AccessClaims:
        if claims.get("iss") != issuer:
            _refuse("iss")
        if claims.get("aud") != self._audience:
            _refuse("aud")
        iat, exp, auth_time = _seconds(claims, "iat"), _seconds(claims, "exp"), _seconds(claims, "auth_time")
        if now >= exp + EXPIRY_LEEWAY_SECONDS:
            _refuse("exp")
        if not 0 < exp - iat <= MAX_LIFETIME_SECONDS:
            _refuse("lifetime")
        if iat > now + ISSUED_AT_LEEWAY_SECONDS:
            _refuse("iat")
        if "nbf" in claims and _seconds(claims, "nbf") > now + ISSUED_AT_LEEWAY_SECONDS:
            _refuse("nbf")
        return AccessClaims(  # by position: to pass names would take as long as a check
            issuer,
            self._audience,
            _text(claims, "sub", IDENTIFIER),
            _text(claims, "client_id", CLIENT_ID),
            iat,
            exp,
            _text(claims, "jti", IDENTIFIER),
            _text(claims, "sid", IDENTIFIER),
            auth_time,
            _text(claims, "scope", SCOPE) if "scope" in claims else "",
            _texts(claims, "roles", ROLE) if "roles" in claims else (),
            _texts(claims, "amr", AUTHENTICATION_METHOD) if "amr" in claims else (),
            _text(claims, "acr", LEVEL) if "acr" in claims else "",
            NO_CLAIMS if _KNOWN.issuperset(claims) else _own_claims(claims),
        )


def keys_from_jwks(document: str) -> list[VerificationKey]:
    """Read a JWK Set (RFC 7517 §5). An empty text is a set without keys.

    Raises:
        ValueError: not a JWK Set, or a key that `verification_key` refuses.

    """
    if not document:
        return []
    try:
        key_set = json.loads(document)
    except RecursionError:
        raise ValueError("not a JWK Set") from None
    if not isinstance(key_set, dict) or not isinstance(key_set.get("keys"), list):
        raise ValueError("not a JWK Set")  # noqa: TRY004 - the text is wrong, not its type
    return [verification_key(jwk) for jwk in key_set["keys"]]


def _parse(payload: bytes) -> Mapping[str, object]:
    text = payload.decode("utf-8")
    claims, end = STRICT_INTEGERS.raw_decode(text)  # RFC 7519 §4: claim names are unique
    if end != len(text) or type(claims) is not dict:
        _refuse("claims")
    return claims


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        _refuse(name)
    return value


def _text(claims: Mapping[str, object], name: str, shape: re.Pattern[str]) -> str:
    value = claims.get(name)
    if type(value) is not str or not shape.fullmatch(value):
        _refuse(name)
    return value


def _texts(claims: Mapping[str, object], name: str, shape: re.Pattern[str]) -> tuple[str, ...]:
    values = claims.get(name)
    if type(values) is not list or not values:
        _refuse(name)
    for value in values:
        if type(value) is not str or not shape.fullmatch(value):
            _refuse(name)
    return tuple(values)


def _own_claims(claims: Mapping[str, object]) -> OwnClaims:
    try:
        return own_claims(claims)
    except ValueError:
        _refuse("own claims")


def _refuse_header(header: str) -> NoReturn:
    try:
        ours = _OUR_HEADER.fullmatch(base64url.decode(header))
    except ValueError:
        _refuse("header")
    if ours is None:
        _refuse("header")
    raise UnknownKey(ours[1].decode("ascii"))


def _refuse(check: str) -> NoReturn:
    raise InvalidToken(check)
