"""Choices made out of bytes, so that a fuzzer that changes bytes changes choices."""

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def check_told(error: Exception, word: str = "") -> None:
    """Check that an error can be shown, and says something."""
    told = str(error)
    assert told
    assert word in told
    assert repr(error)


class Feed:
    """Bytes, taken from the front; an empty one gives the first choice for ever."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def number(self, below: int) -> int:
        """Return a number from 0 on."""
        size = 1 if below <= 256 else 4
        value = int.from_bytes(self._data[self._at : self._at + size], "big")
        self._at += size
        return value % below

    def pick(self, options: Sequence[_T]) -> _T:
        """Return one of some things."""
        return options[self.number(len(options))]

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self._data[self._at :]
