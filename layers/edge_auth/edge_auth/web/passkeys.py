"""Passkeys in requests and answers: the JSON forms of WebAuthn §5.1, which browsers read and write by themselves.

`PublicKeyCredential.parseRequestOptionsFromJSON` and `parseCreationOptionsFromJSON` take the options as they are, and
`toJSON()` makes the credentials. What a browser adds to a credential besides is ignored.
"""

from typing import NoReturn

from edge_auth import base64url
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import InvalidRequest
from edge_auth.flows.accounts.own_passkeys import NewPasskey, Registration
from edge_auth.flows.sign_in.passkey_check import PresentedPasskey
from edge_auth.flows.sign_in.passkey_request import CREDENTIAL_TYPE, descriptor
from edge_auth.tokens.passkey_challenge import LIFETIME_SECONDS
from edge_auth.web.body import Parameters
from edge_auth.web.response import Response
from edge_auth.webauthn.ceremonies import Assertion
from edge_auth.webauthn.public_key import ALGORITHMS

MAX_TRANSPORTS = 16


def creation_options(registration: Registration, *, rp_id: str) -> Response:
    """Answer with the options of a registration (WebAuthn §5.4). The id of the user is the user handle."""
    body = {
        "challenge": registration.challenge,
        "timeout": LIFETIME_SECONDS * 1000,
        "rp": {"id": rp_id, "name": rp_id},
        "user": {
            "id": registration.user_id,
            "name": registration.username,
            "displayName": registration.username,
        },
        "pubKeyCredParams": [{"type": CREDENTIAL_TYPE, "alg": algorithm} for algorithm in ALGORITHMS],
        "excludeCredentials": [descriptor(passkey) for passkey in registration.existing],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    return Response(200, body)


def passkey_list(passkeys: tuple[RegisteredPasskey, ...]) -> Response:
    """Answer with a user's passkeys. Times are seconds since 1970."""
    return Response(200, {"passkeys": [shown(passkey) for passkey in passkeys]})


def shown(passkey: RegisteredPasskey) -> dict[str, str | int | bool]:
    """Return what a user sees of a passkey. `synced` says that it may be on other devices of the user, too."""
    return {
        "id": base64url.encode(passkey.credential_id),
        "name": passkey.name,
        "created_at": passkey.created_at_seconds,
        "last_used_at": passkey.used_at_seconds,
        "synced": passkey.is_backup_eligible,
    }


def presented_passkey(parameters: Parameters) -> PresentedPasskey:
    """Read what a browser presents at a sign-in (WebAuthn §5.1, AuthenticationResponseJSON). Raises InvalidRequest."""
    credential, response = _credential(parameters)
    return PresentedPasskey(
        _decoded(credential, "id"),
        Assertion(
            client_data=_decoded(response, "clientDataJSON"),
            authenticator_data=_decoded(response, "authenticatorData"),
            signature=_decoded(response, "signature"),
            user_handle=_decoded(response, "userHandle"),
        ),
    )


def new_passkey(parameters: Parameters) -> NewPasskey:
    """Read what a browser sends of a new passkey (WebAuthn §5.1, RegistrationResponseJSON). Raises InvalidRequest."""
    _, response = _credential(parameters)
    return NewPasskey(
        client_data=_decoded(response, "clientDataJSON"),
        attestation_object=_decoded(response, "attestationObject"),
        transports=response.texts("transports", at_most=MAX_TRANSPORTS),
        name=parameters.optional_text("name"),
    )


def credential_id(path_parameter: str) -> bytes:
    """Read the id of a passkey in a path. Another text is the id of no passkey."""
    try:
        return base64url.decode(path_parameter)
    except ValueError:
        return b""


def _credential(parameters: Parameters) -> tuple[Parameters, Parameters]:
    credential = parameters.members("credential")
    if credential.text("type") != CREDENTIAL_TYPE:
        _refuse("type of the credential")
    return credential, credential.members("response")


def _decoded(parameters: Parameters, name: str) -> bytes:
    try:
        return base64url.decode(parameters.text(name))
    except ValueError:
        _refuse(f"{name} is not base64url")


def _refuse(detail: str) -> NoReturn:
    raise InvalidRequest(detail)
