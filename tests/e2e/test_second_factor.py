"""A second factor on the deployed stack: its routes, its rights, and the secret that CloudFormation fills."""

import time
from base64 import b32decode

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from local.tokens import claims_of
from tests.e2e.answers import assert_error
from tests.e2e.client import Client
from tests.e2e.operator import Operator, Person


def test_a_user_enrols_logs_in_and_steps_up(client: Client, person: Person, operator: Operator) -> None:
    """SA3, SA4, SB1: from a password alone to a session with two factors, and back with an operator's help."""
    first = client.open_session(person.name, person.password)
    begun = client.post_json("/auth/factors/totp", {}, first.access_token).json()
    secret = b32decode(begun["secret"])
    step = int(time.time()) // STEP_SECONDS
    confirmed = client.post_json(
        "/auth/factors/totp/confirm",
        {"enrolment": begun["enrolment"], "otp": code_of(secret, step)},
        first.access_token,
    )
    assert confirmed.status_code == 200, confirmed.text
    codes = confirmed.json()["recovery_codes"]
    client.secrets.update(codes)

    body = {"username": person.name, "password": person.password}
    refused = client.post_json("/auth/login", body)
    assert (refused.status_code, refused.json()["error"]) == (401, "mfa_required")
    again = client.post_json("/auth/login", {**body, "otp": code_of(secret, step)})
    assert_error(again, 401, "invalid_otp")
    second = client.post_json(
        "/auth/login",
        {"username": person.name, "mfa_token": refused.json()["mfa_token"], "otp": code_of(secret, step + 1)},
    )
    assert second.status_code == 200, second.text
    assert claims_of(second.json()["access_token"]).acr == "2fa"

    stepped = client.post_json(
        "/auth/step-up",
        {"refresh_token": first.refresh_token, "recovery_code": codes[0]},
        first.access_token,
    )
    assert stepped.status_code == 200, stepped.text
    assert claims_of(stepped.json()["access_token"]).acr == "2fa"
    assert_error(client.refresh(first.refresh_token), 400, "invalid_grant")

    assert "second factor and passkeys removed" in operator("reset-factors", person.name).stdout
    assert client.post_json("/auth/login", body).status_code == 200
