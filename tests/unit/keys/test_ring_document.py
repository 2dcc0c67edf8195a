"""The key ring as the text in Secrets Manager."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edge_auth.keys.ring import KeyRing
from edge_auth.keys.ring_document import FORMAT, UnknownFormat, from_secret_json, to_secret_json
from tests.support.access_tokens import ALGORITHMS, NOW, key, raw_signature
from tests.support.rings import full_ring, secrets_of

KINDS = ["signing", "mac"]
TIMES = ["published_at", "signs_from", "ends_at"]

Document = dict[str, Any]


def damaged(damage: Callable[[Document], object], alg: str = "ES256") -> str:
    """Return the text of a ring with this damage."""
    document = json.loads(to_secret_json(full_ring(alg)))
    damage(document)
    return json.dumps(document)


def refused(text: str, ring: KeyRing | None = None) -> None:
    """Check that a text is refused as a ring, and that the error contains no part of it (K5)."""
    with pytest.raises(ValueError, match=r"^not a key ring$") as caught:
        from_secret_json(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    shown = repr(caught.value)
    assert "S3CRET" not in shown
    assert [secret for secret in secrets_of(ring or full_ring("ES256")) if secret in shown] == []


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_ring_comes_back_from_its_secret(alg: str) -> None:
    """Writing and reading keeps every key, every time and every final end."""
    ring = full_ring(alg)
    assert from_secret_json(to_secret_json(ring)) == ring


def test_a_ring_with_one_key_of_each_kind_comes_back() -> None:
    """An emergency leaves a ring like this until the next key is planned."""
    ring = full_ring("ES256")
    ring = replace(ring, signing=ring.signing[-1:], mac=ring.mac[-1:])
    assert from_secret_json(to_secret_json(ring)) == ring


def test_the_text_names_its_format() -> None:
    """A later release can read an older format, and an older release refuses a newer format."""
    assert json.loads(to_secret_json(full_ring("ES256")))["format"] == FORMAT == 2


def test_the_text_has_no_blanks() -> None:
    """A secret has 64 KiB at most."""
    assert " " not in to_secret_json(full_ring("RS256"))


@pytest.mark.parametrize("found", [1, 3, 99])
def test_a_ring_of_another_format_is_named_as_such(found: int) -> None:
    """After a release was taken back, the error says what is wrong, and nothing else of the text (K5)."""
    text = json.dumps({"format": found, "S3CRET": "S3CRET"})

    with pytest.raises(UnknownFormat, match=f"^a key ring of format {found}; this version reads 2$"):
        from_secret_json(text)


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
        '{"format":100,"S3CRET":1}',
        '{"format":-1}',
        '{"format":0}',
        '{"format":"2"}',
        '{"format":true}',
        '{"format":[]}',
        '{"format":2}',
        '{"format":2,"signing":"S3CRET"}',
        '{"format":2,"signing":[{"alg":"ES256"}],"S3CRET":1}',
        '{"format":2,"signing":["S3CRET"],"mac":["S3CRET"]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_secret_is_refused_without_quoting_it(text: str) -> None:
    """The error says that the text is no key ring, and quotes nothing of it (K5)."""
    refused(text)


def test_a_format_is_a_whole_number() -> None:
    """JSON has one kind of numbers, and Python compares them as equal."""
    refused(damaged(lambda document: document.update({"format": 2.0})))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keys", [None, {}, "S3CRET", [], [None], ["S3CRET"], [[]], [{}]])
def test_a_ring_without_keys_of_a_kind_is_refused(kind: str, keys: object) -> None:
    """A ring needs keys of both kinds."""
    refused(damaged(lambda document: document.update({kind: keys})))


@pytest.mark.parametrize("kind", KINDS)
def test_a_ring_without_one_of_its_kinds_is_refused(kind: str) -> None:
    """A ring needs keys of both kinds."""
    refused(damaged(lambda document: document.pop(kind)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("member", [*TIMES, "is_final"])
def test_a_key_without_one_of_its_times_is_refused(kind: str, member: str) -> None:
    """A key without an end would never end (K3)."""
    refused(damaged(lambda document: document[kind][1].pop(member)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("time", ["S3CRET", "1800000000", 1.5, True, [], {}])
@pytest.mark.parametrize("member", TIMES)
def test_a_time_that_is_none_is_refused(kind: str, member: str, time: object) -> None:
    """A time is an integer, in seconds since 1970."""
    refused(damaged(lambda document: document[kind][1].update({member: time})))


@pytest.mark.parametrize("member", ["published_at", "signs_from"])
def test_only_an_end_may_be_unknown(member: str) -> None:
    """Each key has a time of publication and a time from which it signs."""
    refused(damaged(lambda document: document["signing"][1].update({member: None})))
    ring = from_secret_json(damaged(lambda document: document["signing"][1].update({"ends_at": None})))
    assert ring.signing[1].ends_at_seconds is None


@pytest.mark.parametrize(
    "damage",
    [
        {"id": "+A=="},
        {"id": "AA"},
        {"id": "AAAAAAAA"},
        {"id": 5},
        {"id": None},
        {"secret": ""},
        {"secret": "S3CRET"},
        {"secret": "A" * 42},
        {"secret": "A" * 44},
        {"secret": None},
    ],
)
def test_a_damaged_mac_key_is_refused(damage: dict[str, object]) -> None:
    """A MAC key of another size would be weak, or would allow forgery (A3)."""

    def apply(document: Document) -> None:
        document["mac"][2].update(damage)

    refused(damaged(apply))


@pytest.mark.parametrize(
    ("alg", "member"),
    [
        ("ES256", "kty"),
        ("ES256", "crv"),
        ("ES256", "x"),
        ("ES256", "y"),
        ("RS256", "n"),
        ("RS256", "e"),
        ("EdDSA", "x"),
    ],
)
def test_a_signing_key_without_a_name_is_refused(alg: str, member: str) -> None:
    """Without these members a key has no thumbprint, so no token can name it (RFC 7638 §3.2)."""
    refused(damaged(lambda document: document["signing"][2]["jwk"].pop(member), alg), full_ring(alg))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_no_private_key_is_loaded_when_a_ring_is_read(alg: str) -> None:
    """Most private keys are never needed. A key is loaded before it signs, and a damaged key is refused then."""
    ring = from_secret_json(damaged(lambda document: document["signing"][0]["jwk"].update({"d": "?"}), alg))
    raw_signature(ring.at(NOW).signing.private_key, b"text")
    assert ring.at(NOW).signing == key(alg, "signing")


def unloadable(alg: str, member: str, damage: str | None) -> KeyRing:
    """Return a ring whose signing key has one member damaged. If `damage` is None, the member is absent."""

    def apply(document: Document) -> None:
        jwk = document["signing"][2]["jwk"]
        if damage is None:
            del jwk[member]
        else:
            jwk[member] = damage

    return from_secret_json(damaged(apply, alg))


@pytest.mark.parametrize(
    ("alg", "member"),
    [
        (alg, member)
        for alg in ALGORITHMS
        for member in key(alg).jwk
        if member not in {"kty", "crv", "x", "y", "n", "e"}
    ],
)
@pytest.mark.parametrize("damage", [None, "", "AA", "?", "A" * 44])
def test_a_key_that_cannot_sign_raises_when_it_is_loaded(alg: str, member: str, damage: str | None) -> None:
    """A key with a missing or wrong number raises an error, so it signs nothing that no verifier accepts (F14)."""
    ring = unloadable(alg, member, damage)
    with pytest.raises((ValueError, KeyError)):
        _ = ring.at(NOW).signing.private_key


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_halves_that_do_not_belong_together_are_refused_when_they_are_loaded(alg: str) -> None:
    """Such a key would sign under a kid with which verification fails (F14)."""
    ring = unloadable(alg, "d", key(alg, "foreign").jwk["d"])
    with pytest.raises(ValueError, match=r".*"):
        _ = ring.at(NOW).signing.private_key
