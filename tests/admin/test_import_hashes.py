"""The texts in which other systems keep a password hash, and what becomes of them."""

import hashlib
import json
import re
from base64 import b64encode, urlsafe_b64encode

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.imports.hash_texts import Hash, NotAHash, firebase, keycloak, read_hash
from edge_auth.credentials.passwords import check_password, hash_password
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.errors import InvalidCredentials

# Firebase's own example: https://github.com/firebase/scrypt
SIGNER_KEY = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
SEPARATOR, SALT = "Bw==", "42xEC+ixf3L2lw=="
HASH = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="


def b64(data: bytes) -> str:
    """Return base64 without padding."""
    return b64encode(data).rstrip(b"=").decode()


def pbkdf2(algorithm: str, password: str, salt: bytes, iterations: int, length: int | None = None) -> bytes:
    """Hash with Python's own PBKDF2."""
    return hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, iterations, length)


def assert_it_is_the_hash_of(password: str, read: Hash, declaration: str) -> None:
    """Check this password, and another one, as a login does."""
    assert read.declaration == declaration
    check_password(password.encode(), read.stored, checked_profiles(declaration))
    with pytest.raises(InvalidCredentials, match="wrong password"):
        check_password(password.encode() + b"x", read.stored, checked_profiles(declaration))


# jBCrypt's published vectors, with the names that C, PHP and Python give the same hash.
BCRYPT_ABC = "$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"
PASSLIB_SALT = bytes(range(16))
PASSLIB = {
    "sha1": f"$pbkdf2$1000${b64(PASSLIB_SALT)}${b64(pbkdf2('sha1', 'abc', PASSLIB_SALT, 1000))}",
    "sha256": f"$pbkdf2-sha256$1000${b64(PASSLIB_SALT)}${b64(pbkdf2('sha256', 'abc', PASSLIB_SALT, 1000))}",
    "sha512": f"$pbkdf2-sha512$1000${b64(PASSLIB_SALT)}${b64(pbkdf2('sha512', 'abc', PASSLIB_SALT, 1000))}",
}
OF_SCRYPT = hashlib.scrypt(b"abc", salt=b"KuLzWY4QyJwh", n=16_384, r=8, p=5, maxmem=67_108_864, dklen=64)
OF_ARGON2ID = hash_password(b"abc", entropy=bytes)
SHA256_ABC = hashlib.sha256(b"abc").hexdigest().encode()

TEXTS = {
    "bcrypt 2a": (f"$2a{BCRYPT_ABC}", "bcrypt:c=6"),
    "bcrypt 2b": (f"$2b{BCRYPT_ABC}", "bcrypt:c=6"),
    "bcrypt 2y": (f"$2y{BCRYPT_ABC}", "bcrypt:c=6"),
    "passlib sha1": (PASSLIB["sha1"].replace("+", "."), "pbkdf2-sha1:i=1000,l=20"),
    "passlib sha256": (PASSLIB["sha256"].replace("+", "."), "pbkdf2-sha256:i=1000,l=32"),
    "passlib sha512": (PASSLIB["sha512"].replace("+", "."), "pbkdf2-sha512:i=1000,l=64"),
    "scrypt": (
        f"$scrypt$ln=14,r=8,p=5${b64(b'KuLzWY4QyJwh')}${b64(OF_SCRYPT)}",
        "scrypt:ln=14,r=8,p=5,l=64",
    ),
    "argon2id": (OF_ARGON2ID, "m=19456,t=2,p=1"),
    "django pbkdf2": (
        f"pbkdf2_sha256$1000$KuLzWY4QyJwh${b64encode(pbkdf2('sha256', 'abc', b'KuLzWY4QyJwh', 1000)).decode()}",
        "pbkdf2-sha256:i=1000,l=32",
    ),
    "django pbkdf2 sha1": (
        f"pbkdf2_sha1$1000$KuLzWY4QyJwh${b64encode(pbkdf2('sha1', 'abc', b'KuLzWY4QyJwh', 1000)).decode()}",
        "pbkdf2-sha1:i=1000,l=20",
    ),
    "django scrypt": (
        f"scrypt$16384$KuLzWY4QyJwh$8$5${b64encode(OF_SCRYPT).decode()}",
        "scrypt:ln=14,r=8,p=5,l=64",
    ),
    "django argon2": (f"argon2{OF_ARGON2ID}", "m=19456,t=2,p=1"),
    "django bcrypt": (f"bcrypt$$2b{BCRYPT_ABC}", "bcrypt:c=6"),
    "django bcrypt of sha256": (
        "bcrypt_sha256$" + bcrypt.hashpw(SHA256_ABC, bcrypt.gensalt(4)).decode(),
        "bcrypt-sha256:c=4",
    ),
}


@pytest.mark.parametrize(("text", "declaration"), TEXTS.values(), ids=TEXTS.keys())
def test_a_hash_of_another_program_is_checked_after_it_was_read(text: str, declaration: str) -> None:
    """The other programs are published vectors, Python's hashlib and the bcrypt package."""
    assert_it_is_the_hash_of("abc", read_hash(text), declaration)


def test_a_hash_with_a_short_salt_is_refused() -> None:
    """The bound is 8 bytes. The example of Django's own tests has 7, and Django itself draws 12 or more."""
    text = "pbkdf2_sha256$1000$seasalt2$" + b64encode(pbkdf2("sha256", "lètmein", b"seasalt2", 1000)).decode()

    assert_it_is_the_hash_of("lètmein", read_hash(text), "pbkdf2-sha256:i=1000,l=32")
    with pytest.raises(NotAHash, match="a salt of 7 bytes"):
        read_hash("pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=")


def test_what_is_stored_is_read_again_as_it_is() -> None:
    """So users can be taken from one stack to another."""
    for text, declaration in TEXTS.values():
        read = read_hash(text)
        assert read_hash(read.stored) == read
        assert read.declaration == declaration


def test_a_hash_of_firebase_needs_no_key_after_it_was_read() -> None:
    """Firebase's own example. The signer key is taken off, so it is in no table and no function."""
    parameters = {"signer_key": SIGNER_KEY, "salt_separator": SEPARATOR, "rounds": 8, "mem_cost": 14}
    read = firebase(salt=SALT, password_hash=HASH, **parameters)  # type: ignore[arg-type]  # one mapping of two types

    assert_it_is_the_hash_of("user1password", read, "firebase-scrypt:ln=14,r=8")
    url_safe = urlsafe_b64encode(SALT.encode()).decode()
    assert SIGNER_KEY[:20] not in read.stored
    assert url_safe not in read.stored


def test_a_hash_of_firebase_that_supabase_keeps_is_the_same() -> None:
    """Supabase writes the project's parameters beside each hash that came from Firebase."""
    text = f"$fbscrypt$v=1,n=14,r=8,p=1,ss={SEPARATOR},sk={SIGNER_KEY}${SALT}${HASH}"

    assert_it_is_the_hash_of("user1password", read_hash(text), "firebase-scrypt:ln=14,r=8")


@pytest.mark.parametrize(
    ("algorithm", "python_name", "length"),
    [("pbkdf2-sha512", "sha512", 64), ("pbkdf2-sha256", "sha256", 64), ("pbkdf2", "sha1", 64)],
)
def test_a_hash_of_keycloak_says_how_long_its_result_is(algorithm: str, python_name: str, length: int) -> None:
    """Keycloak derives 64 bytes, so that SHA-256 takes twice the time of 32."""
    digest = pbkdf2(python_name, "abc", b"sixteen bytes :)", 1000, length)
    secret = {"value": b64encode(digest).decode(), "salt": b64encode(b"sixteen bytes :)").decode()}
    read = keycloak({"algorithm": algorithm, "hashIterations": 1000, "additionalParameters": {}}, secret)

    assert_it_is_the_hash_of("abc", read, f"pbkdf2-{python_name}:i=1000,l=64")


KEYCLOAK_ARGON2 = {
    "hashIterations": 2,
    "algorithm": "argon2",
    "additionalParameters": {
        "hashLength": ["32"],
        "memory": ["19456"],
        "type": ["id"],
        "version": ["1.3"],
        "parallelism": ["1"],
    },
}


def test_an_argon2_hash_of_keycloak_becomes_a_phc_string() -> None:
    """Its parameters are in the credential's data, each as a list of one text."""
    _, _, _, _, salt, digest = OF_ARGON2ID.split("$")
    read = keycloak(KEYCLOAK_ARGON2, {"value": digest + "=", "salt": salt + "=="})

    assert read.stored == OF_ARGON2ID
    assert_it_is_the_hash_of("abc", read, "m=19456,t=2,p=1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "!unusable",
        "md5$salt$900150983cd24fb0d6963f7d28e17f72",
        "pbkdf2_md5$1000$KuLzWY4QyJwh$AAAA",
        "$2x" + BCRYPT_ABC,
        "$2b$15$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$2b$31$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$2b" + BCRYPT_ABC[:-1],
        "bcrypt_sha256$x",
        TEXTS["django pbkdf2"][0].replace("$1000$", "$100000000$"),
        TEXTS["django pbkdf2"][0].replace("$1000$", "$-1$"),
        TEXTS["django pbkdf2"][0].replace("$1000$", "$correct horse$"),
        TEXTS["django pbkdf2"][0] + "!",
        TEXTS["django scrypt"][0].replace("16384", "16385"),
        TEXTS["django scrypt"][0].replace("16384", "1073741824"),
        TEXTS["django scrypt"][0].replace("16384", "0"),
        TEXTS["passlib sha256"][0] + "!",
        OF_ARGON2ID.replace("m=19456", "m=131073"),
        OF_ARGON2ID.replace("argon2id", "argon2i"),
        OF_ARGON2ID[:-2],
        f"$fbscrypt$v=1,n=30,r=8,p=1,ss={SEPARATOR},sk={SIGNER_KEY}${SALT}${HASH}",
        f"$fbscrypt$v=1,n=14,r=8,p=1,ss={SEPARATOR},sk={SIGNER_KEY}${SALT}${HASH[:44]}",
    ],
)
def test_what_is_no_hash_or_beyond_the_bounds_is_refused(text: str) -> None:
    """A hostile or damaged hash is refused before it is stored, and the message does not quote it."""
    with pytest.raises(NotAHash) as refused:
        read_hash(text)
    parts = [part for part in re.split(r"[$]", text) if len(part) > 8 and "=" not in part and not part.isdigit()]
    assert not [part for part in parts if part in str(refused.value)]


@pytest.mark.parametrize(
    "changed",
    [
        {"algorithm": "argon2", "additionalParameters": {}},
        {**KEYCLOAK_ARGON2, "additionalParameters": {"type": ["i"], "version": ["1.3"]}},
        {"algorithm": "bcrypt"},
        {"hashIterations": "1000"},
        {"hashIterations": 100_000_000},
        {"hashIterations": 1},
    ],
    ids=json.dumps,
)
def test_a_credential_of_keycloak_that_is_not_known_is_refused(changed: dict[str, object]) -> None:
    """Extensions of Keycloak have other algorithms. Beside it, the same credential without the change is taken."""
    credential = {"algorithm": "pbkdf2-sha256", "hashIterations": 1000, "additionalParameters": {}}
    secret = {"value": b64encode(bytes(32)).decode(), "salt": b64encode(bytes(16)).decode()}

    keycloak(credential, secret)
    with pytest.raises(NotAHash):
        keycloak({**credential, **changed}, secret)


@given(
    st.sampled_from([text for text, _ in TEXTS.values()]),
    st.integers(0, 200),
    st.text(alphabet="$,=:.+/-0123456789aAzZé\ud800\x00\n", max_size=4),
)
@settings(max_examples=500)
def test_a_damaged_hash_is_refused_or_within_the_bounds(text: str, place: int, put: str) -> None:
    """Whatever happens to a text, it raises one error, or its kind is one that a deployment may declare."""
    damaged = text[: place % len(text)] + put + text[place % len(text) + 1 :]
    try:
        read = read_hash(damaged)
    except NotAHash:
        return
    assert read.declaration in {kind.declaration for kind in checked_profiles(read.declaration)}
    assert len(read.stored) < 300


def test_a_hash_is_in_no_repr() -> None:
    """An error of a program shows the values of its variables."""
    assert "If6bvum7DFjUnE9p2uDeDu" not in repr(read_hash(f"$2b{BCRYPT_ABC}"))
