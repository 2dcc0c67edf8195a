"""A user with software passkeys, who calls the functions as a page does."""

import json
from typing import Any

from edge_auth import base64url
from edge_auth.tokens.token_form import id_bytes
from tests.support.people import ADA_ID
from tests.support.sample_events import Event, called_by, sample, with_json
from tests.support.software_passkeys import ORIGIN, RP_ID, UP, UV, Ceremony, as_json, private_key
from tests.support.stack import Answer, Function, Stack

PARAMETERS = {"PasskeyRpId": RP_ID, "PasskeyOrigins": f"{ORIGIN},https://login.example.org"}


def for_passkeys(stack: Stack) -> Stack:
    """Return the stack with passkeys."""
    return stack.with_parameters(**PARAMETERS)


def phone(number: int = 0, algorithm: str = "ES256", **changes: object) -> Ceremony:
    """Return one of ada's passkeys."""
    ceremony = Ceremony(
        private_key(algorithm, number),
        credential_id=f"credential of ada {number}".encode(),
        flags=UP | UV,
        user_handle=id_bytes(ADA_ID),
    )
    return ceremony.edited(**changes)


def passkey_id(ceremony: Ceremony) -> str:
    """Return the id of a passkey as answers have it."""
    return base64url.encode(ceremony.credential_id)


def registration_event(session_id: str, user_id: str = ADA_ID) -> Event:
    """Return the request for a challenge to register with."""
    return called_by(sample("passkeys-registration"), user_id, session_id)


def register_event(ceremony: Ceremony, session_id: str, *, name: object = "phone", user_id: str = ADA_ID) -> Event:
    """Return the request that adds the passkey that a ceremony makes."""
    client_data, attestation = ceremony.registration()
    credential = as_json(ceremony, {"clientDataJSON": client_data, "attestationObject": attestation})
    response: Any = credential["response"]
    response["transports"] = ["usb", "internal", "telepathy"]
    return called_by(with_json("passkeys-register", {"credential": credential, "name": name}), user_id, session_id)


def list_event(session_id: str, user_id: str = ADA_ID) -> Event:
    """Return the request for the list."""
    return called_by(sample("passkeys"), user_id, session_id)


def one_event(name: str, ceremony: Ceremony, session_id: str, *, body: object = None, user_id: str = ADA_ID) -> Event:
    """Return a request about one passkey."""
    event = called_by(sample(name), user_id, session_id)
    event["pathParameters"] = {"passkey_id": passkey_id(ceremony)}
    if body is not None:
        event["body"] = json.dumps(body)
    return event


def sign_in_event(ceremony: Ceremony, **parameters: object) -> Event:
    """Return the request of a sign-in with what a ceremony has signed."""
    assertion = ceremony.assertion()
    response = {
        "clientDataJSON": assertion.client_data,
        "authenticatorData": assertion.authenticator_data,
        "signature": assertion.signature,
        "userHandle": assertion.user_handle,
    }
    return with_json("passkeys-sign-in", {"credential": as_json(ceremony, response), **parameters})


def challenged(passkey_sign_in: Function) -> str:
    """Return a fresh challenge for a sign-in."""
    answer = passkey_sign_in(sample("passkeys-options"))
    assert answer.status == 200
    challenge: str = answer.json["challenge"]
    return challenge


def register(passkeys: Function, session_id: str, ceremony: Ceremony) -> Answer:
    """Register a passkey, from the challenge on."""
    begun = passkeys(registration_event(session_id))
    assert begun.status == 200, begun
    return passkeys(register_event(ceremony.edited(challenge=begun.json["challenge"]), session_id))


def sign_in(passkey_sign_in: Function, ceremony: Ceremony, **parameters: object) -> Answer:
    """Sign in with a passkey, from the challenge on."""
    return passkey_sign_in(sign_in_event(ceremony.edited(challenge=challenged(passkey_sign_in)), **parameters))
