"""Password hashes of other systems: the results of other programs, within bounds, and always with the same work."""

import hashlib
import re
from base64 import b64encode

import bcrypt
import pytest
from cryptography.exceptions import InvalidKey
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.credentials import foreign_hashes
from edge_auth.credentials.foreign_hashes import SCHEMES, ForeignKind, declared_kind, foreign_kind
from edge_auth.credentials.passwords import check_password, hash_password, needs_rehash, stronger_hash
from edge_auth.credentials.profiles import MAX_MEMORY_KIB, OUR_PROFILES, PROFILE, checked_profiles
from edge_auth.errors import InvalidCredentials

PASSWORD = "correct horse battery"
SALT = b"sixteen bytes :)"
CHEAP = [
    "bcrypt:c=4",
    "bcrypt-sha256:c=4",
    "pbkdf2-sha1:i=1000,l=20",
    "pbkdf2-sha256:i=1000,l=32",
    "pbkdf2-sha512:i=1000,l=64",
    "scrypt:ln=10,r=1,p=1,l=64",
    "firebase-scrypt:ln=10,r=1",
]


def hashed(kind: ForeignKind, password: bytes, salt: bytes = SALT) -> str:
    """Return a stored hash of this kind."""
    return kind.stored(salt, SCHEMES[kind.scheme].derive(password, salt, kind.values))


def base64(data: bytes) -> str:
    """Return base64 without padding."""
    return b64encode(data).rstrip(b"=").decode()


def test_a_stored_hash_says_what_a_check_of_it_costs() -> None:
    """Salt and hash follow what the deployment has declared, with `:` and not `$` after the scheme."""
    kind = declared_kind("pbkdf2-sha256:i=1000,l=32")

    assert (kind.phc_prefix, kind.declaration) == ("$pbkdf2-sha256$i=1000,l=32$", "pbkdf2-sha256:i=1000,l=32")
    assert re.fullmatch(r"\$pbkdf2-sha256\$i=1000,l=32\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", hashed(kind, b"x"))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("length", [16, 32, 64])
def test_pbkdf2_is_that_of_another_program(algorithm: str, length: int) -> None:
    """RFC 8018 §5.2, as Python's own `hashlib` computes it."""
    kind = foreign_kind(f"pbkdf2-{algorithm}", i=1234, l=length)
    digest = hashlib.pbkdf2_hmac(algorithm, PASSWORD.encode(), SALT, 1234, length)

    assert hashed(kind, PASSWORD.encode()) == f"{kind.phc_prefix}{base64(SALT)}${base64(digest)}"


def test_pbkdf2_is_that_of_rfc_6070() -> None:
    """Its fifth vector: 25 bytes of SHA-1."""
    digest = bytes.fromhex("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038")
    kind = foreign_kind("pbkdf2-sha1", i=4096, l=25)
    salt = b"saltSALTsaltSALTsaltSALTsaltSALTsalt"

    kind.verify(b"passwordPASSWORDpassword", kind.stored(salt, digest))


def test_scrypt_is_that_of_rfc_7914() -> None:
    """RFC 7914 §12, the third vector."""
    digest = bytes.fromhex(
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )
    kind = foreign_kind("scrypt", ln=14, r=8, p=1, l=64)

    kind.verify(b"pleaseletmein", kind.stored(b"SodiumChloride", digest))
    with pytest.raises(InvalidKey):
        kind.verify(b"pleaseletmeout", kind.stored(b"SodiumChloride", digest))


def test_bcrypt_cuts_a_password_as_the_other_systems_do() -> None:
    """It reads 72 bytes, so a login that worked there works here. The library itself refuses a longer password."""
    kind, long = declared_kind("bcrypt:c=4"), b"a" * 72
    stored = hashed(kind, long)

    kind.verify(long + b"b", stored)
    with pytest.raises(InvalidKey):
        kind.verify(long[:71] + b"b", stored)
    with pytest.raises(ValueError, match="72"):
        bcrypt.hashpw(long + b"b", bcrypt.gensalt(4))


def test_bcrypt_of_a_sha256_reads_a_long_password_whole() -> None:
    """Django hashes with SHA-256 first, so that bcrypt cuts nothing."""
    kind, long = declared_kind("bcrypt-sha256:c=4"), b"a" * 72
    hexadecimal = hashlib.sha256(long + b"b").hexdigest().encode()

    assert hashed(kind, long + b"b").split("$")[-1] == hashed(declared_kind("bcrypt:c=4"), hexadecimal).split("$")[-1]
    with pytest.raises(InvalidKey):
        kind.verify(long + b"c", hashed(kind, long + b"b"))


@pytest.mark.parametrize("declared", CHEAP)
def test_a_declared_hash_is_checked_and_renewed(declared: str) -> None:
    """P6: it lets its user log in once, and then it is Argon2id under today's profile."""
    (kind,) = (kind for kind in checked_profiles(declared) if isinstance(kind, ForeignKind))
    stored, checked = hashed(kind, PASSWORD.encode()), checked_profiles(declared)

    check_password(PASSWORD.encode(), stored, checked)
    with pytest.raises(InvalidCredentials, match="wrong password"):
        check_password(b"wrong", stored, checked)
    assert needs_rehash(stored)
    renewed = stronger_hash(PASSWORD.encode(), stored, entropy=bytes)
    assert renewed.startswith(PROFILE.phc_prefix)
    check_password(PASSWORD.encode(), renewed, OUR_PROFILES)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, argon2_runs: list[str]) -> list[str]:
    """Return the list of hashes that were computed, each as the beginning that tells its cost."""

    def watched(scheme: str) -> None:
        original = SCHEMES[scheme]

        def derive(password: bytes, salt: bytes, values: tuple[int, ...]) -> bytes:
            argon2_runs.append(ForeignKind(scheme, values).phc_prefix)
            return original.derive(password, salt, values)

        monkeypatch.setitem(foreign_hashes.SCHEMES, scheme, original._replace(derive=derive))

    for scheme in [*SCHEMES]:
        watched(scheme)
    return argon2_runs


def beginnings(runs: list[str]) -> list[str]:
    """Return what tells the cost of each run, in order of the text."""
    return sorted(run if run.endswith("$") else "$".join(run.split("$")[:4]) + "$" for run in runs)


DECLARED = "bcrypt:c=4;pbkdf2-sha256:i=1000,l=32"
OF_DECLARED = {
    "of no user": None,
    "of ours": f"{PROFILE.phc_prefix}{base64(SALT)}${base64(bytes(32))}",
    "of bcrypt": hashed(declared_kind("bcrypt:c=4"), PASSWORD.encode()),
    "of pbkdf2": hashed(declared_kind("pbkdf2-sha256:i=1000,l=32"), PASSWORD.encode()),
    "of a kind that is not declared": hashed(declared_kind("scrypt:ln=10,r=1,p=1,l=64"), PASSWORD.encode()),
    "of a higher cost than declared": hashed(declared_kind("pbkdf2-sha256:i=1001,l=32"), PASSWORD.encode()),
    "damaged": hashed(declared_kind("bcrypt:c=4"), PASSWORD.encode())[:-1],
}


@pytest.mark.parametrize("stored", OF_DECLARED.values(), ids=OF_DECLARED.keys())
def test_no_kind_tells_who_was_imported(stored: str | None, runs: list[str]) -> None:
    """P8: each wrong password is hashed once with every declared kind, whoever it is for."""
    with pytest.raises(InvalidCredentials):
        check_password(b"wrong", stored, checked_profiles(DECLARED))

    assert beginnings(runs) == sorted(["$bcrypt$c=4$", "$pbkdf2-sha256$i=1000,l=32$", PROFILE.phc_prefix])


OF_PASSWORD = {
    PROFILE.phc_prefix: hash_password(PASSWORD.encode(), entropy=bytes),
    "$bcrypt$c=4$": OF_DECLARED["of bcrypt"],
    "$pbkdf2-sha256$i=1000,l=32$": OF_DECLARED["of pbkdf2"],
}


@pytest.mark.parametrize("beginning", OF_PASSWORD)
def test_a_right_password_is_hashed_once(beginning: str, runs: list[str]) -> None:
    """With the kind of its own hash. The answer tells the owner that the account exists, so its time may."""
    check_password(PASSWORD.encode(), OF_PASSWORD[beginning], checked_profiles(DECLARED))

    assert beginnings(runs) == [beginning]


@pytest.mark.parametrize("declared", CHEAP)
def test_a_hash_of_a_kind_that_is_not_declared_is_refused_unchecked(declared: str, runs: list[str]) -> None:
    """P8, P9: the same work as for a damaged one. The detail is for the operator's log."""
    stored = hashed(declared_kind(declared), PASSWORD.encode())
    with pytest.raises(InvalidCredentials, match="the profile of the password hash is not declared"):
        check_password(PASSWORD.encode(), stored, OUR_PROFILES)
    assert beginnings(runs[-1:]) == [PROFILE.phc_prefix]


def test_no_declared_kind_needs_more_memory_than_argon2id_may() -> None:
    """P17: scrypt takes 128 · r · N bytes (RFC 7914 §2), and a function has the memory for the bound of Argon2id."""
    for scheme in ("scrypt", "firebase-scrypt"):
        bounds = SCHEMES[scheme].bounds
        assert 128 * bounds["r"][1] * 2 ** bounds["ln"][1] <= MAX_MEMORY_KIB * 1024


GOOD = hashed(declared_kind("bcrypt:c=4"), PASSWORD.encode())
DAMAGED = {
    "no hash": GOOD.rpartition("$")[0],
    "one part more": GOOD + "$x",
    "padding": GOOD + "=",
    "a line end": GOOD + "\n",
    "a short salt": GOOD.replace("c=4$", "c=4$AAAA", 1)[: len(GOOD) - 4],
    "a longer hash": GOOD + "AA",
    "another alphabet": GOOD[:-1] + "-",
    "not ascii": GOOD[:-1] + "é",
    "unused bits": GOOD[:-1] + ("B" if GOOD[-1] != "B" else "C"),
    "a lone surrogate": GOOD[:-1] + "\ud800",
}


@pytest.mark.parametrize("stored", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_hash_is_never_computed(stored: str) -> None:
    """P9: it is refused like a wrong password, and the hash beside it without the damage is accepted."""
    check_password(PASSWORD.encode(), GOOD, checked_profiles("bcrypt:c=4"))
    with pytest.raises(InvalidCredentials, match="no usable password hash"):
        check_password(PASSWORD.encode(), stored, checked_profiles("bcrypt:c=4"))


@given(st.integers(0, len(GOOD) - 1), st.text(alphabet="$,=:.+/-019aAzZé\ud800\x00\n", min_size=1, max_size=4))
def test_whatever_a_table_has_is_a_wrong_password(place: int, put: str) -> None:
    """P9: no damage of a stored hash is another error."""
    damaged = GOOD[:place] + put + GOOD[place + 1 :]
    if damaged != GOOD:
        with pytest.raises(InvalidCredentials):
            check_password(PASSWORD.encode(), damaged, checked_profiles("m=64,t=1,p=1 bcrypt:c=4")[1:])


@pytest.mark.parametrize(
    "text",
    [
        "bcrypt:c=3",
        "bcrypt:c=15",
        "bcrypt:c=04",
        "bcrypt:c=10,c=10",
        "bcrypt:",
        "bcrypt",
        "md5:i=1000",
        "pbkdf2-sha256:i=999,l=32",
        "pbkdf2-sha256:i=2000000,l=32",
        "pbkdf2-sha256:i=1000,l=15",
        "pbkdf2-sha256:i=1000,l=65",
        "pbkdf2-sha256:l=32,i=1000",
        "pbkdf2-sha256:i=1_000,l=32",
        "pbkdf2-sha256:i=1000",
        "scrypt:ln=18,r=8,p=1,l=64",
        "scrypt:ln=14,r=9,p=1,l=64",
        "scrypt:ln=14,r=8,p=6,l=64",
        "firebase-scrypt:ln=18,r=8",
        "firebase-scrypt:ln=14,r=0",
        "firebase-scrypt:ln=١٤,r=8",
        "bcrypt:scheme=10",
    ],
)
def test_what_is_no_kind_or_beyond_the_bounds_is_refused(text: str) -> None:
    """A hash must not take minutes or gigabytes: the function does not start with such a declaration."""
    with pytest.raises(ValueError, match=re.escape(text)):
        declared_kind(text)
