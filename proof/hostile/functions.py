"""The functions of the template over AWS in memory, outside of a test. Their clock stands still, and draws repeat."""

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import SimpleNamespace
from typing import cast

import pytest

from tests.support import stack
from tests.support.argon2 import RememberedArgon2id
from tests.support.clock import TestClock
from tests.support.people import key_ring
from tests.support.stack import Output, Stack
from tests.support.wire import wired_session


class Discarded(io.TextIOBase):
    """A log that keeps nothing. A million lines would be gigabytes."""

    def write(self, text: str, /) -> int:
        """Take a text."""
        return len(text)


def _offline(_address: str) -> str:
    raise OSError("offline")


@contextmanager
def deployed(chance: random.Random, **parameters: str) -> Iterator[Stack]:
    """Return a stack with keys, without users, and with these template parameters.

    All that the functions draw comes from `chance`, so each run with the same seed has the same tokens.
    """
    session, wire = wired_session()
    clock = TestClock()
    with stack.stack_resources() as secret_arn, pytest.MonkeyPatch.context() as patch, redirect_stdout(Discarded()):
        patch.setattr("edge_auth.clock.time", clock)
        patch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)
        patch.setattr("edge_auth.adapters.aws.sdk_session", lambda: session)
        patch.setattr("edge_auth.authorizer.issuer_keys.download", _offline)
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
        patch.setattr("secrets.token_bytes", chance.randbytes)
        no_output = cast("Output", None)  # only tests read it
        made = stack.empty_stack(wire, clock, patch, no_output, secret_arn).with_parameters(**parameters)
        made.make_key_ring(key_ring())
        try:
            yield made
        finally:
            wire.mend()
            wire.forget()
