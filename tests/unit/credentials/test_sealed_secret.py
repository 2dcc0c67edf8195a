import os

import pytest

from edge_auth.credentials.sealed_secret import NotSealed, is_under, seal, unseal
from edge_auth.keys.sealing_key import sealing_keys_from

OLD, NEW = "o" * 64, "n" * 64
KEYS = sealing_keys_from(f"{NEW}\n{OLD}")
OLD_KEYS = sealing_keys_from(OLD)
SECRET = b"a secret of twenty b"


def sealed(purpose: str = "totp", user_id: str = "ada") -> bytes:
    """Seal the secret under the older key."""
    return seal(SECRET, OLD_KEYS.newest, purpose=purpose, user_id=user_id, entropy=os.urandom)


def test_what_was_sealed_is_read_under_each_key_of_the_deployment() -> None:
    """A new key ends nothing that an older one has sealed."""
    assert unseal(sealed(), KEYS, purpose="totp", user_id="ada") == SECRET
    assert SECRET not in sealed()


@pytest.mark.parametrize(("purpose", "user_id"), [("totp", "bob"), ("enrolment", "ada"), ("totpada", "")])
def test_it_opens_for_no_other_user_and_no_other_purpose(purpose: str, user_id: str) -> None:
    """Whoever can write the table cannot give a user the factor of another one."""
    with pytest.raises(NotSealed, match="tag"):
        unseal(sealed(), KEYS, purpose=purpose, user_id=user_id)


def test_every_changed_bit_and_every_cut_is_refused() -> None:
    """NIST SP 800-38D §7.2: a tag that does not match gives nothing."""
    whole = sealed()
    for position in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(NotSealed):
            unseal(bytes(changed), KEYS, purpose="totp", user_id="ada")
    for size in range(len(whole)):
        with pytest.raises(NotSealed):
            unseal(whole[:size], KEYS, purpose="totp", user_id="ada")


def test_a_key_that_is_gone_opens_nothing() -> None:
    """After a leak an operator removes the line, and what it has sealed is worth nothing here."""
    with pytest.raises(NotSealed, match="key"):
        unseal(sealed(), sealing_keys_from(NEW), purpose="totp", user_id="ada")


def test_it_says_under_which_key_it_is() -> None:
    """So a login can seal it again under the newest one."""
    assert is_under(sealed(), OLD_KEYS.newest)
    assert not is_under(sealed(), KEYS.newest)
