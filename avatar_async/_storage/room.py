"""Whether the disk has room for what is promised to come."""

from avatar_async._storage.sizes import size_text
from avatar_async.errors import DiskSpaceError


class DiskRoom:
    """Keep count of the bytes that running downloads will still write.

    Attributes:
        reserve_bytes: Room that is never used up.
        spent_bytes: Promised bytes that went to the disk so far.
    """

    def __init__(self, reserve_bytes: int) -> None:
        self.reserve_bytes = reserve_bytes
        self.spent_bytes = 0
        self._promised: dict[object, int] = {}
        self._promised_bytes = 0

    def claim(self, who: object, needed_bytes: int, free_bytes: int, place: object) -> None:
        """Promise room to one download, in place of what it was promised before.

        Raises:
            DiskSpaceError: There is not enough beside the reserve and the other promises.
        """
        before = self._promised.get(who, 0)
        self._compare(needed_bytes, self._promised_bytes - before, free_bytes, place)
        self._promised[who] = needed_bytes
        self._promised_bytes += needed_bytes - before

    def check(self, needed_bytes: int, free_bytes: int, place: object) -> None:
        """Do nothing if there is room for bytes that are written at once; may be called from any thread.

        Raises:
            DiskSpaceError: There is not enough beside the reserve and the promises.
        """
        self._compare(needed_bytes, self._promised_bytes, free_bytes, place)

    def _compare(self, needed_bytes: int, others: int, free_bytes: int, place: object) -> None:
        if needed_bytes + others + self.reserve_bytes > free_bytes:
            msg = (
                f"{place}: needs {size_text(needed_bytes)} beside {size_text(others)} for other downloads "
                f"and {size_text(self.reserve_bytes)} in reserve, but the disk has "
                f"{size_text(free_bytes)} free"
            )
            raise DiskSpaceError(msg)

    def spend(self, who: object, count_bytes: int) -> None:
        """Note that promised bytes are on the disk now."""
        if who in self._promised:
            spent = min(self._promised[who], count_bytes)
            self._promised[who] -= spent
            self._promised_bytes -= spent
            self.spent_bytes += spent

    def release(self, who: object) -> None:
        """Forget a download's promise."""
        self._promised_bytes -= self._promised.pop(who, 0)
