"""The README's curl commands run unchanged."""

import os
import subprocess
from pathlib import Path

import pytest

from local.stack import Stack
from tests.e2e.client import Client, Session
from tests.e2e.readme import Example, examples

# The function writes the body to a file and the status to standard output. The README's commands stay unchanged.
CURL = 'curl() { command curl --noproxy "*" -o "$BODY" -w "%{http_code}" "$@"; }\n'


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.command.split('"')[1])
def test_an_example_of_the_readme_answers_as_it_says(
    client: Client, stack: Stack, session: Session, example: Example, tmp_path: Path
) -> None:
    """Each command gets the status in its comment."""
    variables = {
        "BODY": str(tmp_path / "body"),
        "EDGE_AUTH_URL": client.base_url,
        "EDGE_AUTH_USER": stack.user.name,
        "EDGE_AUTH_PASSWORD": stack.user.password,
        "NEW_PASSWORD": stack.user.password,  # the same password, so that other tests can log in
        "ACCESS_TOKEN": session.access_token,
        "REFRESH_TOKEN": session.refresh_token,
        "SESSION_ID": session.session_id,
    }

    outcome = subprocess.run(
        ["bash", "-c", CURL + example.command],
        env=dict(os.environ) | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (outcome.stdout, outcome.stderr) == (example.status, "")


def test_the_readme_has_an_example_of_every_route() -> None:
    """The README shows login, refresh, logout, the protected route and the key set."""
    shown = "".join(example.command for example in examples())

    for route in ("/auth/login", "/auth/refresh", "/auth/logout", "/me", "/.well-known/jwks.json"):
        assert f"$EDGE_AUTH_URL{route}" in shown
