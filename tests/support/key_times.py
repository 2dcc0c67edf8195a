"""Makes time pass for the deployed stack's keys.

No clock moves. Instead, the times in the data are set back, and the functions drop their copies of the data.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edge_auth.keys.ring import K, KeyRing, TimedKey
from edge_auth.keys.ring_document import from_secret_json, to_secret_json
from edge_auth.keys.signing_key import SigningKey
from local.settings import STACK_NAME
from local.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

READERS = ("LoginFunction", "RefreshFunction", "LogoutFunction", "JwksFunction")
AUTHORIZER = "AuthorizerFunction"
ALGORITHM = "SigningAlgorithm"


class KeyTimes:
    """The keys of a deployed stack, and the time that passes for them."""

    def __init__(self, stack: Stack) -> None:
        """Read where this stack keeps its keys."""
        self._clients = stack.clients
        self._secret = stack.outputs["KeyRingSecret"]
        self._rotate_keys = stack.outputs["RotateKeysFunction"]
        self._functions = {
            name: stack.clients.cloudformation.describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=name)[
                "StackResourceDetail"
            ]["PhysicalResourceId"]
            for name in (*READERS, AUTHORIZER)
        }

    @property
    def ring(self) -> KeyRing:
        """The ring in the secret."""
        return from_secret_json(self._ring_text())

    @property
    def signing(self) -> SigningKey:
        """The key that signs."""
        return self.ring.at(_now()).signing

    def deployed_kids(self) -> set[str]:
        """Return the keys that the authorizer has in its environment."""
        return {key["kid"] for key in json.loads(self._deployed_jwks())["keys"]}

    def choose(self, alg: str) -> None:
        """Update the stack with another SigningAlgorithm, as an operator does."""
        cloudformation = self._clients.cloudformation
        parameters = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["Parameters"]
        others: list[ParameterTypeDef] = [
            {"ParameterKey": parameter["ParameterKey"], "UsePreviousValue": True}
            for parameter in parameters
            if parameter["ParameterKey"] != ALGORITHM
        ]
        cloudformation.update_stack(
            StackName=STACK_NAME,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": ALGORITHM, "ParameterValue": alg}, *others],
        )
        cloudformation.get_waiter("stack_update_complete").wait(
            StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        self._forget()

    def sign_with(self, alg: str) -> None:
        """Make the current and the next signing key keys of this algorithm."""
        if self.ring.signing[-1].key.alg != alg:
            self.choose(alg)
        while self.signing.alg != alg:
            self.let_the_next_key_sign()

    def bring_forward(self) -> None:
        """Let the next keys sign a day after they were published, as `./edge-auth keys rotate` does."""
        version = self._ask({"action": "show"})["version"]
        self._ask({"action": "rotate", "version": version})

    def let_the_next_key_sign(self) -> None:
        """Let time pass until the newest key signs."""
        self._let_pass(self.ring.signing[-1].signs_from_seconds - _now())

    def let_end(self, kid: str) -> None:
        """Let time pass until this key verifies no token any more."""
        ends_at = next(timed.ends_at_seconds for timed in self.ring.signing if timed.key.kid == kid)
        assert ends_at is not None
        self._let_pass(ends_at - _now())

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Restore the keys and the algorithm afterwards, for the other tests on the stack."""
        ring, jwks, alg = self._ring_text(), self._deployed_jwks(), self.ring.signing[-1].key.alg
        yield
        if self.ring.signing[-1].key.alg != alg:
            self.choose(alg)
        self._write(ring, jwks)
        self._forget()

    def _let_pass(self, seconds: int) -> None:
        def earlier(timed: TimedKey[K]) -> TimedKey[K]:
            return replace(
                timed,
                published_at_seconds=timed.published_at_seconds - seconds,
                signs_from_seconds=timed.signs_from_seconds - seconds,
                ends_at_seconds=None if timed.ends_at_seconds is None else timed.ends_at_seconds - seconds,
            )

        ring = self.ring
        past = KeyRing(signing=tuple(map(earlier, ring.signing)), mac=tuple(map(earlier, ring.mac)))
        keys = json.loads(self._deployed_jwks())["keys"]
        past_keys = [{**key, "exp": key["exp"] - seconds} if "exp" in key else key for key in keys]
        self._write(to_secret_json(past), json.dumps({"keys": past_keys}))
        self._ask({"action": "advance"})  # what the hourly schedule does
        self._forget()

    def _write(self, ring: str, jwks: str) -> None:
        self._clients.secretsmanager.put_secret_value(SecretId=self._secret, SecretString=ring)
        variables = {**self._authorizer_variables(), "JWKS": jwks}
        self._clients.lambda_.update_function_configuration(
            FunctionName=self._functions[AUTHORIZER], Environment={"Variables": variables}
        )

    def _ask(self, event: dict[str, str]) -> dict[str, Any]:
        """Call `rotate_keys`, and return its summary of the ring."""
        response = self._clients.lambda_.invoke(FunctionName=self._rotate_keys, Payload=json.dumps(event).encode())
        answer = response["Payload"].read()
        assert not response.get("FunctionError"), answer
        summary: dict[str, Any] = json.loads(answer)
        return summary

    def _forget(self) -> None:
        """Make the functions that keep the ring for five minutes read it again."""
        for name in READERS:
            function = self._functions[name]
            timeout = self._clients.lambda_.get_function_configuration(FunctionName=function)["Timeout"]
            # The value stays the same, but the update makes Lambda start new processes.
            self._clients.lambda_.update_function_configuration(FunctionName=function, Timeout=timeout)

    def _ring_text(self) -> str:
        return self._clients.secretsmanager.get_secret_value(SecretId=self._secret)["SecretString"]

    def _deployed_jwks(self) -> str:
        return self._authorizer_variables()["JWKS"]

    def _authorizer_variables(self) -> dict[str, str]:
        configuration = self._clients.lambda_.get_function_configuration(FunctionName=self._functions[AUTHORIZER])
        return configuration["Environment"]["Variables"]


def _now() -> int:
    return int(time.time())
