"""TLS between the measured functions and the AWS of this machine, as between Lambda and AWS.

A start without it would look 25 ms faster: a client reads the authorities that it trusts, and makes a handshake. The
authority of a run is added to the lists that the packages bring, so that reading them takes the time that it takes.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.frame.processes import free_ports, serving
from tests.support.certificates import make_certificates

SERVER = Path(__file__).with_name("tls_server.py")
# The lists of authorities in a folder of packages: the SDK's, and Amazon's roots in our layer.
LISTS = ("botocore/cacert.pem", "edge_auth/amazon_roots.pem")


@dataclass(frozen=True)
class Front:
    """A server with TLS in front of a plain one. `authority` is the certificate that a client has to trust, in PEM."""

    endpoint: str
    authority: str

    def be_trusted_by(self, packages: Path) -> None:
        """Add the authority to each list in this folder of packages. Raises FileNotFoundError: it has no SDK."""
        for name in LISTS:
            path = packages / name
            if path.exists() or name == LISTS[0]:
                self._extend(path, path)

    def extended_list(self, packages: Path, copy: Path) -> Path:
        """Write the SDK's list in this folder of packages to `copy`, with the authority. Return the copy."""
        self._extend(packages / LISTS[0], copy)
        return copy

    def _extend(self, path: Path, target: Path) -> None:
        target.write_text(f"{path.read_text(encoding='utf-8')}\n{self.authority}", encoding="utf-8")


@contextmanager
def tls_in_front(endpoint: str, folder: Path) -> Iterator[Front]:
    """Serve an http address of 127.0.0.1 with TLS, in a process of its own, with a certificate of a new authority."""
    certificates = make_certificates(folder, datetime.now(UTC))
    [port] = free_ports(1)
    command = (sys.executable, SERVER, str(port), str(urlsplit(endpoint).port), certificates.server)
    with serving(command, port, env={}, log=folder / "tls.log", cwd=folder):
        yield Front(f"https://localhost:{port}", certificates.authority.read_text(encoding="utf-8"))
