"""What a stack left behind when it was deleted, and why it cannot be taken over."""

from dataclasses import dataclass


class CannotAdopt(Exception):
    """The retained data cannot be taken over. The text says why, and what was done."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The two tables of a stack that outlive it. An empty name of the sessions table leaves the sessions out."""

    identities: str
    sessions: str
