"""Lets containers reach MiniStack, which listens on this machine's loopback address only, and speaks no TLS.

It listens on the one address at which containers reach this machine, and ends their TLS.
"""

import asyncio
import socket
import ssl
import sys
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Linux's number: the address need not exist yet. Some engines make their bridge for the first container.
IP_FREEBIND = 15
CHUNK_BYTES = 65_536


@contextmanager
def relay(listen: str, tls: ssl.SSLContext, to_port: int) -> Iterator[int]:
    """Pass each connection on to a port of the loopback address, until the `with` block ends.

    Yields the port on which it listens.

    Raises:
        OSError: the address is none of this machine.

    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    with socket.socket() as listener:
        if sys.platform == "linux":
            listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        listener.bind((listen, 0))
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(_serve(listener, tls, to_port), loop).result()
            yield listener.getsockname()[1]
        finally:
            asyncio.run_coroutine_threadsafe(_end_all(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _serve(listener: socket.socket, tls: ssl.SSLContext, to_port: int) -> None:
    async def pass_on(client: StreamReader, to_client: StreamWriter) -> None:
        with suppress(OSError):  # one side has closed its connection
            stack, to_stack = await asyncio.open_connection("127.0.0.1", to_port)
            await asyncio.gather(_copy(client, to_stack), _copy(stack, to_client))

    await asyncio.start_server(pass_on, sock=listener, ssl=tls)


async def _copy(source: StreamReader, target: StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    finally:
        target.close()


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
