"""The guide for a leaked key: all its commands run unchanged, in their order."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_auth.keys.ring import KeyRing
from edge_auth.keys.ring_document import from_secret_json
from local import user
from local.settings import ROOT, STACK_NAME
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session
from tests.e2e.operator import Person
from tests.support.guide import Step, steps

# The function drops the body and writes the status to standard error. The guide's commands stay unchanged.
CURL = 'curl() { command curl --noproxy "*" -s -o /dev/null -w "%{http_code}\\n" "$@" >&2; }\nset -e\n'
LABELS = ("AWSCURRENT", "AWSPREVIOUS")


@dataclass
class Leak:
    """The leaked keys and the user. `first` is a session from before the leak, `opened` one from before the step."""

    stack: Stack
    client: Client
    person: Person
    folder: Path
    leaked: set[str] = field(default_factory=set)
    opened: Session = field(init=False)

    def __post_init__(self) -> None:
        """Log in, and note the keys that leak."""
        self.first = self.login()
        self.opened = self.first
        self.note_keys()
        command = self.folder / "edge-auth"
        command.write_text(f'#!/bin/sh\ncd "{ROOT}"\nexec "{sys.executable}" -m admin "$@"\n', encoding="utf-8")
        command.chmod(0o700)

    def note_keys(self) -> None:
        """Note all signing keys of the ring as leaked."""
        self.leaked |= {timed.key.kid for timed in self.ring().signing}

    def login(self) -> Session:
        """Open a session."""
        return self.client.open_session(self.person.name, self.person.password)

    def follow(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Run the step's commands at a terminal, and type the stack's name for the question."""
        variables = {"EDGE_AUTH_URL": self.client.base_url, "OLD_ACCESS_TOKEN": self.first.access_token}
        terminal, keyboard = pty.openpty()
        try:
            os.write(terminal, f"{STACK_NAME}\n".encode())
            return subprocess.run(
                ["bash", "-c", CURL + step.script],
                env=user.operators_environment(self.stack.settings, os.environ) | variables,
                cwd=self.folder,
                stdin=keyboard,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            os.close(terminal)
            os.close(keyboard)

    def ring(self, label: str = "AWSCURRENT") -> KeyRing:
        """Return the key ring under a label."""
        secret = self.stack.outputs["KeyRingSecret"]
        value = self.stack.clients.secretsmanager.get_secret_value(SecretId=secret, VersionStage=label)
        return from_secret_json(value["SecretString"])

    def published(self) -> dict[str, dict[str, Any]]:
        """Return the published keys by their ids."""
        return {key["kid"]: key for key in self.client.get("/.well-known/jwks.json").json()["keys"]}


def ids_are_shown(leak: Leak, printed: str) -> None:
    """Check that the output has the id of every leaked key."""
    assert [kid for kid in leak.leaked if kid not in printed] == []


def old_keys_have_an_end(leak: Leak, printed: str) -> None:
    """Check that every published leaked key has an end, and that tokens are good until then."""
    assert "Type the stack name (edge-auth) to confirm:" in printed
    published = leak.published()
    assert [kid for kid in leak.leaked & published.keys() if "exp" not in published[kid]] == []
    assert leak.client.get("/me", leak.opened.access_token).status_code == 200


def old_keys_are_gone(leak: Leak, _printed: str) -> None:
    """Check that tokens of the old keys are refused, and that the session goes on."""
    assert leak.leaked.isdisjoint(leak.published())
    assert_error(leak.client.get("/me", leak.opened.access_token), 401, "invalid_token")
    refreshed = leak.client.refresh(leak.opened.refresh_token)
    assert refreshed.status_code == 200, refreshed.text
    assert leak.client.get("/me", refreshed.json()["access_token"]).status_code == 200


def sessions_are_gone(leak: Leak, _printed: str) -> None:
    """Check that old refresh tokens are refused, and that a login works."""
    assert_error(leak.client.refresh(leak.opened.refresh_token), 400, "invalid_grant")
    assert leak.client.get("/me", leak.login().access_token).status_code == 200


def authorizer_is_up_to_date(leak: Leak, printed: str) -> None:
    """Check that the authorizers have the public keys, and that a token is good."""
    assert printed.endswith(" have the current public keys.\n")
    assert leak.client.get("/me", leak.opened.access_token).status_code == 200


def leaked_ids_are_not_shown(leak: Leak, printed: str) -> None:
    """Check that no noted key is left, and that the log has the replacements."""
    assert [kid for kid in leak.leaked if kid in printed] == []
    pages = leak.stack.clients.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{STACK_NAME}-rotate-keys"
    )
    messages = [event["message"] for page in pages for event in page["events"]]
    reasons = {json.loads(message)["reason"] for message in messages if '"keys_replaced"' in message}
    assert reasons == {"sessions_kept", "sessions_ended"}


def no_label_is_on_a_leaked_key(leak: Leak, _printed: str) -> None:
    """Check that no version with a label holds a leaked key."""
    for label in LABELS:
        assert leak.leaked.isdisjoint({timed.key.kid for timed in leak.ring(label).signing}), label


EFFECTS: dict[str, Callable[[Leak, str], None]] = {
    "Look": ids_are_shown,
    "Replace": old_keys_have_an_end,
    "Or replace at once": old_keys_are_gone,
    "Or end the sessions too": sessions_are_gone,
    "Update the stack": authorizer_is_up_to_date,
    "Check": leaked_ids_are_not_shown,
    "Clear away the old versions": no_label_is_on_a_leaked_key,
}


@pytest.fixture
def leak(stack: Stack, client: Client, person: Person, tmp_path: Path) -> Leak:
    """Return a deployment whose key ring has leaked."""
    return Leak(stack, client, person, tmp_path)


def test_the_guide_leads_from_a_leak_to_where_nothing_of_it_is_left(leak: Leak) -> None:
    """K3: each step runs unchanged and has the effect that the guide promises."""
    assert [step.title for step in steps()] == list(EFFECTS)
    for step in steps():
        leak.opened = leak.login()
        if "replace" in step.script:
            leak.note_keys()

        outcome = leak.follow(step)

        assert outcome.returncode == 0, f"{step.title}: {outcome.stderr}"
        assert outcome.stderr.split() == step.statuses, step.title
        EFFECTS[step.title](leak, outcome.stdout)
