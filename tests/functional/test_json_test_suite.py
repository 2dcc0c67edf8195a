"""The files of JSONTestSuite: as the body of a request, and for each reader of JSON that strangers write.

Most of the files are arrays, and our readers take objects only. So a file comes in two forms: alone, and as a member
that nobody reads, in an object that is good otherwise. In the second form, only the file can be a reason to refuse it.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_auth import base64url
from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import verification_key
from edge_auth.strict_json import NotStrictJson, json_object
from edge_auth.tokens.verifier import Verifier
from edge_auth.webauthn.client_data import GET, check_client_data
from edge_auth.webauthn.refusal import NotVerified
from tests.support.access_tokens import AUDIENCE, ISSUER, NOW, assemble, key, payload, signed_token, to_json
from tests.support.answers import INVALID_GRANT, INVALID_REQUEST
from tests.support.sample_events import with_body
from tests.support.stack import Answer, Function

FILES = {path.name: path.read_bytes() for path in Path(__file__).with_name("json_test_suite").glob("test_parsing/*")}
# The first letter is the suite's verdict: yes, no, or either.
VALID, INVALID, EITHER = (
    {name: data for name, data in FILES.items() if name.startswith(f"{letter}_")} for letter in "yni"
)
# RFC 8259 §4 leaves open what a member means that comes twice. We refuse it.
DUPLICATES = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
# No claim of ours has a fraction or an exponent.
FRACTIONS = {
    "y_number.json",
    "y_number_0e+1.json",
    "y_number_0e1.json",
    "y_number_double_close_to_zero.json",
    "y_number_int_with_exp.json",
    "y_number_real_capital_e.json",
    "y_number_real_capital_e_neg_exp.json",
    "y_number_real_capital_e_pos_exp.json",
    "y_number_real_exponent.json",
    "y_number_real_fraction_exponent.json",
    "y_number_real_neg_exp.json",
    "y_number_real_pos_exponent.json",
    "y_number_simple_real.json",
    "y_object_extreme_numbers.json",
    "y_structure_lonely_negative_real.json",
}
# A well-formed refresh, whose token is dead: it is answered from its form alone.
DEAD = {"refresh_token": "x"}
CLIENT_DATA = {"type": GET, "challenge": "c", "origin": "https://example.org"}
ES256 = key("ES256")
VERIFIER = Verifier([verification_key(ES256.public_jwk())], audience=AUDIENCE)


class Reader(NamedTuple):
    """A reader: an object that it takes, the error that it declares, and the valid files that it refuses by a rule."""

    good: Mapping[str, object]
    read: Callable[[bytes], object]
    refusal: type[Exception]
    refused: set[str]

    def takes(self, data: bytes) -> bool:
        """Return whether it takes these bytes. Any error but the declared one is raised."""
        try:
            self.read(data)
        except self.refusal:
            return False
        return True


def read_claims(data: bytes) -> object:
    """Verify a token with these claims, which our key has signed."""
    return VERIFIER.verify(signed_token(data, signed_by=ES256), issuer=ISSUER, now_seconds=NOW)


def read_client_data(data: bytes) -> None:
    """Check the client data of a passkey."""
    check_client_data(data, kind=GET, challenge="c", origins=frozenset({"https://example.org"}))


READERS = {
    "body": Reader(DEAD, json_object, NotStrictJson, DUPLICATES),
    "claims": Reader(payload(), read_claims, InvalidToken, DUPLICATES | FRACTIONS),
    "client data": Reader(CLIENT_DATA, read_client_data, NotVerified, DUPLICATES),
}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    """Return a reader of JSON that strangers write."""
    return READERS[request.param]


def as_member(data: bytes, good: Mapping[str, object]) -> bytes:
    """Return the good object with one more member, which these bytes are the value of."""
    return to_json(good).removesuffix(b"}") + b',"more":' + data + b"}"


def asked(function: Function, body: bytes) -> Answer:
    """Send a body of JSON, as API Gateway passes on bytes that may be no text."""
    return function({**with_body("refresh-json", b64encode(body).decode()), "isBase64Encoded": True})


def is_utf8(data: bytes) -> bool:
    """Return whether these bytes are UTF-8 without a byte order mark."""
    try:
        return not data.decode("utf-8").startswith("\ufeff")
    except UnicodeDecodeError:
        return False


def test_the_suite_is_whole() -> None:
    """A file that is missing would show nothing."""
    assert (len(VALID), len(INVALID), len(EITHER)) == (95, 188, 35)
    assert len(FILES) == 95 + 188 + 35


def test_a_body_that_is_no_json_is_malformed(refresh: Function) -> None:
    """L2: 400 with `invalid_request` and `no-store`, with the same bytes for every such body."""
    for name, data in INVALID.items():
        assert asked(refresh, data) == INVALID_REQUEST, name
        assert asked(refresh, as_member(data, DEAD)) == INVALID_REQUEST, name


def test_a_body_of_valid_json_is_read(refresh: Function) -> None:
    """The reason of a refusal is that there is no token in the body, or a member that comes twice (A10)."""
    for name, data in VALID.items():
        assert asked(refresh, data) == INVALID_REQUEST, name
        expected = INVALID_REQUEST if name in DUPLICATES else INVALID_GRANT
        assert asked(refresh, as_member(data, DEAD)) == expected, name


def test_a_body_that_parsers_disagree_about_is_refused_unless_it_is_utf_8(refresh: Function) -> None:
    """L2, RFC 8259 §8.1: other encodings and a byte order mark are malformed. Large numbers are read."""
    for name, data in EITHER.items():
        assert asked(refresh, data) == INVALID_REQUEST, name
        expected = INVALID_GRANT if is_utf8(data) else INVALID_REQUEST
        assert asked(refresh, as_member(data, DEAD)) == expected, name


def test_no_reader_takes_what_is_no_json(reader: Reader) -> None:
    """Each file is refused with the error that the reader declares, alone and as a member (L2, Z5)."""
    taken = {name for name, data in INVALID.items() if reader.takes(data) or reader.takes(as_member(data, reader.good))}

    assert taken == set()


def test_a_reader_takes_valid_json_but_for_its_own_rules(reader: Reader) -> None:
    """The files that it refuses have a member that comes twice or, in claims, a number that is not whole."""
    refused = {name for name, data in VALID.items() if not reader.takes(as_member(data, reader.good))}

    assert reader.takes(to_json(reader.good))
    assert refused == reader.refused


def test_a_reader_raises_no_other_error(reader: Reader) -> None:
    """This holds also for a file that is the whole text, and for files that parsers disagree about."""
    for data in (*VALID.values(), *EITHER.values()):
        reader.takes(data)
    for data in EITHER.values():
        assert not reader.takes(as_member(data, reader.good)) or is_utf8(data)


def test_the_header_of_a_token_is_not_read_as_json() -> None:
    """Z1: every header but our own is refused, whether it is JSON or not."""

    def is_taken(header: bytes) -> bool:
        token = assemble(base64url.encode(header), base64url.encode(to_json(payload())), ES256.private_key)
        try:
            VERIFIER.verify(token, issuer=ISSUER, now_seconds=NOW)
        except InvalidToken:
            return False
        return True

    assert {name for name, data in FILES.items() if is_taken(data)} == set()
