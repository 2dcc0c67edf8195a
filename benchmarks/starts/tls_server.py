"""TLS for a plain server of this machine: `python tls_server.py PORT PLAIN_PORT CERTIFICATE`.

It listens on every address of `localhost`, takes TLS off, and sends the bytes to the plain port. CERTIFICATE is a file
with a private key and its certificate.
"""

import asyncio
import ssl
import sys
from contextlib import suppress

CHUNK = 65_536  # bytes


async def serve(port: int, plain_port: int, certificate: str) -> None:
    """Serve until the process is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain_reader, plain_writer = await asyncio.open_connection("127.0.0.1", plain_port)
        await asyncio.gather(_copy(reader, plain_writer), _copy(plain_reader, writer))

    async with await asyncio.start_server(forward, "localhost", port, ssl=context) as server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send all that comes, and close the other side at its end."""
    with suppress(OSError):  # one side hung up
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
