"""A body received straight into the memory in which it is handed on."""

import asyncio
from collections.abc import Callable


class Room(asyncio.BufferedProtocol):
    """Memory for a body whose length is known, in place of whoever read its beginning.

    Args:
        length: Of the body, in bytes.
        begun: What came of it.
        came: Told of each number of bytes that come.
        before: Who hears of the connection's end.
    """

    __slots__ = ("_at", "_before", "_body", "_came", "_taken", "_view")

    def __init__(
        self, length: int, begun: bytes, came: Callable[[int], None], before: asyncio.Protocol
    ) -> None:
        self._body = bytearray(length)
        self._view = memoryview(self._body)
        self._at, self._taken = len(begun), 0
        self._view[: self._at] = begun
        self._came = came
        self._before = before

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return where the next bytes go."""
        return self._view[self._at :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take note of bytes."""
        self._at += nbytes
        self._came(nbytes)

    def eof_received(self) -> bool | None:
        """Pass on that no more comes."""
        return self._before.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection is gone."""
        self._before.connection_lost(exc)

    def take(self) -> bytes | bytearray:
        """Return what came and was not taken yet; the whole body is the memory itself."""
        start, self._taken = self._taken, self._at
        if start or self._at < len(self._body):
            return bytes(self._view[start : self._at])
        return self._body

    def leave(self) -> None:
        """Let go of the memory: asyncio's TLS layer keeps this alive until another one comes."""
        self._view = memoryview(b"")
        self._body = bytearray()
        del self._came, self._before
