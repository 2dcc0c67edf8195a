"""The errors of this room."""


class NotVerified(Exception):
    """A registration or an assertion breaks a rule. The text says which rule, and quotes nothing of the input."""


class CounterBehind(NotVerified):
    """The counter of a passkey that cannot be copied went back: there may be a copy of it (WebAuthn §6.1.1)."""
