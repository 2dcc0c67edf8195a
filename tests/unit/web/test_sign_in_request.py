"""What every way to sign in reads of its request: the transport, and what the client had before."""

import pytest

from edge_auth.errors import CsrfFailed, InvalidRequest
from edge_auth.flows.sign_in.signed_in import SignInClient
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.web.body import Parameters
from edge_auth.web.cookie_transport import CookieTransport
from edge_auth.web.cookies import DEVICE_COOKIE, REFRESH_COOKIE
from edge_auth.web.request import Headers, Request
from edge_auth.web.sign_in_request import sign_in_client

APP = "https://app.example.com"
FROM_APP = {"origin": APP, "x-edge-auth": "1", "user-agent": "phone/1"}
COOKIES = f"{REFRESH_COOKIE}=refresh; __Host-Http-session=session; {DEVICE_COOKIE}=device"


def read(parameters: dict[str, object], **headers: str) -> SignInClient:
    """Read the request of a client at 192.0.2.7 with these parameters, and with these headers beside the page's."""
    every = {name: (value,) for name, value in {**FROM_APP, "cookie": COOKIES, **headers}.items() if value}
    request = Request("POST", "/auth/login", b"", {"identity": {"sourceIp": "192.0.2.7"}}, Headers(every, every))
    return sign_in_client(request, Parameters(parameters), CookieTransport(APP))


@pytest.mark.parametrize("transport", [{}, {"transport": "body"}, {"transport": ""}])
def test_in_bodies_the_device_token_is_a_parameter(transport: dict[str, object]) -> None:
    """No cookie is read then, and no page has to be known. A device token of another type is none."""
    client = ClientDescription("Ada's phone", "phone/1", "192.0.2.0/24")
    parameters = {"device_token": "given", "client_name": "Ada's phone", **transport}

    assert read(parameters, origin="") == SignInClient("192.0.2.7", client, "body", "given")
    assert read({**parameters, "device_token": 5}).device_token == ""


@pytest.mark.parametrize(("transport", "earlier"), [("cookie", "refresh"), ("session", "session")])
def test_in_cookies_both_tokens_are_those_of_the_cookies(transport: str, earlier: str) -> None:
    """The session before is the one of the same transport. A device token in the body is not read."""
    found = read({"transport": transport, "device_token": "given"})

    client = ClientDescription("", "phone/1", "192.0.2.0/24")
    assert found == SignInClient("192.0.2.7", client, transport, "device", earlier)
    assert read({"transport": transport}, cookie="")[3:] == ("", "")


@pytest.mark.parametrize("transport", ["cookie", "session"])
@pytest.mark.parametrize("change", [{"origin": ""}, {"origin": "https://evil.example"}, {"x-edge-auth": ""}])
def test_cookies_come_from_a_page_of_the_list(transport: str, change: dict[str, str]) -> None:
    """C7: also at a login, where a foreign page could sign a user in as somebody else (RFC 6265 §8.2)."""
    with pytest.raises(CsrfFailed):
        read({"transport": transport}, **change)


@pytest.mark.parametrize("transport", ["Cookie", "header", 5, ["body"]])
def test_another_transport_is_refused(transport: object) -> None:
    """A client that misspells it would get its tokens where it does not look for them."""
    with pytest.raises(InvalidRequest, match="transport"):
        read({"transport": transport})
