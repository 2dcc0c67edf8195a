"""The time bounds depend on each other. Each inequality between them has one test."""

import pytest

from edge_auth.adapters import aws
from edge_auth.flows.accounts import new_challenge
from edge_auth.flows.factors import factor_token
from edge_auth.keys import timing
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.proof_token import Kind
from tests.support.template import functions, parameters

HOUR = 3600
GATEWAY_SECONDS = 10  # API Gateway's limit for an authorizer: "Amazon API Gateway quotas"
START_SECONDS = 1  # of a cold authorizer, with a wide margin: it is not part of the function's timeout


def test_a_key_is_public_for_longer_than_any_copy_of_the_ring_is_used() -> None:
    """A reader with the oldest copy already has the key that begins to sign (K3)."""
    assert timing.MAX_RING_AGE_SECONDS < timing.MIN_PUBLISH_SECONDS


def test_a_key_is_public_for_longer_than_any_cache_of_the_public_keys_lasts() -> None:
    """API Gateway's own authorizers keep keys for two hours. Caches keep our documents for one minute."""
    assert timing.MIN_PUBLISH_SECONDS >= 2 * HOUR
    assert timing.JWKS_MAX_AGE_SECONDS + timing.UNKNOWN_KEY_FETCH_SECONDS < timing.MIN_PUBLISH_SECONDS


def test_an_old_copy_of_the_ring_is_read_again_long_before_it_is_too_old() -> None:
    """An outage is noticed, and the read is repeated many times, before the copy is too old."""
    assert timing.RING_RETRY_SECONDS < timing.RING_AGE_SECONDS < timing.MAX_RING_AGE_SECONDS


def test_a_failed_read_of_the_ring_is_over_before_the_next_one() -> None:
    """Each attempt may use both timeouts in full. Reads still leave time for requests."""
    attempt = aws.CONNECT_TIMEOUT_SECONDS + aws.READ_TIMEOUT_SECONDS
    assert aws.TOTAL_ATTEMPTS * attempt < timing.RING_RETRY_SECONDS


def test_after_a_replacement_every_reader_knows_the_new_keys_when_they_sign() -> None:
    """First all copies of the ring are renewed, then the caches of the public keys, then the authorizers."""
    known = timing.RING_AGE_SECONDS + timing.JWKS_MAX_AGE_SECONDS + timing.UNKNOWN_KEY_FETCH_SECONDS
    assert known < timing.REPLACE_SECONDS


def test_an_authorizer_that_asked_too_early_asks_again_before_the_new_keys_sign() -> None:
    """A token that names a new key before its publication makes the authorizer remember the key as unknown."""
    published = timing.RING_AGE_SECONDS + timing.JWKS_MAX_AGE_SECONDS
    assert published + timing.UNKNOWN_KID_SECONDS <= timing.REPLACE_SECONDS


def test_an_unknown_key_is_remembered_for_longer_than_the_time_between_two_fetches() -> None:
    """Otherwise one forged key id could cause every fetch."""
    assert timing.UNKNOWN_KEY_FETCH_SECONDS < timing.UNKNOWN_KID_SECONDS


def test_a_token_waits_for_keys_for_less_time_than_their_connection_lives() -> None:
    """An answer that is too late for this token serves the next one."""
    waits = (timing.FETCH_TIMEOUT_SECONDS, timing.LAST_RESORT_FETCH_SECONDS)
    assert max(waits) < timing.CONNECTION_TIMEOUT_SECONDS < timing.UNKNOWN_KEY_FETCH_SECONDS


def test_a_token_waits_for_longer_where_no_key_is_left_and_within_api_gateways_limit() -> None:
    """The function has time for the check after the longest wait, and API Gateway gives it ten seconds in all."""
    timeout = functions()["authorizer"]["Timeout"]

    assert timing.FETCH_TIMEOUT_SECONDS < timing.LAST_RESORT_FETCH_SECONDS <= timeout / 2
    assert timeout + START_SECONDS < GATEWAY_SECONDS


def test_a_key_verifies_for_as_long_as_anything_that_it_signed_is_accepted() -> None:
    """The lifetime, the leeway, the authorizer's longest cached answer and the clock difference are added."""
    bounds = (
        timing.MAX_LIFETIME_SECONDS,
        timing.EXPIRY_LEEWAY_SECONDS,
        timing.MAX_AUTHORIZER_CACHE_SECONDS,
        timing.CLOCK_SECONDS,
    )
    assert sum(bounds) <= timing.ACCESS_TOKEN_SECONDS


def test_no_proof_lives_longer_than_mac_keys_are_kept_for_proofs() -> None:
    """SC5: the MAC key of a proof is there until the proof ends. The longest one undoes a change of an address."""
    proofs = {
        Kind.RESET: new_challenge.RESET_SECONDS,  # an operator's link too
        Kind.CONFIRM: new_challenge.CONFIRM_SECONDS,
        Kind.UNDO: new_challenge.UNDO_SECONDS,
        **factor_token.LIFETIME_SECONDS,
    }

    assert proofs.keys() == {*Kind} - {Kind.PASSKEY}, "each kind that is made: a passkey has a challenge"
    assert max(*proofs.values(), passkey_challenge.LIFETIME_SECONDS) == timing.MAX_PROOF_SECONDS


def test_the_leeways_stay_small() -> None:
    """RFC 7519 §4.1.4 allows a few minutes at most. The README states a bound of five seconds."""
    assert timing.EXPIRY_LEEWAY_SECONDS <= timing.ISSUED_AT_LEEWAY_SECONDS <= 60
    assert timing.CLOCK_SECONDS >= timing.ISSUED_AT_LEEWAY_SECONDS


@pytest.mark.parametrize(
    ("parameter", "bound", "seconds"),
    [
        ("AccessTokenSeconds", "MaxValue", timing.MAX_LIFETIME_SECONDS),
        ("AuthorizerCacheSeconds", "MaxValue", timing.MAX_AUTHORIZER_CACHE_SECONDS),
        ("KeyPublishHours", "MinValue", timing.MIN_PUBLISH_SECONDS // HOUR),
    ],
)
def test_the_templates_bounds_are_these(parameter: str, bound: str, seconds: int) -> None:
    """A template parameter cannot exceed the bounds of the code."""
    assert parameters()[parameter][bound] == seconds


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("MAX_LIFETIME_SECONDS", HOUR),
        ("MAX_AUTHORIZER_CACHE_SECONDS", 60),
        ("EXPIRY_LEEWAY_SECONDS", 5),  # the README's bound
        ("ISSUED_AT_LEEWAY_SECONDS", 30),
        ("CLOCK_SECONDS", 30),
        ("ACCESS_TOKEN_SECONDS", 3695),
        ("MAX_PROOF_SECONDS", 72 * HOUR),  # SC5
        ("RING_AGE_SECONDS", 300),  # K6
        ("RING_RETRY_SECONDS", 30),
        ("MAX_RING_AGE_SECONDS", 5400),
        ("JWKS_MAX_AGE_SECONDS", 60),
        ("MIN_PUBLISH_SECONDS", 2 * HOUR),  # Amazon API Gateway Developer Guide, "Control access with JWT authorizers"
        ("FETCH_TIMEOUT_SECONDS", 1.0),
        ("LAST_RESORT_FETCH_SECONDS", 4.0),
        ("CONNECTION_TIMEOUT_SECONDS", 5.0),
        ("UNKNOWN_KEY_FETCH_SECONDS", 60),
        ("UNKNOWN_KID_SECONDS", 120),
        ("REPLACE_SECONDS", 480),
    ],
)
def test_each_bound_is_the_one_that_the_documents_count_with(name: str, seconds: float) -> None:
    """The design's other bounds are sums of these. A change of one is a decision, and not an edit."""
    assert getattr(timing, name) == seconds
