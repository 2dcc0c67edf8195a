"""The cookies of a browser, as they are read and written."""

import pytest

from edge_auth.errors import InvalidRequest
from edge_auth.web.cookies import DEVICE_COOKIE, REFRESH_COOKIE, cookies, kept, one_cookie, removed
from edge_auth.web.request import Headers


def headers(*values: str) -> Headers:
    """Return the headers of a request with these values of `Cookie`."""
    return Headers({"cookie": values[-1:]}, {"cookie": values})


@pytest.mark.parametrize("name", [REFRESH_COOKIE, DEVICE_COOKIE])
def test_a_cookie_is_of_this_host_and_of_no_script(name: str) -> None:
    """C1: the prefix asks for Secure, for Path=/ and for no Domain, and each answer has exactly these attributes."""
    assert name.startswith("__Host-Http-")
    assert kept(name, "value", max_age_seconds=60) == (
        f"{name}=value; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60"
    )


def test_a_cookie_is_removed_with_the_attributes_that_it_was_set_with() -> None:
    """C2: otherwise a browser keeps it."""
    assert removed("a") == kept("a", "", max_age_seconds=0)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((), []),
        (("",), []),
        (("a=1",), ["1"]),
        (("b=2; a=1; c=3",), ["1"]),
        (("b=2;a=1",), ["1"]),
        (("b=2; \ta=1\t;",), ["1"]),
        (("b=2", "a=1", "c=3"), ["1"]),
        (("a=1; a=2",), ["1", "2"]),
        (("a=1", "a=1"), ["1", "1"]),
        (("a=1=2=",), ["1=2="]),
        (('a="1"',), ['"1"']),
        (("a=",), [""]),
        (("a=1X; X=2",), ["1X"]),
        (("Xa=1",), []),
        (("a",), []),
        (("A=1; aa=1; a =1; =a; ;;",), []),
    ],
)
def test_each_cookie_of_the_name_is_found(values: tuple[str, ...], found: list[str]) -> None:
    """C6: names have a case, values stay as they are, and all headers count."""
    assert cookies("a", headers(*values)) == found


def test_several_cookies_of_one_name_are_refused() -> None:
    """C6: no browser sends two of a `__Host-` name."""
    assert one_cookie("a", headers("b=1")) == ""
    assert one_cookie("a", headers("b=1; a=2")) == "2"
    with pytest.raises(InvalidRequest):
        one_cookie("a", headers("a=2; a=2"))
