"""Reads the environment of a function, once, into an immutable record.

The field `audience` is read from the variable `AUDIENCE`. The template gives each function exactly the variables of its
record. The records are named tuples, because dataclasses would cost the authorizer a fifth of its start
(docs/decisions/0019). Each has a module of its own, because a function would pay for those of the others.

An empty `revocations_table` says that the feed of ended sessions is off, an empty `challenges_table` that mail is off,
and empty `allowed_origins` that no browser uses the API. No code reads `key_ring_version`. A new value makes Lambda
start the function again, so it reads the new ring at once.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

S = TypeVar("S", bound=NamedTuple)


class SettingsError(Exception):
    """A variable of the environment is missing or has the wrong form. The text names it, and never quotes its value."""


def variables(kind: type[NamedTuple]) -> list[str]:
    """Return the names of the environment variables that a record is read from."""
    return [field.upper() for field in kind._fields]


def read_settings(kind: type[S], environ: Mapping[str, str]) -> S:
    """Read the settings of this kind.

    Raises:
        SettingsError: a variable is missing, or not a whole number where one is needed.

    """
    missing = [name for name in variables(kind) if name not in environ]
    if missing:
        raise SettingsError(f"missing in the environment: {', '.join(missing)}")
    types = kind.__annotations__
    return kind._make(_typed(name, types[name.lower()], environ[name]) for name in variables(kind))


def _typed(name: str, kind: object, value: str) -> str | int:
    return value if kind is str else whole_number(name, value)


def whole_number(name: str, value: str) -> int:
    """Read a number of ASCII digits.

    Raises:
        SettingsError: it is none, as a fraction, which a CloudFormation parameter of the type Number may be.

    """
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(f"not a whole number: {name}")
    return int(value)
