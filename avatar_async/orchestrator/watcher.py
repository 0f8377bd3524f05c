"""Notices what other processes write to the ledger, and what time does to jobs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final

import anyio.lowlevel
import anyio.to_thread

from avatar_async._clock import JumpMeter
from avatar_async._jobs.advice import overdue
from avatar_async._jobs.expiry import at_risk, overtaken
from avatar_async._jobs.ports import JobStore
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async._storage.sizes import size_text
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.status import SPEED
from avatar_async.orchestrator.unfetched import Unfetched

#: Between two looks at the ledger, in seconds.
_LOOK_S: Final = 0.5
#: Looks between two checks of every finished and running job for expiry and deadline.
_CHECK_EVERY: Final = 20
#: Jobs that are looked at without a pause.
_AT_ONCE: Final = 500
#: Seconds by which wall clock and monotonic clock may go apart between two looks.
_JUMP_S: Final = 30.0
#: Part by which the speed must have changed to be written down anew.
_OTHER_SPEED: Final = 0.25


class Watcher:
    """Take up outside changes within a second, and warn of jobs at risk or overdue.

    Args:
        board: The jobs.
        store: The ledger.
        deadlines_s: Seconds after which a task is overdue, by kind.
        speed_bytes_s: Tells how fast bytes arrive lately, None if none do.
        jumped: Called when the machine slept or its clock was set.
    """

    def __init__(
        self,
        board: Board,
        store: JobStore,
        deadlines_s: Mapping[str, float],
        *,
        speed_bytes_s: Callable[[], float | None],
        jumped: Callable[[], None],
    ) -> None:
        self._board = board
        self._store = store
        self._deadlines_s = deadlines_s
        self._speed_bytes_s = speed_bytes_s
        self._jumped = jumped
        self._meter = JumpMeter(board.clock)
        self._kept_speed = 0.0
        #: Jobs that the speed measured last does not bring home in time.
        self.late: frozenset[str] = frozenset()
        #: The jobs whose files are not all home.
        self.unfetched = Unfetched()
        board.on_change(self._follow)

    async def run(self) -> None:
        """Look at the ledger again and again, for ever."""
        # A mark of its own: the board sees our own writes, which may be newer than one not yet noticed.
        seen = self._board.loaded_revision
        looks = 0
        while True:
            if looks % _CHECK_EVERY == 0:
                await self._check()
            looks += 1
            await self._board.clock.sleep(_LOOK_S)
            if self._notice_jump():
                looks = 0
            written = await self._store.written_since(seen)
            if written:
                seen = max(written.values())
                await self._take_up_strange(written)

    async def _take_up_strange(self, written: Mapping[str, int]) -> None:
        """Take up what others wrote; our own writes become known while it is read, a hundred thousand too.

        Args:
            written: Latest revision of the jobs written lately, by id.
        """
        found: list[Job] = []
        rest = iter(written.items())
        while some := list(islice(rest, _AT_ONCE)):
            strange = [job_id for job_id, revision in some if not self._board.knows(job_id, revision)]
            if strange:
                found += await self._store.some(strange)
            await anyio.lowlevel.checkpoint()
        if found:
            await self._board.take_up(found)

    def _follow(self, job: Job) -> None:
        self.unfetched.follow(job)
        if job.state is State.READY:
            self._warn_of_expiry(job)

    def _notice_jump(self) -> bool:
        """Tell whether the clock jumped since the last look; if so, have every task asked for anew."""
        jump_s = self._meter.read_s()
        if abs(jump_s) < _JUMP_S:
            return False
        ahead = "the machine slept, or its clock was set ahead" if jump_s > 0 else "the clock was set back"
        self._board.warn(f"{ahead}, by {abs(jump_s):.0f} s: every task is asked for anew")
        self._jumped()
        return True

    async def _check(self) -> None:
        speed = self._speed_bytes_s()
        now = self._board.clock.now()
        self.late = await self._too_slow(now, speed)
        for number, job_id in enumerate((*self.unfetched.soon(now), *self.late), start=1):
            job = self._board.get(job_id)
            if job is not None:
                self._warn_of_expiry(job)
                self._warn_of_speed(job, speed)
            await _breathe(number)
        for number, job in enumerate(self._board.in_state(State.IN_FLIGHT), start=1):
            if overdue(job, now, self._deadlines_s):
                text = "takes longer than such jobs should; polling goes on, more slowly"
                self._board.warn(text, job=job.name, once=f"overdue:{job.id}:{job.attempt}")
            await _breathe(number)
        if speed is not None and abs(speed - self._kept_speed) > _OTHER_SPEED * self._kept_speed:
            self._kept_speed = speed
            await self._store.remember(SPEED, f"{speed:.0f}")

    async def _too_slow(self, now: datetime, speed_bytes_s: float | None) -> frozenset[str]:
        if not speed_bytes_s or self.unfetched.all_in_time(now, speed_bytes_s):
            return frozenset()
        burdens = self.unfetched.burdens()
        if len(burdens) <= _AT_ONCE:
            return overtaken(burdens, now, speed_bytes_s)
        return await anyio.to_thread.run_sync(overtaken, burdens, now, speed_bytes_s)

    def _warn_of_expiry(self, job: Job) -> None:
        if job.expires_at is None or not at_risk(job, self._board.clock.now()):
            return
        past = job.expires_at <= self._board.clock.now()
        verb = "were to vanish" if past else "vanish"
        text = f"its results {verb} at {job.expires_at:%Y-%m-%d %H:%M} UTC and are not home yet"
        self._board.warn(text, job=job.name, once=f"at_risk:{job.id}:{job.attempt}")

    def _warn_of_speed(self, job: Job, speed_bytes_s: float | None) -> None:
        if speed_bytes_s is not None and job.id in self.late:
            text = (
                f"its results vanish at {job.expires_at:%Y-%m-%d %H:%M} UTC, too soon at the present "
                f"{size_text(speed_bytes_s)}/s with {size_text(self.unfetched.left_bytes)} still to come: "
                "raise --bandwidth, or use a faster line"
            )
            self._board.warn(text, job=job.name, once=f"too_slow:{job.id}:{job.attempt}")


async def _breathe(number: int) -> None:
    """Let others have their turn after every so many jobs."""
    if number % _AT_ONCE == 0:
        await anyio.lowlevel.checkpoint()
