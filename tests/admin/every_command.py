"""Every command, with arguments for a stack that has the user ada, with attempts on the account."""

import os
from pathlib import Path

from tests.admin.aws import RETAINED

# Two users, as JSON Lines.
USERS = Path(__file__).with_name("users.jsonl")

ACTS: dict[str, tuple[str, ...]] = {
    "create": ("users", "create", "bob", "--password-stdin", "--role", "reader"),
    "set-password": ("users", "set-password", "ada", "--password-stdin"),
    "set-rights": ("users", "set-rights", "ada", "--scope", "read"),
    "set-email": ("users", "set-email", "ada", "ada@mail.example", "--confirmed", "--end-undo"),
    "resume-mail": ("users", "resume-mail", "ada"),
    "reset-link": ("users", "reset-link", "ada"),
    "disable": ("users", "disable", "ada"),
    "enable": ("users", "enable", "ada"),
    "unlock": ("users", "unlock", "ada"),
    "set-claims": ("users", "set-claims", "ada", "acme:tenant=7"),
    "rename": ("users", "rename", "ada", "eve"),
    "export": ("users", "export", "ada"),
    "export-all": ("users", "export", "--all", "--with-password-hashes", "--yes"),
    "unlock-factor": ("users", "unlock-factor", "ada"),
    "reset-factors": ("users", "reset-factors", "ada"),
    "end-sessions": ("users", "end-sessions", "ada"),
    "delete": ("users", "delete", "ada", "--yes"),
    "import": ("users", "import", str(USERS)),
    "rotate": ("keys", "rotate"),
    "replace": ("keys", "replace", "--yes"),
    "publish": ("keys", "publish"),
    "adopt": (
        *("data", "adopt", "--yes"),
        *("--identities-table", RETAINED["IdentitiesTable"], "--sessions-table", RETAINED["SessionsTable"]),
    ),
    "end-all-sessions": ("data", "end-all-sessions", "--yes"),
}
EXPORTS = ("export", "export-all")  # these are recorded as acts, because data leave the stack; they change nothing
LOOKS: dict[str, tuple[str, ...]] = {
    "sessions": ("users", "sessions", "ada"),
    "list": ("users", "list", "--status", "active", "--role", "reader", "--prefix", "a"),
    "show": ("users", "show", "ada"),
    "show-keys": ("keys", "show"),
    "check": ("mail", "check"),
    "edge": ("keys", "edge", "--out", os.devnull),
}
COMMANDS = {**ACTS, **LOOKS}
