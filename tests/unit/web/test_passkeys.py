"""Passkeys in requests and answers, in the JSON forms of WebAuthn §5.1."""

import json
from typing import Any

import pytest

from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import InvalidRequest
from edge_auth.flows.accounts.own_passkeys import NewPasskey, Registration
from edge_auth.flows.sign_in.passkey_check import PresentedPasskey
from edge_auth.web.body import Parameters
from edge_auth.web.passkeys import creation_options, credential_id, new_passkey, passkey_list, presented_passkey
from edge_auth.web.response import Response
from edge_auth.webauthn.ceremonies import Assertion

PASSKEY = RegisteredPasskey(
    credential_id=b"\xfb\xef\xff",
    public_key=b"key",
    sign_count=7,
    is_backup_eligible=True,
    is_backed_up=False,
    name="phone",
    created_at_seconds=1_800_000_000,
    used_at_seconds=1_800_000_001,
    transports=("hybrid", "internal"),
)
REGISTRATION: dict[str, Any] = {
    "type": "public-key",
    "response": {"clientDataJSON": "YQ", "attestationObject": "Yg", "transports": ["usb"]},
}
SIGN_IN: dict[str, Any] = {
    "type": "public-key",
    "id": "ZA",
    "response": {"clientDataJSON": "YQ", "authenticatorData": "Yg", "signature": "Yw", "userHandle": "ZQ"},
}


def sent(response: Response) -> tuple[object, Any]:
    """Return the status and the body of an answer."""
    event = response.to_event()
    return event["statusCode"], json.loads(str(event["body"]))


def test_the_options_of_a_registration_are_those_of_webauthn() -> None:
    """WebAuthn §5.4: a resident key with user verification, no attestation, and no second passkey in one authenticator.

    The challenge lives for five minutes, so the browser may ask the user for as long (§15.1).
    """
    options = creation_options(Registration("challenge", "A" * 22, "ada", (PASSKEY,)), rp_id="app.example.com")

    assert sent(options) == (
        200,
        {
            "challenge": "challenge",
            "timeout": 300_000,
            "rp": {"id": "app.example.com", "name": "app.example.com"},
            "user": {"id": "A" * 22, "name": "ada", "displayName": "ada"},
            "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in (-7, -8, -257)],
            "excludeCredentials": [{"type": "public-key", "id": "--__", "transports": ["hybrid", "internal"]}],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        },
    )


def test_a_user_sees_of_a_passkey_what_tells_it_from_others() -> None:
    """Neither its key nor its counter."""
    assert sent(passkey_list((PASSKEY, PASSKEY._replace(credential_id=b"", is_backup_eligible=False)))) == (
        200,
        {
            "passkeys": [
                {
                    "id": identifier,
                    "name": "phone",
                    "created_at": 1_800_000_000,
                    "last_used_at": 1_800_000_001,
                    "synced": is_synced,
                }
                for identifier, is_synced in (("--__", True), ("", False))
            ]
        },
    )


def test_what_a_browser_presents_at_a_sign_in_is_read() -> None:
    """Each member has its own place, and what a browser adds is ignored."""
    credential = {**SIGN_IN, "rawId": "x", "authenticatorAttachment": 5}

    assert presented_passkey(Parameters({"credential": credential})) == PresentedPasskey(
        b"d", Assertion(client_data=b"a", authenticator_data=b"b", signature=b"c", user_handle=b"e")
    )


def test_what_a_browser_sends_of_a_new_passkey_is_read() -> None:
    """The name is the user's own, and beside the credential. Neither it nor the transports have to be there."""
    named = new_passkey(Parameters({"credential": REGISTRATION, "name": "phone"}))
    bare = {"clientDataJSON": "YQ", "attestationObject": "Yg"}

    assert named == NewPasskey(client_data=b"a", attestation_object=b"b", transports=("usb",), name="phone")
    assert new_passkey(Parameters({"credential": {**REGISTRATION, "response": bare}})) == NewPasskey(b"a", b"b", (), "")


def test_a_new_passkey_has_sixteen_transports_at_most() -> None:
    """WebAuthn §5.8.4 names six. The limit leaves room, and bounds what is read."""

    def with_transports(count: int) -> Parameters:
        response = {**REGISTRATION["response"], "transports": ["usb"] * count}
        return Parameters({"credential": {**REGISTRATION, "response": response}})

    assert new_passkey(with_transports(16)).transports == ("usb",) * 16
    with pytest.raises(InvalidRequest, match=r"^transports"):
        new_passkey(with_transports(17))


@pytest.mark.parametrize("kind", [None, "", "password", "Public-Key", 5])
def test_a_credential_of_another_type_is_refused(kind: object) -> None:
    """WebAuthn §5.8.2 knows one type."""
    for credential, read in ((SIGN_IN, presented_passkey), (REGISTRATION, new_passkey)):
        with pytest.raises(InvalidRequest, match="type"):
            read(Parameters({"credential": {**credential, "type": kind}}))


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", [None, "*", "YQ==", "Y", 5])
def test_a_member_that_is_not_base64url_is_named(member: str, value: object) -> None:
    """A browser writes every binary member of a sign-in in base64url without padding (WebAuthn §5.1)."""
    credential = {**SIGN_IN, "response": {**SIGN_IN["response"], member: value}}

    with pytest.raises(InvalidRequest, match=f"^{member} is not"):
        presented_passkey(Parameters({"credential": credential}))


def test_an_id_in_a_path_is_read_or_is_the_id_of_no_passkey() -> None:
    """So the answer to a damaged id is that to an unknown one."""
    assert [credential_id(text) for text in ("--__", "++//", "*", "")] == [b"\xfb\xef\xff", b"", b"", b""]
