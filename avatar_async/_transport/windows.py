"""Making room for what a host sends ahead."""

import asyncio
import socket
import sys
from contextlib import suppress
from typing import Final

#: How much of a long body may come before any of it is read, in bytes.
_AHEAD_BYTES: Final = 1 << 20


def open_window(transport: asyncio.Transport) -> None:
    """Let the host of a long body send more at once than it may at first.

    A connection begins with little room and gets more with what is read. Until then the host waits for room
    again and again, over loopback for 40 ms before the last bytes: as long as Linux withholds the news of a
    little room. To ask for many bytes at a time makes room for them at once, which stays when that is taken
    back, and may grow further; the size of a socket's buffer, once set, never would.
    """
    connection = transport.get_extra_info("socket")
    if connection is None or sys.platform != "linux":
        return
    with suppress(OSError, TypeError):  # whatever that socket is, it receives without this too
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, _AHEAD_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
