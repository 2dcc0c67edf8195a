"""A local stack that goes through upgrades, and its clients."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from local import gateway, ministack, sam, user
from local.api import Api
from local.aws import Clients
from local.settings import API_ID, ROOT, STACK_NAME, STAGE, Settings
from local.tokens import claims_of
from local.user import User
from tests.upgrade.polling import Poller

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

# Ten requests a second. A login takes a processor for a while, and one address has a limit of 60 in a minute.
SECONDS = {"login": 1.0, "refresh": 1 / 3, "me": 1 / 3, "jwks": 1 / 3}
TIMEOUT_SECONDS = 30


@dataclass
class Session:
    """A client's tokens."""

    access_token: str
    refresh_token: str

    @property
    def key(self) -> "dict[str, AttributeValueTypeDef]":
        """The key of the session's item."""
        claims = claims_of(self.access_token)
        return {"user_id": {"S": claims.sub}, "session_id": {"S": claims.sid}}


class Journey:
    """The stack, its user, and what a test does with both."""

    def __init__(self, settings: Settings, clients: Clients, made: User, stack: str) -> None:
        """Keep them. `stack` is the stack's name."""
        self.settings = settings
        self.clients = clients
        self.user = made
        self.stack = stack

    def deploy(self, checkout: Path, template: Path) -> None:
        """Deploy a built template of a checkout. Raises local.failure.Failure."""
        sam.deploy(self.settings, self.clients, os.environ, template=template, stack=self.stack, rolls_back=True)
        self.put_gateway_responses(checkout)

    def put_gateway_responses(self, checkout: Path) -> None:
        """Put what MiniStack does not take from SAM."""
        gateway.apply(gateway.read(checkout / "template.yaml"), self.clients.apigateway, API_ID, STAGE)

    def outputs(self) -> Mapping[str, str]:
        """Return the outputs of the stack."""
        [stack] = self.clients.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def status(self) -> str:
        """Return the status of the stack."""
        return self.clients.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"]

    def delete_stack(self) -> None:
        """Delete the stack, and wait."""
        self.clients.cloudformation.delete_stack(StackName=self.stack)
        waiter = self.clients.cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=self.stack, WaiterConfig={"Delay": 1, "MaxAttempts": 300})

    def edge_auth(self, *arguments: str) -> str:
        """Run the operators' command, and return what it prints. Raises AssertionError if it fails."""
        outcome = subprocess.run(
            [sys.executable, "-m", "admin", "--stack", self.stack, *arguments],
            env=user.operators_environment(self.settings, os.environ),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def log_in(self) -> Session:
        """Open a session."""
        with closing(Api(self.settings.base_url)) as api:
            answer = api.login(self.user.name, self.user.password)
        assert answer.status == 200, answer.summary
        return Session(answer.body["access_token"], answer.body["refresh_token"])

    def refresh(self, session: Session) -> str:
        """Refresh, keep the new tokens, and return the status and the error."""
        with closing(Api(self.settings.base_url)) as api:
            answer = api.refresh(session.refresh_token)
        if answer.status == 200:
            session.access_token, session.refresh_token = answer.body["access_token"], answer.body["refresh_token"]
        return answer.summary

    def me(self, session: Session) -> int:
        """Call the protected route, and return the status."""
        with closing(Api(self.settings.base_url)) as api:
            return api.me(session.access_token).status

    def age(self, session: Session) -> None:
        """Make the last rotation of a session a minute older, so that no test waits for the grace window."""
        self.clients.dynamodb.update_item(
            TableName=self.outputs()["SessionsTable"],
            Key=session.key,
            UpdateExpression="SET rotated_at_ms = rotated_at_ms - :minute",
            ConditionExpression="attribute_exists(session_id)",
            ExpressionAttributeValues={":minute": {"N": "60000"}},
        )

    @contextmanager
    def polled(self) -> Iterator[Poller]:
        """Call the API ten times a second until the `with` block ends."""
        session, kept = self.log_in(), self.log_in()
        with ExitStack() as opened:
            login, refresh, me = (opened.enter_context(closing(Api(self.settings.base_url))) for _ in range(3))
            jwks = opened.enter_context(requests.Session())
            jwks.trust_env = False

            def refreshed() -> int:
                answer = refresh.refresh(session.refresh_token)
                session.refresh_token = answer.body.get("refresh_token", session.refresh_token)
                return answer.status

            poller = Poller(
                {
                    "login": lambda: login.login(self.user.name, self.user.password).status,
                    "refresh": refreshed,
                    "me": lambda: me.me(kept.access_token).status,
                    "jwks": lambda: (
                        jwks.get(f"{self.settings.base_url}/.well-known/jwks.json", timeout=TIMEOUT_SECONDS).status_code
                    ),
                },
                SECONDS,
            )
            with poller.running():
                yield poller


def build(checkout: Path, settings: Settings, name: str) -> Path:
    """Build a checkout, and return the built template."""
    folder = settings.home / "build" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    layer = sam.layer_for_ministack()
    with sam.start_build_of(layer, folder, settings, os.environ, source=checkout) as process:
        sam.finish_build(process)
    return folder / "template.yaml"


@contextmanager
def begun(settings: Settings, checkout: Path, template: Path, state: Path) -> Iterator[Journey]:
    """Serve the built template of a checkout, with a user, until the `with` block ends."""
    with ministack.start(settings, state, os.environ) as process:
        ministack.wait_until_healthy(process, settings)
        with closing(Clients(settings)) as clients:
            journey = Journey(settings, clients, User("", ""), STACK_NAME)
            journey.deploy(checkout, template)
            journey.user = user.create(settings, os.environ)
            yield journey


def wait_for_the_feed() -> None:
    """Wait until every authorizer has read the ended sessions once more (RevocationSeconds, by default 5)."""
    time.sleep(7)
