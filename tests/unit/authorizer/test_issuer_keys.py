"""Keys that the authorizer learns: when it asks the issuer, what it accepts, and what it refuses."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event, Semaphore, Thread

import pytest

from edge_auth import base64url
from edge_auth.authorizer import issuer_keys
from edge_auth.authorizer.issuer_keys import IssuerKeys
from edge_auth.errors import InvalidToken, TemporarilyUnavailable
from edge_auth.keys.jwk import header_segment, verification_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import (
    FETCH_TIMEOUT_SECONDS,
    JWKS_MAX_AGE_SECONDS,
    REPLACE_SECONDS,
    RING_AGE_SECONDS,
    UNKNOWN_KEY_FETCH_SECONDS,
    UNKNOWN_KID_SECONDS,
)
from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import UnknownKey, Verifier
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, ISSUER, NOW, claims_at, key, signed_token
from tests.support.sample_events import ISSUER as API_ISSUER
from tests.support.sample_events import authorizer_event

OLD, NEW = key("ES256"), key("ES256", "new")


def published(*keys: SigningKey, ends_at_seconds: int | None = None) -> str:
    """Return a key set as text."""
    end = {} if ends_at_seconds is None else {"exp": ends_at_seconds}
    return json.dumps({"keys": [{**pair.public_jwk(), **end} for pair in keys]})


@dataclass
class Issuer:
    """An issuer that answers at once and counts the requests."""

    answer: str | Exception = field(default_factory=lambda: published(OLD))
    asked: list[str] = field(default_factory=list)

    def download(self, address: str) -> str:
        """Return the answer, or raise it."""
        self.asked.append(address)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Door:
    """An authorizer with one deployed key, at a time that the test sets."""

    def __init__(self, download: Callable[[str], str], *, ends_at_seconds: int | None = None) -> None:
        """Begin at NOW."""
        deployed = Verifier(
            [verification_key(OLD.public_jwk())._replace(ends_at_seconds=ends_at_seconds)], audience=AUDIENCE
        )
        self.keys = IssuerKeys(deployed, audience=AUDIENCE, download=download)
        self.now = NOW

    def claims(self, token: str, *, issuer: str = ISSUER, may_ask: bool = True) -> AccessClaims:
        """Return the claims of a token."""
        return self.keys.verify(token, issuer=issuer, may_ask=lambda: may_ask, now_seconds=self.now)

    def takes(self, token: str, *, issuer: str = ISSUER, may_ask: bool = True) -> bool:
        """Return whether a token is accepted."""
        try:
            self.claims(token, issuer=issuer, may_ask=may_ask)
        except InvalidToken:
            return False
        return True

    def signed(self, pair: SigningKey, *, issuer: str = ISSUER) -> str:
        """Return a token that is issued now."""
        return access.issue(claims_at(self.now)._replace(iss=issuer), pair)


@pytest.fixture
def issuer() -> Issuer:
    """Return an issuer that publishes only the old key."""
    return Issuer()


@pytest.fixture
def door(issuer: Issuer) -> Door:
    """Return an authorizer that asks this issuer."""
    return Door(issuer.download)


def forged(serial: object, alg: str = "ES256") -> str:
    """Return a token of our form under an unknown key id."""
    kid = base64url.encode(sha256(str(serial).encode()).digest())
    return f"{header_segment(alg, kid)}.e30.AAAA"


# When the issuer is asked


def test_a_known_key_causes_no_fetch(door: Door, issuer: Issuer) -> None:
    """For hours, good, forged, expired and malformed tokens under a known key cause no fetch (Z13)."""
    header, payload, _ = door.signed(OLD).split(".")
    for _ in range(100):
        assert door.takes(door.signed(OLD))
        stranger = signed_token(claims_at(door.now).payload(), signed_by=NEW, header=header)
        expired = access.issue(claims_at(door.now - 1000), OLD)
        for token in (stranger, expired, f"{header}.{payload}.AAAA", f"{header}.e30.AAAA", "a.b.c", "", "x" * 3000):
            assert not door.takes(token)
        door.now += 90
    assert issuer.asked == []


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_new_key_is_learned_with_the_first_token_under_it(door: Door, issuer: Issuer, alg: str) -> None:
    """K3: the authorizer asks the issuer's address once, and accepts this token and the next at once."""
    issuer.answer = published(OLD, key(alg, "new"))

    assert door.claims(door.signed(key(alg, "new"))) == claims_at(NOW)
    assert door.takes(door.signed(key(alg, "new")))
    assert door.takes(door.signed(OLD))
    assert issuer.asked == [f"{ISSUER}/.well-known/jwks.json"]


def test_ten_thousand_forged_key_ids_cause_one_fetch_a_minute(door: Door, issuer: Issuer) -> None:
    """Z13: ten thousand different key ids in five minutes, and tokens of the old key are accepted all the time."""
    for serial in range(10_000):
        door.now = NOW + serial * 300 // 10_000
        assert not door.takes(forged(serial))
        if serial % 1000 == 0:
            assert door.takes(door.signed(OLD))
    assert len(issuer.asked) == 5


@pytest.mark.parametrize("begins_after_seconds", range(60, 120, 7))
def test_a_flood_of_forged_key_ids_keeps_a_new_key_out_for_a_minute_at_most(
    door: Door, issuer: Issuer, begins_after_seconds: int
) -> None:
    """Z13: this holds for any time at which the key appears, although forged tokens caused every fetch."""
    taken_after = None
    for serial in range(10_000):
        door.now = NOW + serial * 240 // 10_000
        assert not door.takes(forged(serial))
        since = door.now - NOW - begins_after_seconds
        if since >= 0 and taken_after is None:
            issuer.answer = published(OLD, NEW)
            taken_after = since if door.takes(door.signed(NEW)) else None
    assert taken_after is not None
    assert taken_after <= UNKNOWN_KEY_FETCH_SECONDS
    assert len(issuer.asked) == 4


def test_one_forged_key_id_is_asked_for_once_in_its_time(door: Door, issuer: Issuer) -> None:
    """An unknown key id is cached: a token that comes every second causes one fetch in two minutes."""
    for second in range(UNKNOWN_KID_SECONDS * 3):
        door.now = NOW + second
        assert not door.takes(forged("one"))
    assert len(issuer.asked) == 3


def test_a_key_id_that_is_not_known_yet_hinders_no_other(door: Door, issuer: Issuer) -> None:
    """The cache is per key id: a fetch for another key one minute later also brings the first key."""
    assert not door.takes(door.signed(NEW))
    issuer.answer = published(OLD, NEW, key("EdDSA"))
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert not door.takes(door.signed(NEW))
    assert len(issuer.asked) == 1
    assert door.takes(door.signed(key("EdDSA")))
    assert door.takes(door.signed(NEW))
    assert len(issuer.asked) == 2


def test_a_fetch_that_came_too_early_delays_no_replacement_of_all_keys() -> None:
    """K3: a copy of the ring, a cached key set and the negative cache all end before the new key signs."""
    assert RING_AGE_SECONDS + JWKS_MAX_AGE_SECONDS + UNKNOWN_KID_SECONDS <= REPLACE_SECONDS


def test_what_is_remembered_of_forged_key_ids_stays_small(door: Door) -> None:
    """Old entries are forgotten, so a day of forged tokens leaves one entry a minute."""
    for serial in range(86_400 // 20):
        door.now = NOW + serial * 20
        door.takes(forged(serial))
        assert len(door.keys._unknown_since) <= UNKNOWN_KID_SECONDS // UNKNOWN_KEY_FETCH_SECONDS + 1


@pytest.mark.parametrize(
    "failure", [OSError("no route"), ValueError("not a key set"), TimeoutError(), RecursionError()]
)
def test_a_fetch_that_failed_says_nothing_about_a_key(door: Door, issuer: Issuer, failure: Exception) -> None:
    """A failed fetch is not cached: the same token is accepted one minute later, when the issuer is back."""
    issuer.answer = failure
    assert not door.takes(door.signed(NEW))
    issuer.answer = published(NEW)
    door.now += UNKNOWN_KEY_FETCH_SECONDS - 1
    assert not door.takes(door.signed(NEW))
    door.now += 1
    assert door.takes(door.signed(NEW))
    assert len(issuer.asked) == 2


def test_an_outage_of_the_issuer_costs_one_fetch_a_minute(door: Door, issuer: Issuer) -> None:
    """During the outage, tokens of known keys are accepted."""
    issuer.answer = OSError()
    for second in range(600):
        door.now = NOW + second
        assert not door.takes(door.signed(NEW))
        assert door.takes(door.signed(OLD))
    assert len(issuer.asked) == 10


@pytest.mark.parametrize("back", [1, 59, 3600, 10_000_000])
def test_a_clock_that_was_set_back_keeps_no_key_out(door: Door, issuer: Issuer, back: int) -> None:
    """The last fetch and the cached key ids are then in the future, and neither delays a fetch."""
    assert not door.takes(door.signed(NEW))
    door.now -= back
    issuer.answer = published(NEW)
    assert door.takes(door.signed(NEW))


def test_an_issuer_that_may_not_be_asked_is_not(door: Door, issuer: Issuer) -> None:
    """Such a refusal does not use up the fetch of that minute."""
    issuer.answer = published(NEW)
    assert not door.takes(door.signed(NEW), may_ask=False)
    assert issuer.asked == []
    assert door.takes(door.signed(NEW))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": "A" * 42, "typ": "at+jwt"},
        {"alg": "ES256", "kid": "A" * 44, "typ": "at+jwt"},
        {"alg": "ES256", "kid": "A" * 42 + "=", "typ": "at+jwt"},
        {"alg": "ES256", "kid": "A" * 42 + "\n", "typ": "at+jwt"},
        {"alg": "ES256", "kid": "../" * 14 + "A", "typ": "at+jwt"},
        {"alg": "ES384", "kid": "A" * 43, "typ": "at+jwt"},
        {"alg": "HS256", "kid": "A" * 43, "typ": "at+jwt"},
        {"alg": "none", "kid": "A" * 43, "typ": "at+jwt"},
        {"alg": "es256", "kid": "A" * 43, "typ": "at+jwt"},
        {"alg": "ES256", "kid": "A" * 43, "typ": "JWT"},
        {"alg": "ES256", "kid": "A" * 43},
        {"kid": "A" * 43, "alg": "ES256", "typ": "at+jwt"},
        {"alg": "ES256", "kid": "A" * 43, "typ": "at+jwt", "jku": "https://evil.example/jwks.json"},
    ],
)
def test_a_header_that_none_of_our_keys_has_is_no_reason_to_ask(
    door: Door, issuer: Issuer, header: dict[str, str]
) -> None:
    """DC-4: only a header of the exact form, byte for byte, causes a fetch."""
    compact = json.dumps(header, separators=(",", ":")).encode()
    for text in (compact, compact + b"\n", compact.replace(b",", b", ")):
        with pytest.raises(InvalidToken, match=r"^header$"):
            door.claims(f"{base64url.encode(text)}.e30.AAAA")
    assert issuer.asked == []


# Which keys are accepted


def test_a_key_that_was_withdrawn_is_forgotten_with_the_next_fetch(door: Door, issuer: Issuer) -> None:
    """K3, F15: the fetched keys replace the deployed keys."""
    issuer.answer = published(NEW)
    assert door.takes(door.signed(OLD))
    assert door.takes(door.signed(NEW))
    with pytest.raises(UnknownKey):
        door.claims(door.signed(OLD))


def test_a_withdrawn_key_is_unknown_even_while_the_issuer_still_publishes_it(door: Door, issuer: Issuer) -> None:
    """After a leak, caches may have the old key set for a minute more. A token of it causes one fetch a minute."""
    assert door.takes(door.signed(OLD))
    door.keys.withdraw(frozenset({OLD.kid}))

    for _ in range(3):
        assert not door.takes(door.signed(OLD))
        door.now += UNKNOWN_KEY_FETCH_SECONDS // 3
    assert len(issuer.asked) == 1
    issuer.answer = published(OLD, NEW)
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert door.takes(door.signed(NEW))
    assert not door.takes(door.signed(OLD))


def test_a_key_that_was_fetched_can_be_withdrawn(door: Door, issuer: Issuer) -> None:
    """The withdrawal of one key leaves the others."""
    issuer.answer = published(OLD, NEW)
    assert door.takes(door.signed(NEW))
    door.keys.withdraw(frozenset())
    assert door.takes(door.signed(NEW))
    door.keys.withdraw(frozenset({NEW.kid}))

    assert [door.takes(door.signed(NEW)), door.takes(door.signed(OLD))] == [False, True]


def test_the_other_fetched_keys_need_no_other_fetch_after_a_withdrawal(door: Door, issuer: Issuer) -> None:
    """They stay those of their issuer."""
    issuer.answer = published(NEW, key("EdDSA"))
    assert door.takes(door.signed(NEW))
    door.keys.withdraw(frozenset({NEW.kid}))

    assert door.takes(door.signed(key("EdDSA")))
    assert len(issuer.asked) == 1


def test_a_key_stays_withdrawn_when_another_one_is(door: Door, issuer: Issuer) -> None:
    """Also if an issuer publishes it again."""
    issuer.answer = published(OLD, NEW, key("EdDSA"))
    door.keys.withdraw(frozenset({OLD.kid}))
    door.keys.withdraw(frozenset({NEW.kid}))

    assert [door.takes(door.signed(pair)) for pair in (key("EdDSA"), OLD, NEW)] == [True, False, False]


def test_without_an_issuer_the_api_that_asks_is_the_one(door: Door, issuer: Issuer) -> None:
    """Its address is in the ARN of the event, and no other address is asked."""
    issuer.answer = published(OLD, NEW)
    event = authorizer_event("REQUEST 1.0", f"Bearer {door.signed(NEW, issuer=API_ISSUER)}")

    assert door.keys.verify_event(event, issuer="", now_seconds=NOW).iss == API_ISSUER
    assert issuer.asked == [f"{API_ISSUER}/.well-known/jwks.json"]


def test_a_key_ends_when_it_says(issuer: Issuer) -> None:
    """K3: deployed and fetched keys end to the second. Then the issuer is asked whether the key has another end."""
    door = Door(issuer.download, ends_at_seconds=NOW + 100)
    door.now = NOW + 99
    assert door.takes(door.signed(OLD))
    assert issuer.asked == []

    issuer.answer = published(OLD, ends_at_seconds=NOW + 500)
    door.now = NOW + 100
    assert door.takes(door.signed(OLD))
    door.now = NOW + 499
    assert door.takes(door.signed(OLD))
    assert len(issuer.asked) == 1

    door.now = NOW + 500
    assert not door.takes(door.signed(OLD))
    assert len(issuer.asked) == 2


def test_keys_are_for_their_issuer_only(door: Door, issuer: Issuer) -> None:
    """Keys of one issuer verify no token of another issuer, even if the token names the other issuer."""
    other = "https://other.example.com"
    issuer.answer = published(NEW)
    assert door.takes(door.signed(NEW, issuer=other), issuer=other)
    assert not door.takes(door.signed(NEW))
    assert not door.takes(door.signed(NEW, issuer=other))
    assert not door.takes(door.signed(OLD, issuer=other), issuer=other)
    assert door.takes(door.signed(OLD))
    assert issuer.asked == [f"{other}/.well-known/jwks.json"]


def private_half() -> str:
    """Return a key set with a private key."""
    return json.dumps({"keys": [dict(NEW.public_jwk()), dict(OLD.jwk) | {"kid": OLD.kid}]})


BAD_SETS = {
    "nothing": "",
    "no JSON": "<html>",
    "no object": "[]",
    "no keys": "{}",
    "an empty set": '{"keys":[]}',
    "keys of no list": '{"keys":{}}',
    "a key of no object": '{"keys":["x"]}',
    "a private key beside": private_half(),
    "an unknown key type beside": json.dumps(
        {"keys": [NEW.public_jwk(), {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44"}]}
    ),
    "a symmetric key beside": json.dumps({"keys": [NEW.public_jwk(), {"kty": "oct", "kid": "x", "k": "AAAA"}]}),
    "a damaged key beside": json.dumps({"keys": [NEW.public_jwk(), {**OLD.public_jwk(), "y": "AA"}]}),
    "an end that is no time": json.dumps({"keys": [{**NEW.public_jwk(), "exp": "never"}]}),
    "one key twice": published(NEW, NEW),
    "only keys that have ended": published(NEW, OLD, ends_at_seconds=NOW),
    "nested too deeply": "[" * 30_000,
    "a number too long": '{"keys":' + "9" * 5000 + "}",
    "surrogates": '{"keys":["\\ud800"]}',
}


@pytest.mark.parametrize("document", BAD_SETS.values(), ids=BAD_SETS)
def test_a_bad_key_set_changes_nothing(door: Door, issuer: Issuer, document: str) -> None:
    """K1: a key set is accepted completely or not at all. One bad key excludes the good one, and known keys stay."""
    issuer.answer = document
    assert not door.takes(door.signed(NEW))
    assert door.takes(door.signed(OLD))
    assert len(issuer.asked) == 1
    issuer.answer = published(NEW)
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert door.takes(door.signed(NEW))


def test_a_fetched_set_may_have_keys_that_ended_among_others(door: Door, issuer: Issuer) -> None:
    """A cache may hold a key set that is one minute old."""
    ended = {**OLD.public_jwk(), "exp": NOW}
    issuer.answer = json.dumps({"keys": [NEW.public_jwk(), ended]})
    assert door.takes(door.signed(NEW))
    assert not door.takes(door.signed(OLD))


def test_a_forged_signature_under_a_new_key_is_refused(door: Door, issuer: Issuer) -> None:
    """Z1: tokens of learned keys are verified as strictly as tokens of deployed keys."""
    issuer.answer = published(NEW)
    own = header_segment(NEW.alg, NEW.kid)
    assert not door.takes(signed_token(claims_at(NOW).payload(), signed_by=OLD, header=own))
    assert not door.takes(access.issue(claims_at(NOW)._replace(aud="https://elsewhere.example.com"), NEW))
    assert not door.takes(access.issue(claims_at(NOW - 1000), NEW))
    assert door.takes(door.signed(NEW))
    assert len(issuer.asked) == 1


# A slow issuer


class SlowIssuer(Issuer):
    """An issuer that answers when the test tells it to."""

    def __init__(self) -> None:
        """Begin without an answer."""
        super().__init__(published(NEW))
        self.gates: list[Event] = []
        self.threads: list[Thread] = []
        self.has_heard = Semaphore(0)

    def download(self, address: str) -> str:
        """Wait for the test, then return the document that was published at the time of the request."""
        answer, gate = super().download(address), Event()
        self.gates.append(gate)
        self.has_heard.release()
        gate.wait(30)
        return answer


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowIssuer]:
    """Return a slow issuer. A wait of one second ends as soon as the issuer has the request."""
    slow = SlowIssuer()

    class Impatient(Thread):
        """A thread whose wait of one second ends early."""

        def join(self, timeout: float | None = None) -> None:
            """Wait for the request if the timeout is that of a fetch."""
            if timeout != FETCH_TIMEOUT_SECONDS:
                return super().join(timeout)
            slow.threads.append(self)
            assert slow.has_heard.acquire(timeout=30)
            return None

    monkeypatch.setattr(issuer_keys, "Thread", Impatient)
    yield slow
    for gate in slow.gates:
        gate.set()
    for thread in slow.threads:
        thread.join(30)


def let_answer(door: Door, slow: SlowIssuer) -> None:
    """Let the last fetch finish."""
    assert door.keys._last is not None
    slow.gates[-1].set()
    door.keys._last._thread.join(30)


@pytest.mark.parametrize(("ends_at_seconds", "seconds"), [(None, 1.0), (NOW + 1, 1.0), (NOW, 4.0), (NOW - 1, 4.0)])
def test_a_token_waits_a_second_or_four_if_no_other_key_is_left(
    monkeypatch: pytest.MonkeyPatch, ends_at_seconds: int | None, seconds: float
) -> None:
    """The one token that asked waits for a hanging resolver, with a timeout. Without a key nothing else can help it."""
    waited: list[float | None] = []

    class Hanging(Thread):
        """A thread that never ends."""

        def start(self) -> None:
            """Do nothing."""

        def join(self, timeout: float | None = None) -> None:
            """Record the timeout."""
            waited.append(timeout)

    monkeypatch.setattr(issuer_keys, "Thread", Hanging)
    door = Door(Issuer().download, ends_at_seconds=ends_at_seconds)
    for serial in range(100):
        assert not door.takes(forged(serial))
    assert waited == [seconds]


def test_a_late_answer_serves_the_next_token(slow: SlowIssuer) -> None:
    """The next token neither asks again nor waits."""
    door = Door(slow.download)
    assert not door.takes(door.signed(NEW))
    assert not door.takes(door.signed(NEW))
    let_answer(door, slow)
    door.now += 1
    assert door.takes(door.signed(NEW))
    assert len(slow.asked) == 1


def test_a_fetch_that_hangs_keeps_no_sandbox_from_its_end(slow: SlowIssuer) -> None:
    """Python waits at its end for threads that are no daemons."""
    assert not Door(slow.download).takes(forged("one"))

    assert [thread.daemon for thread in slow.threads] == [True]


def test_a_late_answer_serves_its_own_issuer_only(slow: SlowIssuer) -> None:
    """Keys that one issuer published are never used for another issuer's token."""
    door = Door(slow.download)
    other = "https://other.example.com"
    assert not door.takes(door.signed(NEW, issuer=other), issuer=other)
    let_answer(door, slow)
    assert not door.takes(door.signed(NEW))
    assert door.takes(door.signed(NEW, issuer=other), issuer=other)
    assert not door.takes(door.signed(NEW))
    assert len(slow.asked) == 1


def test_an_answer_that_woke_up_a_minute_later_is_worth_nothing(slow: SlowIssuer) -> None:
    """A sandbox may be frozen for hours between request and answer, and the keys may be withdrawn in that time."""
    door = Door(slow.download)
    assert not door.takes(door.signed(NEW))
    let_answer(door, slow)
    slow.answer = published(OLD)
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert not door.takes(door.signed(NEW))
    let_answer(door, slow)
    assert not door.takes(door.signed(NEW))
    assert door.takes(door.signed(OLD))
    assert len(slow.asked) == 2


def test_an_older_answer_never_replaces_a_newer_one(slow: SlowIssuer) -> None:
    """Two fetches end in the reverse order."""
    door = Door(slow.download)
    assert not door.takes(door.signed(NEW))
    older = door.keys._last
    slow.answer = published(key("EdDSA"))
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert not door.takes(door.signed(NEW))
    let_answer(door, slow)
    assert door.takes(door.signed(key("EdDSA")))
    slow.gates[0].set()
    assert older is not None
    older._thread.join(30)
    assert not door.takes(door.signed(NEW))
    assert door.takes(door.signed(key("EdDSA")))


def test_threads_that_hang_are_at_most_one_a_minute(slow: SlowIssuer) -> None:
    """For ten minutes, forged key ids come and the issuer never answers."""
    door = Door(slow.download)
    for second in range(600):
        door.now = NOW + second
        assert not door.takes(forged(second))
    assert len(slow.gates) == 10


def test_without_another_thread_the_token_is_refused(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Z10: the token is denied as usual, and no exception is raised."""

    class NoThread(Thread):
        """A thread that cannot start."""

        def start(self) -> None:
            """Fail as Python does."""
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(issuer_keys, "Thread", NoThread)
    assert not door.takes(door.signed(NEW))
    assert door.takes(door.signed(OLD))
    assert [vars(record)["reason"] for record in caplog.records] == ["no thread"]


# Without any key


def without_keys(issuer: Issuer) -> Door:
    """Return a verifier that was deployed without a key."""
    door = Door(issuer.download)
    door.keys = IssuerKeys(Verifier([], audience=AUDIENCE), audience=AUDIENCE, download=issuer.download)
    return door


def test_without_any_key_nothing_is_decided_before_the_first_fetch_has_succeeded(issuer: Issuer) -> None:
    """It is no fault of a good token. From the first key on, an unknown key is a refusal, also in an outage."""
    door = without_keys(issuer)
    issuer.answer = OSError()
    for _ in range(2):
        with pytest.raises(TemporarilyUnavailable, match=r"^no keys to verify with$"):
            door.claims(door.signed(OLD))
    assert len(issuer.asked) == 1

    issuer.answer = published(OLD)
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert door.takes(door.signed(OLD))
    issuer.answer = OSError()
    assert not door.takes(forged("one"))
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    assert not door.takes(forged("one"))
    assert len(issuer.asked) == 3


def test_without_any_key_what_is_no_token_of_the_issuer_is_refused(issuer: Issuer) -> None:
    """So is every token, if the issuer that it names may not be asked."""
    door = without_keys(issuer)
    issuer.answer = OSError()

    assert not door.takes("a.b.c")
    assert not door.takes(door.signed(OLD), may_ask=False)
    assert issuer.asked == []


def test_a_verifier_whose_keys_are_all_withdrawn_refuses(door: Door, issuer: Issuer) -> None:
    """It had keys. A client with a token of one of them must hear that it has to refresh."""
    issuer.answer = OSError()
    door.keys.withdraw(frozenset({OLD.kid}))

    assert not door.takes(door.signed(OLD))


def test_the_log_has_the_names_of_keys_and_of_failures_only(
    door: Door, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    """Z15: the log contains no text of an exception, no address and no token."""
    caplog.set_level(logging.DEBUG)
    issuer.answer = OSError("s3cret.example.com")
    door.takes(door.signed(NEW))
    issuer.answer = published(NEW)
    door.now += UNKNOWN_KEY_FETCH_SECONDS
    door.takes(door.signed(NEW))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "the issuer's keys could not be fetched"),
        ("INFO", "fetched the issuer's keys"),
    ]
    failed, fetched = (vars(record) for record in caplog.records)
    assert (failed["reason"], fetched["kids"]) == ("OSError", [NEW.kid])
    said = repr([failed, fetched])
    assert "s3cret" not in said
    assert "eyJ" not in said
