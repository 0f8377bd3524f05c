"""Whether the disk has room for what is promised to come."""

from avatar_async.errors import DiskSpaceError


class DiskRoom:
    """Keep count of the bytes that running downloads will still write.

    Attributes:
        reserve_bytes: Room that is never used up.
    """

    def __init__(self, reserve_bytes: int) -> None:
        self.reserve_bytes = reserve_bytes
        self._promised: dict[object, int] = {}

    def claim(self, who: object, needed_bytes: int, free_bytes: int, place: object) -> None:
        """Promise room to one download, in place of what it was promised before.

        Raises:
            DiskSpaceError: There is not enough beside the reserve and the other promises.
        """
        others = sum(count for each, count in self._promised.items() if each is not who)
        if needed_bytes + others + self.reserve_bytes > free_bytes:
            msg = (
                f"{place}: needs {readable(needed_bytes)} beside {readable(others)} for other downloads and "
                f"{readable(self.reserve_bytes)} in reserve, but the disk has {readable(free_bytes)} free"
            )
            raise DiskSpaceError(msg)
        self._promised[who] = needed_bytes

    def spend(self, who: object, count_bytes: int) -> None:
        """Note that promised bytes are on the disk now."""
        if who in self._promised:
            self._promised[who] = max(0, self._promised[who] - count_bytes)

    def release(self, who: object) -> None:
        """Forget a download's promise."""
        self._promised.pop(who, None)


def readable(count_bytes: int) -> str:
    """Return a length fit for a sentence, such as 1.5 GiB."""
    size = float(count_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
