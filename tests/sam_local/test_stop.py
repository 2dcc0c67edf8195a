"""The end of the command. It is the last test, because it ends what the others use."""

import signal
import socket

from tests.sam_local.served import Served, objects_of


def test_after_ctrl_c_nothing_is_left(served: Served) -> None:
    """The status is 0, and no container, image, listener or file with the password is left."""
    assert all(objects_of(served).values())

    served.process.send_signal(signal.SIGINT)

    assert served.process.wait() == 0
    assert objects_of(served) == {"containers": [], "images": []}
    assert not served.settings.stack.env_file.exists()
    for port in (served.settings.stack.port, served.settings.api_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
