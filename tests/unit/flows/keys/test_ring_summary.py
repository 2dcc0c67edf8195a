"""What operators see of the key ring: ids, states, times; and the public keys with which an authorizer is deployed."""

import json
from dataclasses import replace

import pytest

from edge_auth import base64url
from edge_auth.flows.keys.ring_summary import (
    MAX_DEPLOYED_JWKS_CHARACTERS,
    deployed_jwks,
    signing_key_age_seconds,
    summary,
)
from edge_auth.flows.ports.key_ring import StoredRing
from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.rotation import RotationPolicy, earliest_end, first_ring, replace_all, rotate
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.verifier import keys_from_jwks
from tests.support.access_tokens import ALGORITHMS, NOW, key
from tests.support.rings import DAY, cheap_keys, full_ring, secrets_of

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)


def states(ring: KeyRing, now_seconds: int) -> tuple[list[object], list[object]]:
    """Return the states of the signing and of the MAC keys."""
    shown = summary(StoredRing(ring, "v"), now_seconds)
    signing, mac = shown["signing"], shown["mac"]
    assert isinstance(signing, list)
    assert isinstance(mac, list)
    return [entry["state"] for entry in signing], [entry["state"] for entry in mac]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_each_key_is_shown_with_its_state_and_its_times(alg: str) -> None:
    """Keys are in the order in which they were made, and ended keys are absent."""
    shown = summary(StoredRing(full_ring(alg), "version-7"), NOW)
    assert (shown["version"], shown["now"]) == ("version-7", NOW)
    assert shown["signing"] == [
        {
            "kid": key("ES256", "old").kid,
            "alg": "ES256",
            "state": "verifying",
            "published_at": NOW - 60 * DAY,
            "signs_from": NOW - 50 * DAY,
            "ends_at": NOW + 60,
        },
        {
            "kid": key(alg, "signing").kid,
            "alg": alg,
            "state": "signing",
            "published_at": NOW - 30 * DAY,
            "signs_from": NOW - 20 * DAY,
            "ends_at": NOW + 20 * DAY,
        },
        {
            "kid": key(alg, "next").kid,
            "alg": alg,
            "state": "next",
            "published_at": NOW - 20 * DAY,
            "signs_from": NOW + 10 * DAY,
            "ends_at": None,
        },
    ]
    mac = shown["mac"]
    assert isinstance(mac, list)
    assert [entry["id"] for entry in mac] == [base64url.encode(key_id) for key_id in (b"mac-1", b"mac-2", b"mac-3")]
    assert [entry["state"] for entry in mac] == ["verifying", "signing", "next"]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_secret_is_shown(alg: str) -> None:
    """The summary is printed and logged, so it shows no secret in any spelling (K5)."""
    ring = full_ring(alg)
    shown = json.dumps(summary(StoredRing(ring, "v"), NOW)) + deployed_jwks(ring, NOW, POLICY)
    assert [secret for secret in secrets_of(ring) if secret in shown] == []


def test_states_follow_the_clock() -> None:
    """One ring shows new states as time passes, without a write."""
    ring = first_ring(now_seconds=NOW, policy=POLICY, make=cheap_keys())
    assert states(ring, NOW) == (["signing", "next"], ["signing", "next"])
    assert states(ring, NOW + 30 * DAY) == (["verifying", "signing"], ["verifying", "signing"])
    assert states(ring, NOW + 100 * DAY) == (["signing"], ["signing"])


def test_after_an_emergency_the_old_keys_are_shown_until_they_end() -> None:
    """The last old key signs until the new key takes over."""
    make = cheap_keys()
    ring = first_ring(now_seconds=NOW, policy=POLICY, make=make)
    ring = replace_all(ring, now_seconds=NOW + DAY, policy=POLICY, make=make)
    at = ring.signing[-1].signs_from_seconds
    assert states(ring, at - 1)[0] == ["signing", "next"]
    assert states(ring, at)[0] == ["signing"]


def long_ring(alg: str, count: int) -> KeyRing:
    """Return a ring with this number of verifying keys, one signing key and the next key."""
    old = tuple(TimedKey(key(alg, f"old {n}"), NOW - 90 * DAY + n, NOW - 80 * DAY + n, NOW + DAY) for n in range(count))
    ring = full_ring(alg)
    return replace(ring, signing=(*old, *ring.signing[2:]))


def deployed_kids(ring: KeyRing) -> list[str]:
    """Return the ids of the keys with which an authorizer is deployed, as the authorizer reads them."""
    return [read.kid for read in keys_from_jwks(deployed_jwks(ring, NOW, POLICY))]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_an_authorizer_is_deployed_with_every_key_that_is_accepted(alg: str) -> None:
    """Each key has its end, so the authorizer forgets it in time, and only public members (K1, K3)."""
    ring = full_ring(alg)
    keys = json.loads(deployed_jwks(ring, NOW, POLICY))["keys"]
    assert keys == [{"exp": earliest_end(NOW, POLICY), **jwk} for jwk in ring.at(NOW).jwks()["keys"]]
    assert deployed_kids(ring) == [key(alg, "signing").kid, key(alg, "next").kid, key("ES256", "old").kid]


def test_no_deployed_key_is_trusted_for_longer_than_it_may_live() -> None:
    """K3: this includes the newest key without a planned end, at any time at which operators rotate."""
    make = cheap_keys()
    ring = first_ring(now_seconds=NOW, policy=POLICY, make=make)
    deployed = {key["kid"]: key["exp"] for key in json.loads(deployed_jwks(ring, NOW, POLICY))["keys"]}
    for hour in range(24 * 90):
        now = NOW + hour * 3600
        ring = rotate(ring, now_seconds=now, policy=POLICY, make=make)
        for timed in ring.signing:
            end = timed.ends_at_seconds
            assert end is None or deployed.get(timed.key.kid, 0) <= end
    assert max(deployed.values()) < NOW + 31 * DAY


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_only_old_keys_are_left_out_for_size(alg: str) -> None:
    """Lambda's environment is small: the signing key and the next key always fit, then come the newest old keys."""
    count = 5 if alg == "RS256" else 20  # RSA keys are large
    ring = long_ring(alg, count)
    text = deployed_jwks(ring, NOW, POLICY)
    kids = deployed_kids(ring)
    assert MAX_DEPLOYED_JWKS_CHARACTERS - 1000 < len(text) <= MAX_DEPLOYED_JWKS_CHARACTERS
    assert kids == [timed.key.kid for timed in ring.at(NOW).verifying][: len(kids)]
    assert 2 <= len(kids) < count + 2


def test_keys_that_just_fit_are_all_deployed() -> None:
    """A ring of exactly the keys that fit is deployed completely."""
    ring = long_ring("EdDSA", 20)
    count = len(deployed_kids(ring))
    whole = replace(ring, signing=ring.signing[-count:])
    assert deployed_jwks(whole, NOW, POLICY) == deployed_jwks(ring, NOW, POLICY)
    assert SigningKey("EdDSA", key("EdDSA", "next").jwk).kid in deployed_kids(whole)


def test_the_age_of_the_keys_counts_from_when_the_present_one_began_to_sign() -> None:
    """A change of the key starts it anew; the time for which a key was only published does not count."""
    ring = first_ring(now_seconds=NOW, policy=POLICY, make=cheap_keys())

    ages = [signing_key_age_seconds(ring, NOW + seconds) for seconds in (0, 30 * DAY - 1, 30 * DAY, 30 * DAY + 60)]

    assert ages == [0, 30 * DAY - 1, 0, 60]


def test_an_environment_has_so_many_characters_of_keys_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest keys go first, and none goes that fits."""
    ring = full_ring("ES256")
    whole = deployed_jwks(ring, NOW, POLICY)

    monkeypatch.setattr("edge_auth.flows.keys.ring_summary.MAX_DEPLOYED_JWKS_CHARACTERS", len(whole))
    assert deployed_jwks(ring, NOW, POLICY) == whole
    monkeypatch.setattr("edge_auth.flows.keys.ring_summary.MAX_DEPLOYED_JWKS_CHARACTERS", len(whole) - 1)
    assert json.loads(deployed_jwks(ring, NOW, POLICY))["keys"] == json.loads(whole)["keys"][:-1]
