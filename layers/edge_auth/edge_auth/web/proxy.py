"""The operator's own proxy in front of the API, such as a CloudFront distribution: which address its client has.

API Gateway then sees the proxy's address only. The proxy names the client's in a header that it overwrites, and proves
itself with a secret in another. The deployment knows the SHA-256 of that secret, which may be public because the
secret is random: 32 random bytes cannot be guessed. There are two hashes while the secret is changed.
"""

from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address

from edge_auth.web.request import Headers

# CloudFront adds no header that begins with X-Amz- or X-Edge-.
SECRET_HEADER = "edge-auth-proxy-secret"
# CloudFront writes `address:port`, also for IPv6, without brackets.
WITH_PORT = "cloudfront-viewer-address"
MAX_PORT_DIGITS = 5


class TrustedProxy:
    """Finds the client of a request that came through the proxy."""

    def __init__(self, setting: str) -> None:
        """Read `Header-Name:hash` or `Header-Name:hash:hash`. A hash is 64 hexadecimal digits in lower case."""
        header, *hashes = setting.split(":")
        self._header = header.lower()
        self._hashes = tuple(hashes)

    def viewer_address(self, headers: Headers) -> str:
        """Return the address of the client. It is empty if the request did not come through the proxy.

        A header that came more than once was not written by the proxy alone, so it does not count.
        """
        secrets, addresses = headers.all(SECRET_HEADER), headers.all(self._header)
        if len(secrets) != 1 or len(addresses) != 1:
            return ""
        given = sha256(secrets[0].encode("utf-8", "surrogatepass")).hexdigest()
        if not any(compare_digest(given, known) for known in self._hashes):
            return ""
        try:
            return _address(addresses[0], has_port=self._header == WITH_PORT)
        except ValueError:
            return ""


def _address(text: str, *, has_port: bool) -> str:
    """Read one address, and nothing around it.

    Raises:
        ValueError: anything else, such as a list, a name, or an address with a zone.

    """
    if has_port:
        text, _, port = text.rpartition(":")
        if not port.isascii() or not port.isdigit() or len(port) > MAX_PORT_DIGITS:
            raise ValueError("no port")
    if "%" in text:
        raise ValueError("a zone is of one machine only")
    return str(ip_address(text))
