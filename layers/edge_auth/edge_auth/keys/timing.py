"""Every bound of time of keys, and of what they sign, in seconds.

The bounds depend on each other: a key may sign only when every reader knows it, and it may end only when nothing that
it signed is accepted. `tests/unit/keys/test_timing.py` states each inequality between them.
"""

# --- Access tokens ---

MAX_LIFETIME_SECONDS = 3600  # the upper bound of the parameter AccessTokenSeconds
MAX_AUTHORIZER_CACHE_SECONDS = 60  # the upper bound of the parameter AuthorizerCacheSeconds
EXPIRY_LEEWAY_SECONDS = 5  # clocks differ; RFC 7519 §4.1.4 allows "a few minutes", we publish this bound
ISSUED_AT_LEEWAY_SECONDS = 30  # for a token whose issuer's clock is ahead
CLOCK_SECONDS = ISSUED_AT_LEEWAY_SECONDS  # the clocks of signers and verifiers differ by this at most
# An access token is accepted for this long after it was signed.
ACCESS_TOKEN_SECONDS = MAX_LIFETIME_SECONDS + EXPIRY_LEEWAY_SECONDS + MAX_AUTHORIZER_CACHE_SECONDS + CLOCK_SECONDS

# --- Proofs, under the MAC keys as refresh tokens and device tokens are ---

MAX_PROOF_SECONDS = 72 * 3600  # the longest life of one: the undoing of a new address

# --- Functions that read the key ring ---

RING_AGE_SECONDS = 300  # a copy is read again after this
RING_RETRY_SECONDS = 30  # after a failed read, the next one waits this long
MAX_RING_AGE_SECONDS = 5400  # in an outage of Secrets Manager a copy may be used for this long

# --- Readers of the public keys ---

JWKS_MAX_AGE_SECONDS = 60  # caches may keep the public keys for this long
MIN_PUBLISH_SECONDS = 7200  # API Gateway's own JWT authorizers keep the public keys of an issuer for up to two hours

# --- The authorizer, when a token names a key that it does not know ---

# A token waits no longer than this: name resolution has no timeout, and a slow server can send for a long time.
FETCH_TIMEOUT_SECONDS = 1.0
# Without any living key, every token is refused until the issuer has answered. So then a token waits for longer: API
# Gateway gives an authorizer ten seconds, and the issuer's function may itself have a cold start.
LAST_RESORT_FETCH_SECONDS = 4.0
CONNECTION_TIMEOUT_SECONDS = 5.0  # the connection is closed after this; an answer before then serves the next token
UNKNOWN_KEY_FETCH_SECONDS = 60  # the time between two fetches
UNKNOWN_KID_SECONDS = 120  # a key id that the issuer did not know causes no fetch for this long

# --- An emergency ---

# The new keys sign after this: first every copy of the ring is renewed, then the caches of the public keys, then the
# authorizers. One minute more is for an authorizer that asked too early; it asks again after UNKNOWN_KID_SECONDS.
REPLACE_SECONDS = RING_AGE_SECONDS + JWKS_MAX_AGE_SECONDS + UNKNOWN_KEY_FETCH_SECONDS + 60
