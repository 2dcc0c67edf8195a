"""The parameters of a request body: a body is read strictly, or it is refused."""

import base64
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.errors import AuthError, InvalidRequest, UnsupportedMediaType
from edge_auth.web.body import FORM, Parameters, form_parameters, json_parameters
from edge_auth.web.request import request_from
from tests.support.sample_events import proxy_event


def json_of(body: str | None, content_type: str | None = "application/json") -> dict[str, object]:
    """Read a JSON body."""
    return json_parameters(request_from(proxy_event(body, content_type=content_type)))._values


def form_of(body: str | None, content_type: str | None = FORM) -> dict[str, object]:
    """Read a form."""
    return form_parameters(request_from(proxy_event(body, content_type=content_type)))._values


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json,x",
        FORM,
    ],
)
def test_json_comes_as_json_only(content_type: str | None) -> None:
    """A browser could send any other type to another site without a preflight (C9)."""
    with pytest.raises(UnsupportedMediaType):
        json_of("{}", content_type)


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "multipart/form-data; boundary=x", "application/json"]
)
def test_a_form_comes_as_a_form_only(content_type: str | None) -> None:
    """RFC 6749 §6 allows one content type."""
    with pytest.raises(UnsupportedMediaType):
        form_of("a=1", content_type)


def test_a_base64_body_is_decoded() -> None:
    """A body is decoded if API Gateway marks it as base64, and not otherwise (L2)."""
    encoded = base64.b64encode(b'{"a":"x"}').decode()
    assert json_parameters(request_from({**proxy_event(encoded), "isBase64Encoded": True})).text("a") == "x"
    with pytest.raises(InvalidRequest):
        json_of(encoded)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        " ",
        "x",
        "{",
        "{}{}",
        "null",
        "true",
        "5",
        '"text"',
        "[]",
        '[{"a":1}]',
        "{'a':1}",
        '{"a":1,}',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '\ufeff{"a":1}',
        '{"a":"\x01"}',
        "[" * 8000,
        '{"a":' * 1600,
        '{"a":' + "9" * 5000 + "}",
        "a=1",
    ],
)
def test_anything_but_one_json_object_is_malformed(body: str | None) -> None:
    """This covers bodies that Python's parser would accept, and bodies that would exhaust it (A10, L2)."""
    with pytest.raises(InvalidRequest):
        json_of(body)


def test_a_json_body_in_another_encoding_is_malformed() -> None:
    """Only UTF-8 is accepted (Z5, L2)."""
    for encoding in ("utf-16", "utf-32", "utf-16-le"):
        encoded = base64.b64encode('{"a":"x"}'.encode(encoding)).decode()
        with pytest.raises(InvalidRequest):
            json_parameters(request_from({**proxy_event(encoded), "isBase64Encoded": True}))


@pytest.mark.parametrize(
    "body", ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"b":{"a":1,"a":2}}', '{"b":[{"a":1,"a":1}]}']
)
def test_a_json_member_comes_once(body: str) -> None:
    """A repeated member is refused at any depth and in any spelling (A10)."""
    with pytest.raises(InvalidRequest):
        json_of(body)


@pytest.mark.parametrize("body", ["a=1&a=1", "a=1&b=2&a=3", "a=&a=1", "a=1&a", "%61=1&a=2"])
def test_a_form_parameter_comes_once(body: str) -> None:
    """A repeated parameter is refused in any spelling, by every way to read it (RFC 6749 §3.2, A10)."""
    parameters = form_parameters(request_from(proxy_event(body, content_type=FORM)))
    for read in (parameters.text, parameters.optional_text, parameters.flag):
        with pytest.raises(InvalidRequest, match=r"^a is repeated$"):
            read("a")


def test_an_unknown_form_parameter_may_come_several_times() -> None:
    """RFC 8707 §2: a client may name several resources; nothing reads them, so they do no harm (A10)."""
    body = "resource=https://a.example&a=1&resource=https://b.example"
    parameters = form_parameters(request_from(proxy_event(body, content_type=FORM)))
    assert (parameters.text("a"), parameters.optional_text("b")) == ("1", "")


@pytest.mark.parametrize("body", ["a=%ff", "a=é", "&".join(f"p{n}=1" for n in range(33)), "&" * 32])
def test_a_damaged_form_is_malformed(body: str) -> None:
    """The encoding is UTF-8, and the number of pairs is limited (A10, L2)."""
    with pytest.raises(InvalidRequest):
        form_of(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, {}),
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1&b=", {"a": "1"}),
        ("a=1&b", {"a": "1"}),
        ("a", {}),
        ("&", {}),
        *((body, {"a": "1", "b": "2"}) for body in ("a=1&b=2&", "&a=1&b=2", "a=1&&b=2")),
        ("a=x+y%20z%2B", {"a": "x y z+"}),
        (
            "grant_type=refresh_token&refresh_token=edgeauth_rt_A-_z",
            {"grant_type": "refresh_token", "refresh_token": "edgeauth_rt_A-_z"},
        ),
        ("a=1;b=2", {"a": "1;b=2"}),
    ],
)
def test_a_form_is_read(body: str | None, expected: dict[str, str]) -> None:
    """An empty value counts as absent (RFC 6749 §3.2, A10)."""
    assert form_of(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{}", {}),
        (' {"a" : "x"}\n', {"a": "x"}),
        ('{"a":"x","b":"","c":null,"d":false}', {"a": "x", "d": False}),
        ('{"a":"\\ud83d\\ude00é"}', {"a": "😀é"}),
    ],
)
def test_a_json_object_is_read(body: str, expected: dict[str, object]) -> None:
    """An empty text and `null` count as absent (A10)."""
    assert json_of(body) == expected


@pytest.mark.parametrize("value", [None, 1, 1.5, True, False, [], ["x"], {}, "\ud800", "a\udfff"])
def test_a_text_parameter_is_a_text(value: object) -> None:
    """A number, a flag, a list, an object and a lone surrogate are refused (P10, L2)."""
    with pytest.raises(InvalidRequest):
        Parameters({"a": value}).text("a")


def test_a_text_parameter_must_be_there() -> None:
    """The error names the parameter and does not show its value."""
    with pytest.raises(InvalidRequest, match=r"^a is not a text$"):
        Parameters({"b": "s3cret"}).text("a")
    assert Parameters({"a": "x"}).text("a") == "x"


@pytest.mark.parametrize("value", [0, 1, "true", "false", [], {}])
def test_a_flag_is_true_or_false(value: object) -> None:
    """Every other value is refused, including values that look like a flag (L2)."""
    with pytest.raises(InvalidRequest):
        Parameters({"all": value}).flag("all")


def test_an_absent_flag_is_false() -> None:
    """The default is the safer value."""
    assert [Parameters(p).flag("all") for p in ({}, {"all": None}, {"all": False}, {"all": ""}, {"all": True})] == [
        False,
        False,
        False,
        False,
        True,
    ]


@given(st.dictionaries(st.text(alphabet="abc\u00e9 &=+%", min_size=1), st.text(min_size=1), max_size=6))
def test_what_a_stock_client_encodes_is_read_back(parameters: dict[str, str]) -> None:
    """The test encodes any text with the standard library."""
    try:
        body = urlencode(parameters)
    except UnicodeEncodeError:
        return
    assert form_of(body) == parameters


@given(st.text(max_size=200), st.sampled_from(["application/json", FORM]), st.booleans())
def test_no_body_raises_anything_but_an_answer(body: str, content_type: str, encoded: bool) -> None:  # noqa: FBT001 - both ways
    """Every body is read or refused with an error that has an answer (L1, L2)."""
    try:
        request = request_from({**proxy_event(body, content_type=content_type), "isBase64Encoded": encoded})
        parameters = (form_parameters(request) if content_type == FORM else json_parameters(request))._values
    except AuthError:
        return
    assert not [value for value in parameters.values() if value in ("", None)]


def test_an_optional_text_has_a_default() -> None:
    """The parameter may be absent or empty. A value that is present must be a text."""
    assert [Parameters(p).optional_text("a") for p in ({}, {"a": ""}, {"a": None})] == ["", "", ""]
    assert Parameters({}).optional_text("a", "x") == "x"
    assert Parameters({"a": "y"}).optional_text("a", "x") == "y"
    with pytest.raises(InvalidRequest, match=r"^a is not a text$"):
        Parameters({"a": 1}).optional_text("a", "x")


def test_members_of_an_object_are_parameters() -> None:
    """At any depth, with the same rules."""
    parameters = Parameters({"outer": {"inner": {"text": "a", "empty": ""}}})
    inner = parameters.members("outer").members("inner")
    assert inner.text("text") == "a"
    assert not inner.has("empty")


@pytest.mark.parametrize("value", [None, "", "{}", [], ["a"], 0, True])
def test_anything_else_is_no_object(value: object) -> None:
    """A required object that is absent is refused, too."""
    with pytest.raises(InvalidRequest):
        Parameters({"outer": value}).members("outer")


@pytest.mark.parametrize(("value", "texts"), [(None, ()), ([], ()), (["a"], ("a",)), (["a", "b"], ("a", "b"))])
def test_a_list_of_texts_is_read_in_order(value: object, texts: tuple[str, ...]) -> None:
    """It is empty if it is absent."""
    assert Parameters({"texts": value}).texts("texts", at_most=2) == texts


@pytest.mark.parametrize("value", ["a", 0, {}, {"a": "b"}, ["a", "b", "c"], ["a", 1], [None], [["a"]]])
def test_another_list_is_refused(value: object) -> None:
    """Also one that is too long."""
    with pytest.raises(InvalidRequest):
        Parameters({"texts": value}).texts("texts", at_most=2)


@pytest.mark.parametrize(("value", "text"), [("a", "a"), ("", ""), (None, ""), (5, ""), (["a"], "")])
def test_any_text_is_a_text_or_nothing(value: object, text: str) -> None:
    """It is for what may be damaged without harm, such as a device token. It never raises, also for a repeated one."""
    assert Parameters({"a": value}).any_text("a") == text
    assert Parameters({"a": value}, repeated={"a"}).any_text("a") == ""
    assert Parameters({}).any_text("a") == ""


def test_a_parameter_that_came_more_than_once_is_there() -> None:
    """So a request with two of them is not taken for one without any."""
    assert Parameters({}, repeated={"a"}).has("a")
    assert Parameters({"a": False}).has("a")
    assert not Parameters({"a": ""}).has("a")


def test_a_repeated_list_or_object_is_refused() -> None:
    """A10: as a text is."""
    parameters = Parameters({"a": []}, repeated={"a"})
    for read in (parameters.members, lambda name: parameters.texts(name, at_most=2)):
        with pytest.raises(InvalidRequest, match=r"^a is repeated$"):
            read("a")
