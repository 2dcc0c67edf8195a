"""A deployment, and its functions in this process."""

import pytest

from benchmarks.requests import events
from benchmarks.requests.deployment import BATCH, Deployment
from benchmarks.requests.events import allowed
from benchmarks.requests.functions import running
from tests.support.sample_events import token_event
from tests.support.template import functions, variables


@pytest.mark.parametrize("name", sorted(functions()))
def test_a_function_has_the_templates_environment(name: str, deployment: Deployment) -> None:
    """It has all variables: the deployment's tables and keys, and the parameters as given or with their defaults."""
    environment = deployment.environment(name, {"RotationGraceSeconds": "0"})

    expected = {
        "REFRESH_IDLE_DAYS": "14",
        "ROTATION_GRACE_SECONDS": "0",
        "JWKS": deployment.jwks,
        "SESSIONS_TABLE": deployment.tables["SessionsTable"],
    }
    assert set(environment) == set(variables(name))
    assert all(environment[variable] == expected[variable] for variable in expected if variable in environment)


def test_functions_are_on_their_wire_and_read_the_key_ring_from_no_aws(deployment: Deployment) -> None:
    """The client for preparations is not counted."""
    deployment.add_user("ada")
    with running(deployment) as started:
        login, refresh = started.start("login"), started.start("refresh", {"RotationGraceSeconds": "0"})
        assert not started.wire.requests

        tokens = login(events.login("ada"))
        started.wire.forget()
        refreshed = refresh(events.refresh(tokens["refresh_token"]))
        deployment.client.describe_table(TableName=deployment.tables["SessionsTable"])

        assert refreshed["refresh_token"] != tokens["refresh_token"]
        assert started.wire.requests == {"UpdateItem": 1}
        assert started.wire.units["secret_requests"] == 1


def test_a_session_of_the_scene_is_one_that_the_product_knows(deployment: Deployment) -> None:
    """The refresh accepts its token, and an unexpected answer stops a benchmark."""
    user_id = deployment.add_user("ada")
    session_id, token = deployment.add_session(user_id)
    with running(deployment) as started:
        refresh = started.start("refresh")
        assert refresh(events.refresh(token))["session_id"] == session_id
        with pytest.raises(RuntimeError, match="not 204"):
            refresh(events.refresh(token), 204)

    assert deployment.generation(user_id, session_id) == 1


def test_the_authorizer_takes_the_deployments_access_tokens(deployment: Deployment) -> None:
    """An answer without an Allow stops a benchmark."""
    with running(deployment) as started:
        authorizer = started.start("authorizer")
        token = started.access_token()

        allowed(authorizer.answer(token_event(token)))
        with pytest.raises(RuntimeError, match="not allowed"):
            allowed(authorizer.answer(token_event(token[:-4])))


def test_sessions_are_written_however_many(deployment: Deployment) -> None:
    """The number here is larger than one request can hold."""
    user_id, count = deployment.add_user("ada"), 2 * BATCH + 10

    deployment.put_sessions([deployment.new_session(user_id)[0] for _ in range(count)])

    table = deployment.tables["SessionsTable"]
    assert deployment.client.scan(TableName=table, Select="COUNT")["Count"] == count
