"""`edge-auth users rename` and `set-claims`: the name of a user, and what access tokens say of the user."""

import argparse

from admin.act import Act
from admin.stack_users import Users
from admin.users import add_command, sessions_text
from edge_auth.errors import ClaimsRefused
from edge_auth.flows.accounts.rights_administration import check_rights, checked_claims
from edge_auth.strict_json import STRICT_INTEGERS, NotStrictJson, json_object
from edge_auth.tokens.own_claims import OwnClaims, to_json

SET_CLAIMS = """\
Replaces the own claims, which are in the access tokens of the user. Claims that you do not give are taken away. Each
NAME=VALUE is a text; --json has numbers, true and false, and lists of words too. A name has a colon, as in acme:tenant.
A session has the claims of its login, so all sessions of the user end. Their access tokens still work for
RevocationSeconds, or until they expire if that is 0.
"""
RENAME = """\
Gives a user another name. The user id, the password, the rights and the sessions stay. The old name becomes free at
once. Limits of attempts count by name: the devices of the user are strangers until their next login.
"""


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `edge-auth users`."""
    set_own_claims = add_command(acts, "set-claims", set_claims, "replace own claims and end all sessions", SET_CLAIMS)
    set_own_claims.add_argument("claims", nargs="*", metavar="NAME=VALUE", help="a claim that is a text")
    set_own_claims.add_argument("--json", default="", metavar="OBJECT", help="all claims, as one JSON object")
    set_own_claims.add_argument("--none", action="store_true", help="take all own claims away")
    set_own_claims.set_defaults(usage_error=set_own_claims.error)
    add_command(acts, "rename", rename, "give a user another name", RENAME).add_argument("new_name", metavar="NEW_NAME")


def set_claims(users: Users, options: argparse.Namespace) -> Act:
    """Replace the own claims. Their names are recorded, and not their values, which may be about the person."""
    if [bool(options.claims), bool(options.json), options.none].count(True) != 1:
        options.usage_error("give claims as NAME=VALUE, or --json, or --none")
    claims = _claims(options)
    user, name = users.found(options.username)
    check_rights(user.scope, user.roles, claims)

    def do() -> str:
        ended = users.rights.set_claims(user, claims)
        return f"claims: {to_json(claims) if claims else 'none'}; {sessions_text(ended)} ended"

    warning = f"This replaces the own claims of {name} (user id {user.user_id}) and ends all sessions."
    return users.act(user.user_id, do, warning=warning, claims=list(claims))


def rename(users: Users, options: argparse.Namespace) -> Act:
    """Give a user another name. Neither name is recorded."""
    user, name = users.found(options.username)
    return users.act(
        user.user_id,
        lambda: f"renamed to {users.accounts.rename(user, options.new_name).username}, user id {user.user_id}",
        warning=f"This gives {name} (user id {user.user_id}) another name. {name} becomes free.",
        unclear=f"the user may or may not have been renamed; run it again with the user id {user.user_id}",
    )


def _claims(options: argparse.Namespace) -> OwnClaims:
    """Return the given claims. Checked first, because a wrong option may hold any text."""
    if options.json:
        try:
            return checked_claims(json_object(options.json.encode(), STRICT_INTEGERS))
        except (NotStrictJson, UnicodeEncodeError):
            raise ClaimsRefused("--json is not one JSON object with whole numbers and each name once") from None
    pairs = [text.partition("=") for text in options.claims]
    given = {name: value for name, equals, value in pairs if equals}
    if len(given) != len(pairs):
        raise ClaimsRefused("a claim is NAME=VALUE, and each name comes once")
    return checked_claims(given)
