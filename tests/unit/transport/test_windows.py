"""Room for what hosts of long bodies send ahead."""

import socket
from typing import Any, cast

import pytest

from avatar_async._transport.windows import open_window

_MIB = 1 << 20


class Connection:
    """A transport over a socket, or over something that only pretends to be one."""

    def __init__(self, connection: object) -> None:
        self.connection = connection

    def get_extra_info(self, name: str) -> object:
        """Return the socket."""
        assert name == "socket"
        return self.connection


class Pretence:
    """What other event loops may show in a socket's place."""

    def setsockopt(self, *_: object) -> None:
        """Refuse, as it would."""
        raise TypeError


def opened(connection: object) -> None:
    """Open the window of a connection."""
    open_window(cast("Any", Connection(connection)))


def test_there_is_room_for_much_and_the_first_byte_is_told_of():
    """A host that waits for room over loopback waits for 40 ms, and a reader for a MiB for ever."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as near,
    ):
        before = near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        opened(near)
        assert near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= max(before, _MIB)
        assert near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1


@pytest.mark.parametrize("pretended", [None, Pretence()])
def test_a_connection_that_shows_no_socket_is_received_from_all_the_same(pretended):
    """Only speed is at stake."""
    opened(pretended)
