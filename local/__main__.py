"""`python -m local demo` and `python -m local run`, for `make demo` and `make run`."""

import os
import signal
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from types import FrameType
from typing import NoReturn

from edge_auth.keys.ring_document import from_secret_json
from local import envfile, settings, user
from local.account_walk import AccountWalk
from local.api import Api
from local.failure import Failure
from local.page import mailbox
from local.page.acts import Acts
from local.page.mailbox import Mailbox
from local.page.observer import Observer
from local.page.server import HOST, PageServer
from local.progress import Progress, complain
from local.settings import Settings
from local.stack import Stack, running_stack
from local.walk import Walk

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Short, because the walk waits for the end of each.
DEMO_GRACE_SECONDS = 2
DEMO_REVOCATION_SECONDS = 2
DEMO_PARAMETERS = {
    "RotationGraceSeconds": str(DEMO_GRACE_SECONDS),
    "RevocationSeconds": str(DEMO_REVOCATION_SECONDS),
    "SecondFactor": "optional",
    "MailFrom": mailbox.SENDER,
    "MailIdentity": mailbox.DOMAIN,
    "PagesUrl": "https://app.example.com/account",  # the demo opens no page
}
RUN_PARAMETERS = {
    # Short, because a visitor of the try-it page waits for the end of each.
    "AccessTokenSeconds": "60",
    "RotationGraceSeconds": "10",
    # What the cards of the page need.
    "SecondFactor": "optional",
    "PasskeyRpId": HOST,
    "MailFrom": mailbox.SENDER,
    "MailIdentity": mailbox.DOMAIN,
}
INTERRUPTED = 130  # the exit status that a shell reports after Ctrl-C


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status."""
    commands = {"demo": demo, "run": run}
    if len(arguments) != 1 or arguments[0] not in commands:
        complain("usage: python -m local demo|run")
        return 2
    for number in INTERRUPTS:
        signal.signal(number, interrupt)
    try:
        return commands[arguments[0]](settings.from_environment(os.environ), Progress())
    except Failure as failure:
        complain(failure)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def demo(chosen: Settings, progress: Progress) -> int:
    """Start the stack, walk through the life of a session, and stop the stack."""
    with running_stack(replace(chosen, parameters=DEMO_PARAMETERS), os.environ, progress) as stack:
        mailbox.verify_sender(stack.clients)
        with closing(Api(stack.settings.base_url)) as api:
            progress.say(f"\nThe life of a session, at {chosen.base_url}\n")
            _walk(stack, api, progress)
            progress.say("\nThe account: a forgotten password, and a second factor\n")
            _account_walk(stack, api, progress)
    progress.say(
        f"\nAll steps passed, in {progress.total_seconds():.0f} s. `make run` starts a stack that keeps running, with a"
        " page. Passkeys are there: they need a browser."
    )
    return 0


def run(chosen: Settings, progress: Progress) -> int:
    """Start the stack and the try-it page, and serve until Ctrl-C."""
    # The page's port is taken first, because the deployment names the origin of the page.
    with (
        closing(PageServer(chosen.port + 1)) as page,
        running_stack(_for_page(chosen, page.origin), os.environ, progress) as stack,
    ):
        try:
            _serve_page(page, stack)
            envfile.write(
                chosen.env_file,
                {
                    "EDGE_AUTH_URL": chosen.base_url,
                    "EDGE_AUTH_USER": stack.user.name,
                    "EDGE_AUTH_PASSWORD": stack.user.password,
                    "EDGE_AUTH_ORIGIN": page.origin,
                },
            )
            progress.say(
                f"\nServing at {chosen.base_url} after {progress.total_seconds():.0f} s. Press Ctrl-C to stop."
            )
            progress.say(f"In a browser: {page.origin}")
            progress.say(f"In another shell: source {os.path.relpath(chosen.env_file)}")
            threading.Event().wait()
        except KeyboardInterrupt:
            progress.say("\nStopping.")
        finally:
            envfile.remove(chosen.env_file)
    return 0


def _for_page(chosen: Settings, origin: str) -> Settings:
    origins = ",".join(filter(None, [origin, chosen.parameters.get("AllowedOrigins")]))
    of_page = {"AllowedOrigins": origins, "PagesUrl": origin}
    return replace(chosen, parameters={**RUN_PARAMETERS, **chosen.parameters, **of_page})


def _serve_page(page: PageServer, stack: Stack) -> None:
    mailbox.verify_sender(stack.clients)
    acts = Acts(
        base_url=stack.settings.base_url,
        origin=page.origin,
        user=user.with_address(stack.user, mailbox.DOMAIN, stack.settings, os.environ),
        observer=Observer.of(stack),
        mailbox=Mailbox(stack.settings.port),
        grace_seconds=int(stack.settings.parameters["RotationGraceSeconds"]),
    )
    page.start(acts)


def _walk(stack: Stack, api: Api, progress: Progress) -> None:
    secret = stack.clients.secretsmanager.get_secret_value(SecretId=stack.outputs["KeyRingSecret"])
    Walk(
        api=api,
        user=stack.user,
        key=from_secret_json(secret["SecretString"]).at(int(time.time())).signing,
        rotation_grace_seconds=DEMO_GRACE_SECONDS,
        revocation_seconds=DEMO_REVOCATION_SECONDS,
        say=progress.say,
    ).all()


def _account_walk(stack: Stack, api: Api, progress: Progress) -> None:
    known = user.with_address(stack.user, mailbox.DOMAIN, stack.settings, os.environ)
    AccountWalk(api=api, user=known, mails=Mailbox(stack.settings.port).mails, say=progress.say).all()


def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt, once."""
    # Later signals are ignored, so that they do not interrupt the shutdown. It takes a few seconds at most.
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
