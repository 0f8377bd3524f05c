"""Who may download now, and who makes room for those that wait.

A server that sends a byte a second must not keep others from coming home. While every slot is taken and
another job could start, a download makes room if its server is slow: over the last `WINDOW_S` seconds that it
waited for it, less than `SLOW_BYTES_S` came a second, or less than a twentieth of what the middle one of its
peers got (and less than `HURRIED_BYTES_S` in any case). Of several, the one whose results vanish last goes
first. One that could not go on from where it was, and has something to lose, is given ten times as long.

Making room loses nothing: the partial file stays, and the job goes on as soon as a slot is free that nobody
else wants, or, after a pause that doubles each time, in the order of expiry like any other.
"""

from collections.abc import Callable, Iterable
from statistics import median
from typing import Final

import anyio
from attrs import define

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.ports import Clock
from avatar_async._jobs.records import Job
from avatar_async.orchestrator.flow import WINDOW_S, Flow

#: Jobs of which every byte is here and that are not home yet, at most.
FINISHING: Final = 32
#: Below this a download is slow whatever its peers do.
SLOW_BYTES_S: Final = 1024.0
#: At this speed a download is never slow.
HURRIED_BYTES_S: Final = 65_536.0
_OF_PEERS: Final = 1 / 20
_LOSING: Final = 10
_WORTH_BYTES: Final = 1 << 20
_FIRST_PAUSE_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 1800.0


@define(eq=False, kw_only=True)
class Slot:
    """One job's place among the downloads.

    Attributes:
        job: Who has it.
        flow: How fast its server sends.
        scope: Ends the download of the present file; None between files.
        resumable: Whether the present file's download could go on from where it is.
        leaving: Whether it was told to make room.
        slow: Whether that was because it is slow.
        last: Whether the present file is the last one that is missing.
        received: Whether every byte of every file is here, so that only disk and ledger are waited for.
    """

    job: Job
    flow: Flow
    scope: anyio.CancelScope | None = None
    resumable: bool = False
    leaving: bool = False
    slow: bool = False
    last: bool = False
    received: bool = False

    def patience_s(self) -> float:
        """Return how long it may wait for a slow server."""
        losing = not self.resumable and self.flow.brought_bytes >= _WORTH_BYTES
        return WINDOW_S * (_LOSING if losing else 1)


class Slots:
    """A bounded number of downloads at once, in a fair order.

    A job whose bytes are all here keeps nobody from the network: `FINISHING` of them may still be checked,
    named and written down while others download.

    Args:
        clock: Tells the monotonic time.
        number: How many jobs may download at once.
    """

    def __init__(self, clock: Clock, number: int) -> None:
        self._clock = clock
        self._number = number
        self._taken: dict[str, Slot] = {}
        #: How many of them still download.
        self._receiving = 0
        #: Until when a job stands behind others, and how often in a row it was slow.
        self._behind: dict[str, tuple[float, int]] = {}

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._taken

    @property
    def full(self) -> bool:
        """Whether no other job may begin now."""
        return self.crowded or len(self._taken) >= self._number + FINISHING

    @property
    def crowded(self) -> bool:
        """Whether as many jobs download as may."""
        return self._receiving >= self._number

    def enter(self, job: Job) -> Slot:
        """Take a slot."""
        slot = self._taken[job.id] = Slot(job=job, flow=Flow(self._clock))
        self._receiving += 1
        return slot

    def track(self, slot: Slot, *, received: bool) -> bool:
        """Note whether every byte of a job is here, and return whether that is news.

        What was here may have to come once more, if it turns out wrong.
        """
        if received == slot.received:
            return False
        slot.received = received
        self._receiving += -1 if received else 1
        return True

    def leave(self, slot: Slot) -> None:
        """Let go of a slot; who was slow stands behind others for a while."""
        self._taken.pop(slot.job.id, None)
        self.track(slot, received=True)
        if not slot.slow:
            self._behind.pop(slot.job.id, None)
            return
        times = self._behind.get(slot.job.id, (0.0, 0))[1] + 1
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(times - 1, 16))
        self._behind[slot.job.id] = (self._clock.monotonic() + pause_s, times)

    def rank(self, job: Job) -> tuple[bool, tuple[float, str]]:
        """Return the key by which waiting jobs get slots, the lowest first."""
        return (self.stands_behind(job), urgency(job))

    def stands_behind(self, job: Job) -> bool:
        """Tell whether a job was slow lately, so that others get slots before it."""
        behind = self._behind.get(job.id)
        return behind is not None and self._clock.monotonic() < behind[0]

    def make_room(self, newcomer: Job, displaced: Callable[[Iterable[Job]], Job | None]) -> None:
        """Let one download make room for a job that waits, if one should.

        Args:
            newcomer: The first of the jobs that wait.
            displaced: Returns the one of the running jobs that makes room because the newcomer would come
                too late otherwise.
        """
        if any(slot.leaving for slot in self._taken.values()):
            return
        movable = {
            slot.job.id: slot for slot in self._taken.values() if slot.scope is not None and not slot.received
        }
        less_urgent = displaced([slot.job for slot in movable.values()])
        slot = movable[less_urgent.id] if less_urgent is not None else None
        if slot is None and not self.rank(newcomer)[0]:
            slot = self.laggard()
            if slot is not None:
                slot.slow = True
        if slot is not None and slot.scope is not None:
            slot.leaving = True
            slot.scope.cancel()

    def laggard(self) -> Slot | None:
        """Return the slow download whose results vanish last; None if none is slow."""
        speeds = {slot: slot.flow.speed_bytes_s() for slot in self._taken.values() if not slot.received}
        slow = [
            slot
            for slot, speed in speeds.items()
            if slot.scope is not None
            and slot.flow.waited_s >= slot.patience_s()
            and speed < self._least_bytes_s(speeds, slot)
        ]
        return max(slow, key=lambda slot: urgency(slot.job), default=None)

    def _least_bytes_s(self, speeds: dict[Slot, float], slot: Slot) -> float:
        """Return the speed below which a download counts as slow."""
        peers = [speed for other, speed in speeds.items() if other is not slot]
        of_peers = median(peers) * _OF_PEERS if peers else 0.0
        return min(HURRIED_BYTES_S, max(SLOW_BYTES_S, of_peers))
