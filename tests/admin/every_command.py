"""Every command, with arguments for a stack that has the user ada, with attempts on the account."""

import os

from tests.admin.aws import RETAINED

ACTS: dict[str, tuple[str, ...]] = {
    "create": ("users", "create", "bob", "--password-stdin", "--role", "reader"),
    "set-password": ("users", "set-password", "ada", "--password-stdin"),
    "set-rights": ("users", "set-rights", "ada", "--scope", "read"),
    "set-email": ("users", "set-email", "ada", "ada@mail.example", "--confirmed"),
    "reset-link": ("users", "reset-link", "ada"),
    "disable": ("users", "disable", "ada"),
    "enable": ("users", "enable", "ada"),
    "unlock": ("users", "unlock", "ada"),
    "end-sessions": ("users", "end-sessions", "ada"),
    "delete": ("users", "delete", "ada", "--yes"),
    "rotate": ("keys", "rotate"),
    "replace": ("keys", "replace", "--yes"),
    "publish": ("keys", "publish"),
    "adopt": (
        *("data", "adopt", "--yes"),
        *("--identities-table", RETAINED["IdentitiesTable"], "--sessions-table", RETAINED["SessionsTable"]),
    ),
    "end-all-sessions": ("data", "end-all-sessions", "--yes"),
}
LOOKS: dict[str, tuple[str, ...]] = {
    "sessions": ("users", "sessions", "ada"),
    "show": ("keys", "show"),
    "check": ("mail", "check"),
    "edge": ("keys", "edge", "--out", os.devnull),
}
COMMANDS = {**ACTS, **LOOKS}
