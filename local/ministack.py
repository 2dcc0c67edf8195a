"""MiniStack, the AWS of the local stack: a child process that listens on 127.0.0.1 only."""

import socket
import subprocess
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from local.endpoint import ACCESS_KEY_ID, PORT_SETTING, REGION, SECRET_ACCESS_KEY
from local.failure import Failure
from local.process import Process
from local.settings import ROOT, Settings

ENVIRONMENT = ROOT / ".tools" / "ministack"
INTERPRETER = ENVIRONMENT / "bin" / "python"
# -P: a module of MiniStack's must not find a file of this folder under its name.
COMMAND = (str(INTERPRETER), "-P", str(ROOT / "local" / "aws_rules.py"))
HEALTHY_WITHIN_SECONDS = 60.0
# MiniStack and the handlers see only these variables of the developer's environment.
INHERITED = ("LANG", "LC_ALL", "PATH")


def require_free_port(port: int) -> None:
    """Check that MiniStack can listen on the port.

    Raises:
        Failure: another program listens there, or the port needs privileges.

    """
    with socket.socket() as probe, socket.socket() as listener:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
        if not taken:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except PermissionError:
                raise Failure(f"port {port} needs privileges; choose another port with {PORT_SETTING}") from None
            except OSError:
                taken = True
    if taken:
        raise Failure(
            f"port {port} is busy; stop the program that listens there, or choose another port with {PORT_SETTING}"
        )


def interpreter_version() -> str:
    """Return the Python version that the handlers run on, as in `3.11`."""
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([INTERPRETER, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def environment(settings: Settings, state: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of MiniStack. Its files are in the folder `state`, which the caller removes."""
    folders = {name: state / name for name in ("home", "tmp", "state", "s3")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {name: inherited[name] for name in INHERITED if name in inherited} | {
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        "STATE_DIR": str(folders["state"]),
        "S3_DATA_DIR": str(folders["s3"]),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(settings.port),
        "MINISTACK_REGION": REGION,
        # Both would listen on all interfaces.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Enforce IAM: each function has the rights of its policy in the template only.
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def start(settings: Settings, state: Path, inherited: Mapping[str, str]) -> Process:
    """Start MiniStack. `wait_until_healthy` waits for its first answer."""
    return Process(
        COMMAND,
        env=environment(settings, state, inherited),
        log=settings.log("ministack"),
        cwd=state,
    )


def wait_until_healthy(process: Process, settings: Settings, within: float = HEALTHY_WITHIN_SECONDS) -> None:
    """Wait until MiniStack answers.

    Raises:
        Failure: MiniStack ended, or did not answer in time.

    """
    deadline = time.monotonic() + within
    while not _healthy(settings.port):
        if not process.running:
            raise Failure(f"MiniStack ended while it started; its log, {process.log}, ends with:\n{process.tail()}")
        if time.monotonic() > deadline:
            raise Failure(f"MiniStack did not answer on port {settings.port} within {within:.0f} s; see {process.log}")
        time.sleep(0.05)


def _healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
