"""How fast bytes arrive."""


class Speedometer:
    """Bytes a second over a sliding window, from a counter that only grows."""

    def __init__(self, window_s: float = 3.0) -> None:
        self._window_s = window_s
        self._marks: list[tuple[float, int]] = []

    def read(self, now_s: float, total_bytes: int) -> float:
        """Note the counter and return the present speed."""
        self._marks.append((now_s, total_bytes))
        while len(self._marks) > 2 and now_s - self._marks[1][0] >= self._window_s:
            del self._marks[0]
        first_s, first_bytes = self._marks[0]
        elapsed_s = now_s - first_s
        return (total_bytes - first_bytes) / elapsed_s if elapsed_s > 0 else 0.0
