"""Django behind gunicorn, with the clock that the scenario moves."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import time_machine
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

clock = Path(os.environ["PEER_CLOCK"])
django = get_wsgi_application()
moved = time_machine.travel(time.time(), tick=True).start()
lead = 0.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Move the clock to where the scenario has it, and serve the request."""
    global lead  # noqa: PLW0603 - one clock for each process, which serves one request at a time
    now = float(clock.read_text())
    if now != lead:
        moved.shift(now - lead)
        lead = now
    served: Iterable[bytes] = django(environ, start_response)
    return served
