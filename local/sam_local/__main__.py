"""`python -m local.sam_local [Name=value …]`, for `make sam-local`."""

import os
import signal
import sys
import threading

from local import envfile
from local.__main__ import INTERRUPTED, INTERRUPTS, interrupt
from local.failure import Failure
from local.progress import Progress, complain
from local.sam_local import settings
from local.sam_local.stack import SamLocal, running_sam_local

INVOKE = "sam local invoke LoginFunction --event events/login.json"


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C and return the exit status. The arguments are parameters of the template, as Name=value."""
    for number in INTERRUPTS:
        signal.signal(number, interrupt)
    progress = Progress()
    try:
        chosen = settings.chosen(os.environ, arguments)
        with running_sam_local(
            chosen.stack, os.environ, progress, api_port=chosen.api_port, code=chosen.code
        ) as served:
            serve(served, progress)
    except Failure as failure:
        complain(failure)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def serve(served: SamLocal, progress: Progress) -> None:
    """Say how the API is reached, and wait for Ctrl-C."""
    chosen, user = served.stack.settings, served.stack.user
    values = {"EDGE_AUTH_URL": served.url, "EDGE_AUTH_USER": user.name, "EDGE_AUTH_PASSWORD": user.password}
    try:
        envfile.write(chosen.env_file, values)
        progress.say(f"\nServing at {served.url} after {progress.total_seconds():.0f} s. Press Ctrl-C to stop.")
        progress.say(f"In another shell: source {os.path.relpath(chosen.env_file)}   (the user is {user.name})")
        progress.say(
            "Edit functions/*/app.py and call again: the next call has the change. Not so layers/: start again."
        )
        options = " ".join(os.path.relpath(part) if os.sep in str(part) else str(part) for part in served.options)
        progress.say(f"One event: {INVOKE} {options}")
        progress.say("IAM, gateway responses and the stage are not there: docs/guides/sam-local.md")
        threading.Event().wait()
    except KeyboardInterrupt:
        progress.say("\nStopping.")
    finally:
        envfile.remove(chosen.env_file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
