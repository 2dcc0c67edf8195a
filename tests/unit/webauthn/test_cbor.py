"""The reader of CBOR: what it reads, as another library writes it, and what it refuses."""

from collections.abc import Callable

import pytest
from fido2 import cbor as other_cbor
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.webauthn.cbor import read_map
from edge_auth.webauthn.refusal import NotVerified

NAMES = st.integers(-(2**63), 2**63 - 1) | st.text()
LEAVES = NAMES | st.binary() | st.booleans()


def of_names(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[object, object]]:
    """Return maps with such values."""
    return st.dictionaries(NAMES, values, max_size=4)


INNER = LEAVES | st.lists(LEAVES, max_size=4) | of_names(LEAVES)


@given(of_names(INNER | st.lists(INNER, max_size=3)), st.binary(max_size=3))
def test_what_another_library_writes_is_read(value: dict[object, object], behind: bytes) -> None:
    """With its types, and where it ends."""
    written = other_cbor.encode(value)
    read, end = read_map(written + behind)
    assert (read, end) == (value, len(written))
    assert other_cbor.encode(read) == written  # so also the types: true is not 1


REFUSED = {
    "nothing": "",
    "no map": "80",
    "a bare number": "01",
    "a map that ends early": "a1",
    "a value that ends early": "a10158ff00",
    "a length that ends early": "a10159ff",
    "a length of 2**64 - 1": "a1015bffffffffffffffff",
    "a map of 2**64 - 1": "bbffffffffffffffff",
    "an array of 2**32 - 1": "a1019affffffff",
    "a map without an end": "bf0101ff",
    "a text without an end": "a1017f6161ff",
    "bytes without an end": "a1015f4101ff",
    "an array without an end": "a1019f01ff",
    "a reserved length": "a1011c",
    "a name twice": "a201010102",
    "a name twice in two spellings": "a20101180102",
    "true as a name": "a1f501",
    "bytes as a name": "a1410101",
    "an array as a name": "a18001",
    "null": "a101f6",
    "undefined": "a101f7",
    "another simple value": "a101f820",
    "a float": "a101f93c00",
    "a tag": "a101c101",
    "a text that is no UTF-8": "a10161ff",
    "a fifth level": "a101a101a101a10180",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(data: str) -> None:
    """RFC 8949 §5.3.1 and CTAP2 §8: also what no authenticator writes, and what would cost much time or memory."""
    with pytest.raises(NotVerified, match="CBOR"):
        read_map(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("data", "value"),
    [("a101a101a101a0", {1: {1: {1: {}}}}), ("a10120", {1: -1}), ("a1011801", {1: 1}), ("a101f4", {1: False})],
)
def test_the_neighbours_of_what_is_refused_are_read(data: str, value: dict[object, object]) -> None:
    """Four levels, a negative number, a number that could be shorter, and false."""
    assert read_map(bytes.fromhex(data)) == (value, len(data) // 2)


@given(st.binary(max_size=60), st.sampled_from([lambda data: data, lambda data: b"\xa3" + data]))
def test_no_bytes_raise_another_error(data: bytes, lead: Callable[[bytes], bytes]) -> None:
    """Whatever comes from a network."""
    try:
        _, end = read_map(lead(data))
    except NotVerified:
        return
    assert end <= len(lead(data))


def test_nesting_is_refused_before_it_is_deep() -> None:
    """A hostile object cannot exhaust the stack."""
    with pytest.raises(NotVerified, match="depth"):
        read_map(b"\xa1\x01" + b"\x81" * 100_000)
