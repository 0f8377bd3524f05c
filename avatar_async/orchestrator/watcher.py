"""Notices what other processes write to the ledger, and what time does to jobs."""

from collections.abc import Callable, Mapping
from typing import Final

from avatar_async._clock import JumpMeter
from avatar_async._jobs.advice import flags
from avatar_async._jobs.ports import JobStore
from avatar_async._jobs.states import State
from avatar_async.orchestrator.board import Board

#: Seconds by which wall clock and monotonic clock may go apart between two looks.
_JUMP_S: Final = 30.0
#: Between two looks at the ledger, in seconds.
_LOOK_S: Final = 0.5
#: Looks between two checks of every finished and running job for expiry and deadline.
_CHECK_EVERY: Final = 20


class Watcher:
    """Take up outside changes within a second, and warn of jobs at risk or overdue."""

    def __init__(
        self,
        board: Board,
        store: JobStore,
        deadlines_s: Mapping[str, float],
        *,
        jumped: Callable[[], None],
    ) -> None:
        self._board = board
        self._store = store
        self._deadlines_s = deadlines_s
        self._jumped = jumped
        self._meter = JumpMeter(board.clock)

    async def run(self) -> None:
        """Look at the ledger again and again, for ever."""
        # A mark of its own: the board sees our own writes, which may be newer than one not yet noticed.
        seen = self._board.loaded_revision
        looks = 0
        while True:
            if looks % _CHECK_EVERY == 0:
                self._warn_of_time()
            looks += 1
            await self._board.clock.sleep(_LOOK_S)
            if self._notice_jump():
                looks = 0
            changed = await self._store.changed_since(seen)
            if changed:
                seen = max(job.revision for job in changed)
                await self._board.take_up(changed)

    def _notice_jump(self) -> bool:
        """Tell whether the clock jumped since the last look; if so, have every task asked for anew."""
        jump_s = self._meter.read_s()
        if abs(jump_s) < _JUMP_S:
            return False
        ahead = "the machine slept, or its clock was set ahead" if jump_s > 0 else "the clock was set back"
        self._board.warn(f"{ahead}, by {abs(jump_s):.0f} s: every task is asked for anew")
        self._jumped()
        return True

    def _warn_of_time(self) -> None:
        now = self._board.clock.now()
        for state in (State.IN_FLIGHT, State.READY, State.FETCHING):
            for job in self._board.in_state(state):
                for flag in flags(job, now, self._deadlines_s):
                    if flag == "at_risk":
                        text = (
                            f"its results vanish at {job.expires_at:%Y-%m-%d %H:%M} UTC and are not home yet"
                        )
                        self._board.warn(text, job=job.name, once=f"at_risk:{job.id}:{job.attempt}")
                    elif flag == "overdue":
                        text = "takes longer than such jobs should; polling goes on, more slowly"
                        self._board.warn(text, job=job.name, once=f"overdue:{job.id}:{job.attempt}")
