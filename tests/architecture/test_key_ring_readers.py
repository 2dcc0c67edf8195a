"""One update of the stack brings an emergency rotation to all functions that hold keys."""

import pytest

from tests.support.template import Intrinsic, functions, properties, template, variables

READERS = sorted(name for name in functions() if "KEY_RING_SECRET" in variables(name) and name != "rotate_keys")
VERSION = Intrinsic("Ref", "KeyRingVersion")


def test_the_readers_of_the_key_ring_are_known() -> None:
    """They are all functions that sign, check a refresh token's MAC, or publish the public keys."""
    of_mail = {"email", "email_proofs", "mailer", "register", "reset", "reset_link"}
    assert {*READERS} - of_mail == {"jwks", "login", "logout", "refresh", "site_password"}
    assert of_mail < {*READERS}


@pytest.mark.parametrize("function", READERS)
def test_a_new_version_starts_every_reader_anew(function: str) -> None:
    """K3: a function with a new configuration gets new instances, which read the key ring before they answer."""
    assert variables(function)["KEY_RING_VERSION"] == VERSION


def test_a_new_version_makes_cloudformation_ask_for_the_public_keys() -> None:
    """The answer goes into the authorizer's environment."""
    assert properties("KeyRing")["KeyRingVersion"] == VERSION
    assert variables("authorizer")["JWKS"] == Intrinsic("GetAtt", "KeyRing.Jwks")


def test_the_public_keys_are_published_anew_before_the_authorizer_is_deployed() -> None:
    """K3: a new authorizer that asks the issuer never gets an older key set than its own deployed one."""
    assert template()["Resources"]["AuthorizerFunction"]["DependsOn"] == "JwksFunction"
