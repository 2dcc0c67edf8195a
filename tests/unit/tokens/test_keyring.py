"""The key ring: one document with all keys of a deployment."""

import json
from dataclasses import replace

import pytest

from edge_auth.tokens import base64url
from edge_auth.tokens.jwk import PRIVATE_MEMBERS, verification_key
from edge_auth.tokens.keyring import KeyRing, SigningKey, from_secret_json, make_key_ring, to_secret_json
from edge_auth.tokens.refresh import MacKey
from tests.unit.access_tokens import ALGORITHMS, NOW, key


def full_ring(alg: str) -> KeyRing:
    """Return a ring with every place taken."""
    return KeyRing(
        signing=key(alg, "signing"),
        next=key(alg, "next"),
        retired=(key("ES256", "old"), key("EdDSA", "older")),
        mac=MacKey(b"mac-2", b"2" * 32),
        previous_mac=MacKey(b"mac-1", b"1" * 32),
    )


def secrets_of(ring: KeyRing) -> list[str]:
    """Return everything in a ring that must never be seen."""
    signing_keys = (ring.signing, ring.next, *ring.retired)
    private = [pair.jwk[name] for pair in signing_keys for name in PRIVATE_MEMBERS & pair.jwk.keys()]
    mac_keys = [mac.secret for mac in ring.mac_keys.values()]
    return [*private, *(base64url.encode(secret) for secret in mac_keys), *(secret.hex() for secret in mac_keys)]


def entropy(size: int) -> bytes:
    """Return bytes that tell for what they were drawn."""
    return bytes([size]) * size


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_ring_comes_back_from_its_secret(alg: str) -> None:
    """Writing and reading keeps every key."""
    ring = full_ring(alg)
    assert from_secret_json(to_secret_json(ring)) == ring


def test_a_ring_without_a_previous_mac_key_comes_back() -> None:
    """A new deployment's ring has empty places."""
    ring = replace(full_ring("ES256"), previous_mac=None, retired=())
    assert from_secret_json(to_secret_json(ring)) == ring


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_new_ring_has_two_signing_keys_and_one_mac_key(alg: str) -> None:
    """The next key is there from the beginning, so that it can be published before it signs (K3)."""
    ring = make_key_ring(alg, now_seconds=NOW, entropy=entropy)
    assert (ring.signing.alg, ring.next.alg) == (alg, alg)
    assert ring.signing.kid != ring.next.kid
    assert (ring.signing.created_at_seconds, ring.next.created_at_seconds) == (NOW, NOW)
    assert (ring.retired, ring.previous_mac) == ((), None)
    assert ring.mac == MacKey(b"\x05" * 5, b"\x20" * 32)


def test_a_new_ring_of_another_algorithm_is_refused() -> None:
    """There are three algorithms."""
    with pytest.raises(ValueError, match="unsupported"):
        make_key_ring("HS256", now_seconds=NOW, entropy=entropy)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_jwks_publishes_every_verifying_key_and_no_private_member(alg: str) -> None:
    """Signing, next and retired keys, with kid, alg and use, and nothing private (K1)."""
    ring = full_ring(alg)
    published = ring.jwks()["keys"]
    expected = [ring.signing.kid, ring.next.kid, *(pair.kid for pair in ring.retired)]
    assert [jwk["kid"] for jwk in published] == expected
    for jwk in published:
        assert not PRIVATE_MEMBERS & jwk.keys()
        assert jwk["use"] == "sig"
        assert verification_key(jwk).alg == jwk["alg"]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_published_documents_hold_no_secret(alg: str) -> None:
    """No private number and no MAC key is in the key set, in any spelling (K1, K5)."""
    ring = full_ring(alg)
    document = json.dumps(ring.jwks())
    assert [secret for secret in secrets_of(ring) if secret in document] == []


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_repr_hides_every_secret(alg: str) -> None:
    """A ring in a log line or a traceback gives nothing away (K5)."""
    ring = full_ring(alg)
    shown = repr(ring) + str(ring) + repr(ring.mac) + repr(ring.signing)
    assert [secret for secret in secrets_of(ring) if secret in shown] == []
    assert "2222" not in shown


def test_mac_keys_are_found_by_their_id() -> None:
    """The current and the previous one are accepted."""
    ring = full_ring("ES256")
    assert ring.mac_keys == {b"mac-2": ring.mac, b"mac-1": ring.previous_mac}
    assert replace(ring, previous_mac=None).mac_keys == {b"mac-2": ring.mac}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "S3CRET",
        "null",
        "[]",
        "5",
        '"S3CRET"',
        '{"S3CRET":',
        "{}",
        '{"format":2,"S3CRET":1}',
        '{"format":"1"}',
        '{"format":true}',
        '{"format":[]}',
        '{"format":1}',
        '{"format":1,"signing":"S3CRET"}',
        '{"format":1,"signing":{"alg":"ES256"},"S3CRET":1}',
    ],
)
def test_a_damaged_secret_is_refused_without_quoting_it(text: str) -> None:
    """The error says that it is no key ring, and holds nothing of what it is instead (K5)."""
    with pytest.raises(ValueError, match=r"^not a key ring$") as caught:
        from_secret_json(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("place", ["signing", "next", "retired", "mac", "previous_mac"])
def test_a_ring_without_one_of_its_places_is_refused(place: str) -> None:
    """Half a ring is no ring."""
    document = json.loads(to_secret_json(full_ring("ES256")))
    del document[place]
    with pytest.raises(ValueError, match=r"^not a key ring$"):
        from_secret_json(json.dumps(document))


@pytest.mark.parametrize(
    "damaged",
    [
        {"id": "+A==", "secret": "AA"},
        {"id": "AAAAAAA"},
        {"id": 5, "secret": "AA"},
        {"id": "AAAAAAA", "secret": ""},
        {"id": "AA", "secret": "A" * 43},
        "S3CRET",
    ],
)
def test_a_damaged_mac_key_is_refused(damaged: object) -> None:
    """A MAC key of another size would be a weak one, or one that forges (A3)."""
    document = json.loads(to_secret_json(full_ring("ES256")))
    document["mac"] = damaged
    with pytest.raises(ValueError, match=r"^not a key ring$"):
        from_secret_json(json.dumps(document))


def damaged_ring(alg: str, member: str, damage: str | None) -> str:
    """Return a ring whose signing key has one member damaged, or none."""
    document = json.loads(to_secret_json(full_ring(alg)))
    if damage is None:
        del document["signing"]["jwk"][member]
    else:
        document["signing"]["jwk"][member] = damage
    return json.dumps(document)


@pytest.mark.parametrize(
    ("alg", "member"),
    [(alg, member) for alg in ALGORITHMS for member in key(alg).jwk if (alg, member) != ("EdDSA", "x")],
)
def test_a_ring_that_cannot_sign_is_refused_when_it_is_read(alg: str, member: str) -> None:
    """And not after a session was written: whatever the signing key lacks (F14)."""
    with pytest.raises(ValueError, match=r"^not a key ring$"):
        from_secret_json(damaged_ring(alg, member, None))


@pytest.mark.parametrize(
    ("alg", "member"), [("ES256", "d"), ("ES256", "x"), ("ES256", "y"), ("RS256", "d"), ("EdDSA", "d")]
)
@pytest.mark.parametrize("damage", ["", "AA", "?", "A" * 44])
def test_a_ring_with_a_damaged_signing_key_is_refused_when_it_is_read(alg: str, member: str, damage: str) -> None:
    """And not after a session was written: numbers that are no key (F14)."""
    with pytest.raises(ValueError, match=r"^not a key ring$"):
        from_secret_json(damaged_ring(alg, member, damage))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signing_key_is_loaded_once(alg: str) -> None:
    """Building a private key costs; a ring keeps what it built."""
    pair = SigningKey(alg, NOW, key(alg).jwk)
    assert pair.private_key is pair.private_key
