"""When a connection that brings next to nothing is given up for a new one."""

from typing import Final

from avatar_async._storage.workshop import FetchRules

#: Seconds that the rest of a file may take at the speed it comes at: the service keeps no result for longer.
_LONGEST_REST_S: Final = 7 * 86_400.0


class Patience:
    """Look at what one connection brings, again and again, while the server is waited for.

    A new connection that goes on from where this one is costs nothing. One that must start over is worth it
    only where that is the sooner end at the speed so far, or where this one has no end that anybody could
    wait for.

    Args:
        rules: What slow is, and over how long a time.
        resumable: Whether a new connection can go on.
        left_bytes: What is to come; None if that is not known.
    """

    def __init__(self, rules: FetchRules, *, resumable: bool, left_bytes: int | None) -> None:
        self._rules = rules
        self._resumable = resumable
        self._whole_bytes = left_bytes
        self._came_bytes = self._all_bytes = 0
        self._waited_s = self._all_s = 0.0

    def came(self, count_bytes: int, waited_s: float) -> str | None:
        """Note bytes that were waited for; return why the connection is to be given up, None if it is not."""
        self._came_bytes += count_bytes
        self._waited_s += waited_s
        if self._waited_s < self._rules.slow_s:
            return None
        self._all_bytes += self._came_bytes
        self._all_s += self._waited_s
        slow = self._came_bytes < self._rules.slow_bytes_s * self._waited_s
        why = f"only {self._came_bytes} bytes came in {self._waited_s:.0f} s"
        hopeless = slow and self._hopeless(self._came_bytes / self._waited_s)
        self._came_bytes, self._waited_s = 0, 0.0
        return why if hopeless else None

    def _hopeless(self, bytes_s: float) -> bool:
        if self._resumable or self._whole_bytes is None:
            return True
        anew_s = self._whole_bytes * self._all_s / self._all_bytes if self._all_bytes else 0.0
        left_bytes = self._whole_bytes - self._all_bytes
        return left_bytes > bytes_s * min(anew_s, _LONGEST_REST_S)
