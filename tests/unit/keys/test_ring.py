"""The key ring: which key signs, which keys are accepted at a time, and what of them is visible."""

import json
from dataclasses import replace

import pytest

from edge_auth.keys.jwk import PRIVATE_MEMBERS, verification_key
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeyRing, KeysInForce, TimedKey, key_that_signs
from edge_auth.keys.signing_key import SigningKey
from tests.support.access_tokens import ALGORITHMS, NOW, key, raw_signature
from tests.support.rings import DAY, full_ring, secrets_of


def kids(keys: KeysInForce) -> list[str]:
    """Return the ids of all keys under which access tokens are accepted."""
    return [timed.key.kid for timed in keys.verifying]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_newest_key_whose_time_has_come_signs(alg: str) -> None:
    """The clock decides, to the second: readers with copies of any age change keys at the same time (K3, F15)."""
    ring = full_ring(alg)
    change = NOW + 10 * DAY
    before, after = ring.at(change - 1), ring.at(change)
    assert (before.signing, before.mac.key_id) == (key(alg, "signing"), b"mac-2")
    assert (after.signing, after.mac.key_id) == (key(alg, "next"), b"mac-3")


def test_every_key_that_has_not_ended_is_accepted() -> None:
    """The signing key comes first, then the others with the newest first (F15, F16)."""
    keys = full_ring("ES256").at(NOW)
    assert kids(keys) == [key("ES256", name).kid for name in ("signing", "next", "old")]
    assert {key_id: mac.key_id for key_id, mac in keys.mac_keys.items()} == {
        key_id: key_id for key_id in (b"mac-1", b"mac-2", b"mac-3")
    }


def test_nothing_is_accepted_under_a_key_from_its_end_on() -> None:
    """The clock decides, to the second, and no new ring is needed (K3)."""
    ring = full_ring("ES256")
    old, end = key("ES256", "old").kid, NOW + 60
    assert old in kids(ring.at(end - 1))
    assert old not in kids(ring.at(end))
    assert b"mac-1" in ring.at(end - 1).mac_keys
    assert b"mac-1" not in ring.at(end).mac_keys


def test_a_key_that_ended_never_signs() -> None:
    """An ended key does not sign, even if the next key does not sign yet."""
    ended = TimedKey("ended", NOW - 9, NOW - 9, NOW)
    coming = TimedKey("coming", NOW - 9, NOW + 9)
    assert key_that_signs([ended, coming], NOW - 1) is ended
    assert key_that_signs([ended, coming], NOW) is coming


def test_of_two_keys_that_begin_at_once_the_newer_one_signs() -> None:
    """All readers decide in the same way."""
    older, newer = TimedKey("older", NOW, NOW), TimedKey("newer", NOW, NOW)
    assert key_that_signs([older, newer], NOW) is newer


def test_a_clock_that_lags_behind_the_first_ring_signs_with_its_first_key() -> None:
    """Otherwise a machine whose clock is some seconds behind would have no key (F23)."""
    first, second = TimedKey("first", NOW, NOW), TimedKey("second", NOW, NOW + DAY)
    assert key_that_signs([first, second], NOW - 30) is first


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_jwks_publishes_every_verifying_key_and_no_private_member(alg: str) -> None:
    """The signing key, the next key and the key before are there with kid, alg and use, and without secrets (K1)."""
    published = full_ring(alg).at(NOW).jwks()["keys"]
    expected = [key(alg, "signing"), key(alg, "next"), key("ES256", "old")]
    assert [(jwk["kid"], jwk["alg"]) for jwk in published] == [(pair.kid, pair.alg) for pair in expected]
    for jwk in published:
        assert not PRIVATE_MEMBERS & jwk.keys()
        assert jwk["use"] == "sig"
        assert verification_key(jwk).alg == jwk["alg"]


def test_jwks_tells_when_each_key_ends_where_that_is_known() -> None:
    """A verifier that keeps the set forgets a key in time (K3)."""
    published = full_ring("ES256").at(NOW).jwks()["keys"]
    assert [jwk.get("exp") for jwk in published] == [NOW + 20 * DAY, None, NOW + 60]
    assert "exp" not in published[1]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_published_documents_hold_no_secret(alg: str) -> None:
    """The key set has no private number and no MAC key, in any spelling (K1, K5)."""
    ring = full_ring(alg)
    document = json.dumps(ring.at(NOW).jwks())
    assert [secret for secret in secrets_of(ring) if secret in document] == []


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_repr_hides_every_secret(alg: str) -> None:
    """A ring in a log line or a traceback shows no secret (K5)."""
    ring = full_ring(alg)
    keys = ring.at(NOW)
    for pair in ring.signing:
        assert pair.key.kid  # computed values are kept in the object, and must not show either
    assert keys.signing.private_key is keys.signing.private_key
    shown = repr(ring) + str(ring) + repr(keys) + str(keys) + repr(keys.mac) + repr(keys.signing) + repr(ring.mac[0])
    assert [secret for secret in secrets_of(ring) if secret in shown] == []
    assert "2222" not in shown


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signing_key_is_loaded_once(alg: str) -> None:
    """Building a private key is slow, so a ring keeps each key that it built."""
    pair = SigningKey(alg, key(alg).jwk)
    ring = KeyRing((TimedKey(pair, NOW, NOW),), (TimedKey(MacKey(b"mac-1", b"1" * 32), NOW, NOW),))
    assert ring.at(NOW).signing.private_key is ring.at(NOW + DAY).signing.private_key


def test_a_moment_loads_no_private_key() -> None:
    """Only the signing key is loaded, so a damaged old key does not affect the others."""
    damaged = SigningKey("ES256", {**key("ES256").jwk, "d": "?"})
    ring = full_ring("ES256")
    ring = replace(ring, signing=(replace(ring.signing[1], key=damaged), *ring.signing[2:]))
    assert damaged.kid in kids(ring.at(NOW))
    raw_signature(ring.at(NOW).signing.private_key, b"text")
