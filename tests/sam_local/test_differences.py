"""What SAM's gateway does otherwise than API Gateway. docs/guides/sam-local.md lists these."""

from local.api import Api
from local.endpoint import ACCESS_KEY_ID
from tests.sam_local.served import Served, log_in


def test_no_token_is_401_without_a_challenge(api: Api) -> None:
    """AWS sends the template's gateway response, with `WWW-Authenticate: Bearer`."""
    answer = api.me(None)

    assert (answer.status, answer.challenge, answer.body) == (401, None, {"message": "Unauthorized"})


def test_a_token_that_is_not_valid_is_403(api: Api) -> None:
    """AWS sends the template's gateway response, 401."""
    answer = api.me("not-a-token")

    assert answer.status == 403
    assert answer.body == {"message": "User is not authorized to access this resource"}


def test_an_unknown_route_and_an_unknown_method_are_403(api: Api) -> None:
    """AWS sends the template's gateway response, 404."""
    for method, path in (("GET", "/nowhere"), ("PUT", "/auth/login")):
        answer = api._call(method, path)
        assert (answer.status, answer.body) == (403, {"message": "Missing Authentication Token"})


def test_there_is_no_stage_in_the_path(api: Api) -> None:
    """On AWS the default address of the API ends in the stage."""
    assert api._call("GET", "/.well-known/jwks.json").status == 200
    assert api._call("GET", "/v1/.well-known/jwks.json").status == 403


def test_a_number_of_the_authorizer_stays_a_number(api: Api) -> None:
    """API Gateway makes every value of the authorizer's context a string."""
    access, _ = log_in(api)

    assert isinstance(api.me(access).body["exp"], int)


def test_a_challenge_of_a_function_keeps_its_name(api: Api) -> None:
    """API Gateway renames it to `x-amzn-Remapped-WWW-Authenticate`."""
    access, refresh = log_in(api)
    assert api.me(access).status == 200  # the authorizer reads the ended sessions once a minute
    assert api.logout(refresh).status == 204

    answer = api._call("GET", "/auth/sessions", headers={"Authorization": f"Bearer {access}"})

    assert (answer.status, answer.challenge) == (401, 'Bearer error="invalid_token"')


def test_the_functions_have_all_rights(served: Served) -> None:
    """They have the credentials of MiniStack's root user, and not their own roles."""
    assert {variables["AWS_ACCESS_KEY_ID"] for variables in served.variables.values()} == {ACCESS_KEY_ID}
