"""The strict verifier: one test for each check. tests/security runs the hostile catalogue through the authorizer."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from edge_auth import base64url
from edge_auth.keys.jwk import verification_key
from edge_auth.tokens import access_token as access
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS, UnknownKey, Verifier
from tests.support.access_tokens import (
    ALGORITHMS,
    CLAIMS,
    ISSUER,
    NOW,
    assemble,
    key,
    other_spelling,
    payload,
    signed_token,
    to_json,
)
from tests.support.refusals import refused

KEY = key("ES256")
GOOD = access.issue(CLAIMS, KEY)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_good_token_is_accepted(verifier: Verifier, alg: str) -> None:
    """The verifier returns the issued claims."""
    assert verifier.verify(access.issue(CLAIMS, key(alg)), issuer=ISSUER, now_seconds=NOW) == CLAIMS


def test_optional_claims_may_be_absent(verifier: Verifier) -> None:
    """Without scope, roles or methods, none are granted."""
    bare = CLAIMS._replace(scope="", roles=(), amr=())
    assert verifier.verify(access.issue(bare, KEY), issuer=ISSUER, now_seconds=NOW) == bare


def test_own_claims_are_returned_with_their_types(verifier: Verifier) -> None:
    """RFC 7519 §4.3: operators' own claims come back as they were given."""
    own = CLAIMS._replace(own_claims={"acme:tenant": "7", "acme:level": 3, "acme:beta": True, "acme:teams": ("a", "b")})

    verified = verifier.verify(access.issue(own, KEY), issuer=ISSUER, now_seconds=NOW)

    assert verified == own
    assert [type(value) for value in verified.own_claims.values()] == [str, int, bool, tuple]


def test_an_own_claim_of_another_shape_is_refused(verifier: Verifier) -> None:
    """We issue none, so it is no token of ours. The detail names no claim, because the log has the detail."""
    for wrong in ({"acme:tenant": None}, {"acme:tenant": ["a b"]}, {"Acme:tenant": "7"}):
        assert refused(verifier, signed_token(payload(**wrong), signed_by=KEY)) == "own claims"
    good = signed_token(payload(**{"acme:tenant": "7"}), signed_by=KEY)
    assert verifier.verify(good, issuer=ISSUER, now_seconds=NOW).own_claims == {"acme:tenant": "7"}


def test_unknown_claims_are_ignored(verifier: Verifier) -> None:
    """RFC 7519 §4: unknown claims are ignored."""
    assert verifier.verify(signed_token(payload(x={"y": [1]}), signed_by=KEY), issuer=ISSUER, now_seconds=NOW) == CLAIMS


def test_a_token_under_an_unknown_key_names_the_key_and_not_in_the_detail(verifier: Verifier) -> None:
    """Whoever has the key's id can fetch newer keys. The log has the detail, and no text that a stranger has chosen."""
    with pytest.raises(UnknownKey) as caught:
        verifier.without([KEY.kid]).verify(GOOD, issuer=ISSUER, now_seconds=NOW)
    assert (caught.value.kid, caught.value.detail, str(caught.value)) == (KEY.kid, "unknown key", "unknown key")
    assert verifier.verify(GOOD, issuer=ISSUER, now_seconds=NOW) == CLAIMS


@pytest.mark.parametrize("size", [MAX_TOKEN_CHARACTERS + 1, 10_240, 1_000_000])
def test_too_long_a_token_is_refused_by_its_size(verifier: Verifier, size: int) -> None:
    """The size is the first check (Z16)."""
    assert refused(verifier, GOOD + "A" * (size - len(GOOD))) == "size"


def test_the_longest_token_is_still_read(verifier: Verifier) -> None:
    """A token of the maximum size passes the size check and fails another check."""
    assert refused(verifier, GOOD.ljust(MAX_TOKEN_CHARACTERS, "A")) in {"encoding", "signature"}


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "...",
        "a.b",
        "a.b.c.d",
        GOOD + ".",
        "." + GOOD,
        GOOD + "é",
        GOOD + "\ud800",
        GOOD.replace(".", "\uff0e"),
        GOOD.rsplit(".", 1)[0],
        '{"payload":"","signatures":[]}',
    ],
)
def test_anything_but_three_ascii_segments_is_refused_by_its_shape(verifier: Verifier, token: str) -> None:
    """Only compact serialization is accepted (Z2)."""
    assert refused(verifier, token) == "shape"


@pytest.mark.parametrize(
    ("token", "check"),
    [
        ("..", "header"),
        ("\n" + GOOD, "header"),
        (" " + GOOD, "header"),
        (GOOD.replace(".", " .", 1), "header"),
        (GOOD.replace(".", ". ", 1), "signature"),
        (GOOD.replace(".", ".\n", 1), "signature"),
        (GOOD.rsplit(".", 1)[0] + ".", "signature"),
        (GOOD + "=", "encoding"),
        (GOOD + "==", "encoding"),
        (GOOD + "\n", "encoding"),
        (GOOD + "\x00", "encoding"),
    ],
)
def test_a_segment_has_base64urls_characters_only(verifier: Verifier, token: str, check: str) -> None:
    """Each segment's own check refuses white space, padding and empty segments (Z2)."""
    assert refused(verifier, token) == check


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid},
        {"alg": "ES256", "kid": KEY.kid},
        {"alg": "none", "kid": KEY.kid, "typ": "at+jwt"},
        {"alg": "ES256", "kid": "other", "typ": "at+jwt"},
        {"alg": "ES256", "kid": KEY.kid, "typ": "application/at+jwt"},
        {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt", "x": 1},
    ],
)
def test_any_other_header_is_refused_unread(verifier: Verifier, header: dict[str, object]) -> None:
    """This includes signed headers, headers in another order, and a `typ` that RFC 9068 allows (Z3, T3)."""
    segment = base64url.encode(to_json(header))
    assert refused(verifier, signed_token(payload(), signed_by=KEY, header=segment)) == "header"


def test_one_keys_header_with_anothers_signature_is_refused(verifier: Verifier) -> None:
    """The header chooses the one key that is tried (Z1)."""
    own = verification_key(KEY.public_jwk()).header_segment
    assert refused(verifier, signed_token(payload(), signed_by=key("EdDSA"), header=own)) == "signature"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_foreign_keys_signature_is_refused(verifier: Verifier, alg: str) -> None:
    """The header is ours, and the signature is by another key (Z1)."""
    own = verification_key(key(alg).public_jwk()).header_segment
    forged = signed_token(payload(), signed_by=key(alg, "foreign"), header=own)
    assert refused(verifier, forged) == "signature"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_changed_payload_is_refused(verifier: Verifier, alg: str) -> None:
    """The signature covers the payload (Z1)."""
    header, _, signature = access.issue(CLAIMS, key(alg)).split(".")
    changed = base64url.encode(to_json(payload(sub="root")))
    assert refused(verifier, f"{header}.{changed}.{signature}") == "signature"


def test_a_der_signature_is_refused(verifier: Verifier) -> None:
    """JOSE uses raw R and S (T4)."""
    signed, _, signature = GOOD.rpartition(".")
    raw = base64url.decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    assert refused(verifier, f"{signed}.{base64url.encode(der)}") == "signature"


def test_the_other_spelling_of_an_es256_signature_is_accepted(verifier: Verifier) -> None:
    """This is by design: (r, n - s) is as valid as (r, s), so nothing uses a token's bytes as a key (DC-5)."""
    other = other_spelling(GOOD)
    assert other != GOOD
    assert verifier.verify(other, issuer=ISSUER, now_seconds=NOW) == CLAIMS


def test_a_segment_of_impossible_length_is_refused_by_its_encoding(verifier: Verifier) -> None:
    """A base64url text of length 4n + 1 does not exist, with or without a signature (Z2)."""
    header, body, signature = GOOD.split(".")
    body += "A" * (-len(body) % 4 + 1)
    signature += "A" * (-len(signature) % 4 + 1)
    assert refused(verifier, assemble(header, body, KEY.private_key)) == "encoding"
    assert refused(verifier, f"{header}.{GOOD.split('.')[1]}.{signature}") == "encoding"


def test_unused_bits_in_the_signature_are_refused(verifier: Verifier) -> None:
    """86 characters hold 516 bits, and the last four bits must be zero (Z2)."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(GOOD[-1])
    assert last % 16 == 0
    for bits in range(1, 16):
        assert refused(verifier, GOOD[:-1] + alphabet[last + bits]) == "encoding"


@pytest.mark.parametrize(
    "text",
    [
        to_json(payload()).decode().encode("utf-16"),
        to_json(payload()).decode().encode("utf-16-le"),
        to_json(payload()).decode().encode("utf-32"),
        b"\xef\xbb\xbf" + to_json(payload()),
        to_json(payload()) + b"\xff",
        b"\xff",
        b"not json",
        to_json(payload())[:-1],
        to_json(payload()).replace(b'"', b"'"),
        b"[" * 1200,
    ],
)
def test_payloads_that_are_no_utf_8_json_are_refused(verifier: Verifier, text: bytes) -> None:
    """UTF-16, UTF-32, a byte order mark, random bytes and deep nesting are refused, although signed (Z5)."""
    assert refused(verifier, signed_token(text, signed_by=KEY)) == "encoding"


@pytest.mark.parametrize(
    "text",
    [b"null", b"true", b"5", b'"a"', b"[]", b'[{"iss":1}]', to_json(payload()) + b"{}", to_json(payload()) + b"\n"],
)
def test_payloads_that_are_not_one_object_are_refused(verifier: Verifier, text: bytes) -> None:
    """The claims are one JSON object (RFC 7519 §7.2), and no text follows it."""
    assert refused(verifier, signed_token(text, signed_by=KEY)) == "claims"


@pytest.mark.parametrize("name", list(CLAIMS.payload()))
def test_a_claim_that_comes_twice_is_refused(verifier: Verifier, name: str) -> None:
    """A repeated claim is refused even with the same value (RFC 7519 §4)."""
    good = to_json(payload())
    twice = good[:-1] + b"," + to_json({name: CLAIMS.payload()[name]})[1:]
    assert refused(verifier, signed_token(twice, signed_by=KEY)) == "duplicate member"


def test_an_escaped_duplicate_is_a_duplicate(verifier: Verifier) -> None:
    r"""`\u0073ub` is `sub`."""
    twice = to_json(payload())[:-1] + b',"\\u0073ub":"root"}'
    assert refused(verifier, signed_token(twice, signed_by=KEY)) == "duplicate member"


@pytest.mark.parametrize("number", [b"1.0", b"1e3", b"NaN", b"Infinity", b"-Infinity", b"-1.5"])
def test_numbers_that_are_not_whole_are_refused_wherever_they_stand(verifier: Verifier, number: bytes) -> None:
    """Our tokens have only whole numbers (T2)."""
    text = to_json(payload())[:-1] + b',"x":[' + number + b"]}"
    assert refused(verifier, signed_token(text, signed_by=KEY)) == "number"


def test_the_signature_is_checked_before_the_claims(verifier: Verifier) -> None:
    """The payload is not parsed before the signature is checked (Z1)."""
    own = verification_key(KEY.public_jwk()).header_segment
    body = base64url.encode(b"not json")
    assert refused(verifier, assemble(own, body, key("ES256", "foreign").private_key)) == "signature"


def test_the_refusal_quotes_nothing_of_the_token(verifier: Verifier) -> None:
    """The detail names only the failed check (Z15)."""
    details = {
        refused(verifier, signed_token(payload(sub="<script>"), signed_by=KEY)),
        refused(verifier, "<script>.<script>"),
        refused(verifier, "<script>.<script>.<script>"),
    }
    assert details == {"sub", "shape", "header"}
