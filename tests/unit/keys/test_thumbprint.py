"""Thumbprints (RFC 7638), against the examples of the standards."""

import pytest

from edge_auth.keys.thumbprint import thumbprint
from tests.support.access_tokens import ALGORITHMS, key

RFC_7638_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"
    "65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def test_thumbprint_is_rfc_7638s_example() -> None:
    """The example of RFC 7638 §3.1 gives the thumbprint that the RFC prints (T3)."""
    assert thumbprint(RFC_7638_KEY) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_thumbprint_is_rfc_8037s_example() -> None:
    """The Ed25519 example of RFC 8037 appendix A.3 gives the thumbprint that the RFC prints (T3)."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_thumbprint_names_the_public_key_only(alg: str) -> None:
    """Private members, use, kid and alg do not change the thumbprint."""
    pair = key(alg)
    assert thumbprint(pair.jwk) == thumbprint(pair.public_jwk())
