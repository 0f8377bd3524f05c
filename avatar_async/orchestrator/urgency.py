"""Who makes room for files that vanish sooner."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from avatar_async._jobs.expiry import AT_RISK, bytes_left, urgency
from avatar_async._jobs.records import Job

#: Downloads that end within this many seconds are not interrupted for another.
_NEARLY_DONE_S: Final = 5.0
#: A job whose files would take this share of the time it has left does not wait for a slot.
_SHARE: Final = 0.5


def displaced(
    newcomer: Job, running: Iterable[Job], now: datetime, speed_bytes_s: float | None
) -> Job | None:
    """Return the download to be parked, with what it has, for a job that waits for a slot; None to wait.

    The least urgent one makes room, if it is less urgent than the newcomer and the newcomer is at risk
    otherwise. Urgency never changes, so that a job is parked at most once for each more urgent one.

    Args:
        newcomer: The most urgent job that waits.
        running: The jobs that hold a slot.
        now: The present instant.
        speed_bytes_s: Measured speed of all downloads together, if known.
    """
    running = list(running)
    victim = max(running, key=urgency, default=None)
    if victim is None or urgency(victim) <= urgency(newcomer) or newcomer.expires_at is None:
        return None
    left_s = (newcomer.expires_at - now).total_seconds()
    if left_s <= 0:
        return None
    if speed_bytes_s:
        rest_s = bytes_left(victim) * len(running) / speed_bytes_s
        if 0 < rest_s < min(_NEARLY_DONE_S, left_s / 10):
            return None
        ahead = sum(bytes_left(job) for job in running) + bytes_left(newcomer)
        if ahead / speed_bytes_s > left_s * _SHARE:
            return victim
    return victim if left_s < AT_RISK.total_seconds() else None
