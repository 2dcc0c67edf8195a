"""`edge-auth users set-email`, `resume-mail` and `reset-link`: the address of a user, and a link to hand on."""

import argparse

import boto3

from admin.act import Act
from admin.connection import CONFIG
from admin.deployment import DeploymentError
from admin.reset_link_client import ResetLinkClient
from admin.stack_users import Users
from admin.times import iso
from admin.users import add_command, confirmed_option

SET_EMAIL = """\
Replaces the user's mail address. Only a confirmed address gets mails to reset the password: with --confirmed you answer
for it that the address is the user's. Links that were sent before end. Sessions go on.
If the user has changed the address in the last 72 hours, the mailbox from before has a link that brings it back. With
--end-undo it ends too. Only if that mailbox is a thief's: else it may be the user's last way back.
"""
RESUME_MAIL = """\
Lets mails go to the user's address again, after one came back or its reader called it unwanted. `users show` says
which, and since when. Amazon SES keeps a list of such addresses of its own: the command says how to take this one out.
"""
SUPPRESSED = "Amazon SES may still hold mails back: aws sesv2 delete-suppressed-destination --email-address"
RESET_LINK = """\
Prints a link and a code. With either, the user sets a new password on your page, within half an hour; all sessions end
then. An earlier link, also one in a mail, ends at once, and while this one is good, no mail to reset the password is
sent. Give them to nobody but the user: whoever has one of them has the account. The record does not hold them.
"""


def add_commands(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to those of `edge-auth users`."""
    give = add_command(acts, "set-email", set_email, "set the address that mails go to", SET_EMAIL)
    give.add_argument("email", metavar="ADDRESS", help="mail address")
    confirmed_option(give)
    give.add_argument("--end-undo", action="store_true", help="end the link that brings an earlier address back")
    add_command(acts, "resume-mail", resume_mail, "let mails go to an address again that bounced", RESUME_MAIL)
    add_command(acts, "reset-link", reset_link, "print the link with which the user sets a new password", RESET_LINK)


def set_email(users: Users, options: argparse.Namespace) -> Act:
    """Set the address of a user. The address is not recorded."""
    user = users.accounts.find(options.username)

    def do() -> str:
        changed = users.accounts.set_email(
            user, options.email, is_confirmed=options.confirmed, must_end_undo=options.end_undo
        )
        return f"address: {changed.email}, {'confirmed' if options.confirmed else 'not confirmed'}"

    return users.act(user.user_id, do, confirmed=options.confirmed, end_undo=options.end_undo)


def resume_mail(users: Users, options: argparse.Namespace) -> Act:
    """Take the mark of the address away. The address is not recorded."""
    user = users.accounts.find(options.username)

    def do() -> str:
        users.resume_mail(user)
        return f"mails go to {user.email or 'no address'}\n{SUPPRESSED} {user.email or 'ADDRESS'}"

    return users.act(user.user_id, do)


def reset_link(users: Users, options: argparse.Namespace) -> Act:
    """Print the link and the code of a reset."""
    user, function = users.accounts.find(options.username), users.deployment.reset_link_function
    if not function:
        raise DeploymentError(
            "the stack sends no mail, so it has no routes for a link; set MailFrom and PagesUrl first"
        )
    links = ResetLinkClient(boto3.client("lambda", config=CONFIG), name=function)

    def do() -> str:
        made = links.make(user.user_id)
        return f"{made.link}\ncode: {made.code}\nboth end at {iso(made.expires_at_seconds)}"

    return users.act(
        user.user_id,
        do,
        warning=f"This makes a link for {options.username.strip()} (user id {user.user_id}). Earlier ones end.",
        unclear="no link was printed; run the command again",
    )
