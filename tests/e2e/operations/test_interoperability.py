"""Other libraries verify access tokens of the deployed stack while keys rotate (K1, K3, K4, F15).

The verifiers find the key set through the issuer's discovery document.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping

import jwt
import pytest

from edge_auth import base64url
from edge_auth.keys import signing_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from local import tokens
from local.settings import AUDIENCE
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client
from tests.e2e.verifiers.libraries import LIBRARIES, ON_NODE, Claims, Refused, Verify, all_verifiers
from tests.support.key_times import KeyTimes

# joserfc warns about the name EdDSA: RFC 9864 prefers Ed25519, which few libraries know yet.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")

logger = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PyJWT's client reach this machine without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def keys(stack: Stack) -> Iterator[KeyTimes]:
    """Yield the deployment's keys, and restore them afterwards."""
    keys = KeyTimes(stack)
    with keys.put_back():
        yield keys


@pytest.fixture
def token(client: Client, stack: Stack) -> Callable[[], str]:
    """Return a function that logs in and returns an access token."""
    return lambda: client.open_session(stack.user.name, stack.user.password).access_token


def test_every_library_takes_part() -> None:
    """The libraries of Node may be missing only outside CI, and then the test is skipped with their names."""
    missing = set(ON_NODE) - set(LIBRARIES)
    if missing and "CI" not in os.environ:
        pytest.skip(f"could not be fetched: {', '.join(sorted(missing))}")

    assert not missing
    assert len(LIBRARIES) == 5


# Each algorithm signs before or after one of these. EDGE_AUTH_YEARS=1 also tries the other changes.
CHANGES = [("ES256", "ES256"), ("RS256", "EdDSA")]
if "EDGE_AUTH_YEARS" in os.environ:
    CHANGES += [("ES256", "RS256"), ("EdDSA", "ES256")]


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_no_rotation_refuses_a_good_token(
    client: Client, keys: KeyTimes, token: Callable[[], str], before: str, after: str
) -> None:
    """Tokens from before, during and after a rotation are good for every verifier until their own key ends."""
    keys.sign_with(before)
    first = token()
    if after != before:
        keys.choose(after)
    with all_verifiers(client.base_url, AUDIENCE) as made_before:
        between = token()
        assert taken_by(made_before, between) == by_all(between)

        keys.let_the_next_key_sign()
        last = token()

        assert [header_of(each)["alg"] for each in (first, between, last)] == [before, before, after]
        assert header_of(first)["kid"] == header_of(between)["kid"] != header_of(last)["kid"]
        # The key was published before it signed, so verifiers with an older copy of the keys know it.
        assert taken_by(made_before, last) == by_all(last)
    # Every library accepts the member `exp`, which is not in RFC 7517.
    assert "exp" in published_keys(client)[header_of(first)["kid"]]
    with all_verifiers(client.base_url, AUDIENCE) as verifiers:
        for each in (first, between, last):
            assert taken_by(verifiers, each) == by_all(each)
            assert client.get("/me", each).json()["jti"] == tokens.claims_of(each).jti
            assert taken_by(verifiers, tokens.forged(each)) == {}
            assert_error(client.get("/me", tokens.forged(each)), 401, "invalid_token")

    keys.let_end(header_of(first)["kid"])

    published = published_keys(client)
    assert header_of(last)["kid"] in published
    assert header_of(first)["kid"] not in published
    with all_verifiers(client.base_url, AUDIENCE) as made_after:
        assert taken_by(made_after, last) == by_all(last)
        assert client.get("/me", last).status_code == 200
        for ended in (first, between):
            assert taken_by(made_after, ended) == {}
            assert_error(client.get("/me", ended), 401, "invalid_token")


def test_the_authorizer_learns_a_key_that_it_was_not_deployed_with(
    client: Client, keys: KeyTimes, token: Callable[[], str]
) -> None:
    """The authorizer asks the issuer, so a rotation of keys needs no deployment (Z13)."""
    while keys.signing.kid in keys.deployed_kids():
        keys.let_the_next_key_sign()
    access_token = token()
    kid = header_of(access_token)["kid"]
    assert kid in published_keys(client)
    assert kid not in keys.deployed_kids()

    response = client.get("/me", access_token)

    assert response.json()["jti"] == tokens.claims_of(access_token).jti
    assert kid not in keys.deployed_kids()


Spoil = Callable[[str, SigningKey], str]


def for_another_audience(access_token: str, key: SigningKey) -> str:
    """Return the token with the audience of another API, signed with the deployment's own key."""
    return issue(tokens.claims_of(access_token)._replace(aud="https://other.example.com"), key)


def of_another_issuer(access_token: str, key: SigningKey) -> str:
    """Return the token with another issuer, signed with the deployment's own key."""
    return issue(tokens.claims_of(access_token)._replace(iss="https://other.example.com"), key)


def of_another_key(access_token: str, key: SigningKey) -> str:
    """Return the token signed with a foreign key under the deployment's key id."""
    foreign = signing_key.load(key.alg, signing_key.generate(key.alg))
    return jwt.encode(payload_of(access_token), foreign, key.alg, headers_of(key))


def of_another_type(access_token: str, key: SigningKey) -> str:
    """Return the token with the general type JWT, which RFC 9068 §4 refuses."""
    return jwt.encode(payload_of(access_token), key.private_key, key.alg, {**headers_of(key), "typ": "JWT"})


def of_no_algorithm(access_token: str, key: SigningKey) -> str:
    """Return the token without a signature (RFC 8725 §3.1)."""
    return jwt.encode(payload_of(access_token), "", "none", headers_of(key))


@pytest.mark.parametrize(
    "spoil",
    [for_another_audience, of_another_issuer, tokens.expired, of_another_key, of_another_type, of_no_algorithm],
)
def test_each_library_refuses_what_it_should(
    client: Client, keys: KeyTimes, token: Callable[[], str], spoil: Spoil
) -> None:
    """Each library, as it is set up here, checks signature, algorithm, issuer, audience, time and type."""
    good = token()
    spoiled = spoil(good, keys.signing)

    with all_verifiers(client.base_url, AUDIENCE) as verifiers:
        assert taken_by(verifiers, good) == by_all(good)
        assert taken_by(verifiers, spoiled) == {}
    assert_error(client.get("/me", spoiled), 401, "invalid_token")


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/.well-known/openid-configuration"])
def test_a_cache_that_asks_again_gets_a_document_only_when_it_changed(
    client: Client, keys: KeyTimes, path: str
) -> None:
    """RFC 9110 §13.1.2: the answer is 304 with the same tag and no body, until the document changes."""
    first = client.get(path)
    tag = {"If-None-Match": first.headers["ETag"]}

    again = client.get_with(path, tag)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]

    keys.choose("RS256" if keys.ring.signing[-1].key.alg != "RS256" else "ES256")
    changed = client.get_with(path, tag)

    assert changed.status_code == 200
    assert changed.json() != first.json()
    assert changed.headers["ETag"] != first.headers["ETag"]


def published_keys(client: Client) -> dict[str, dict[str, object]]:
    """Return the published keys by their ids."""
    return {key["kid"]: key for key in client.get("/.well-known/jwks.json").json()["keys"]}


def taken_by(verifiers: Mapping[str, Verify], access_token: str) -> dict[str, Claims]:
    """Return the libraries that accept this token, each with the claims that it read."""
    taken = {}
    for name, verify in verifiers.items():
        try:
            taken[name] = verify(access_token)
        except Refused as refused:
            logger.info("%s: %s", name, refused)
    return taken


def by_all(access_token: str) -> dict[str, Claims]:
    """Return the result of `taken_by` for a token that all libraries accept."""
    return dict.fromkeys(LIBRARIES, payload_of(access_token))


def header_of(access_token: str) -> dict[str, str]:
    """Return the header without verifying it."""
    return dict(jwt.get_unverified_header(access_token))


def headers_of(key: SigningKey) -> dict[str, str]:
    """Return the headers of our tokens, for PyJWT to write."""
    return {"kid": key.kid, "typ": "at+jwt"}


def payload_of(access_token: str) -> dict[str, object]:
    """Return the claims without verifying them."""
    return dict(json.loads(base64url.decode(access_token.split(".")[1])))
