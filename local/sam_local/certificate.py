"""The certificate by which the functions know the AWS of the local stack: the authorizers speak TLS with DynamoDB.

It is made for one run. Its key is never written to a file that stays.
"""

import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

VALID = timedelta(days=30)  # longer than a developer keeps one stack running
EARLIER = timedelta(hours=1)  # the clock of the engine's virtual machine may be late


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself: what a client has to trust, and what a server uses."""

    pem: bytes
    server: ssl.SSLContext


def make(host: str, now: datetime | None = None) -> Certificate:
    """Make a certificate for a host name or an IPv4 address."""
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge-auth sam local")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(pem, _server(private + pem))


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _server(chain: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as folder:  # ssl reads files only; only the user can enter this folder
        path = Path(folder) / "chain.pem"
        path.write_bytes(chain)
        context.load_cert_chain(path)
    return context
