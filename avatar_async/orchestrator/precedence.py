"""Downloads that give way while another would be late at its share of the line.

Several downloads share a narrow line, or a busy server, equally. That brings all of them home at about the
same time, which is too late for those that vanish first. While one is pressed, the less urgent ones therefore
stop reading, save for what keeps their connections alive.

Where the first ones cannot use up what the line brought before (each connection is slow by itself), holding
the others back would only waste time: more and more of them go on until the speed is back.
"""

from datetime import datetime
from typing import Final

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.ports import Downloads
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.orchestrator.arrivals import Arrivals
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.ready import ReadyJobs
from avatar_async.orchestrator.speed import Speedometer
from avatar_async.orchestrator.urgency import Rest, Transfer, first_pressed, going_on, horizon_s

#: Between two looks, in seconds.
_LOOK_S: Final = 5.0
#: Seconds over which the line's speed is measured, the fewest that make a measurement, and the fewest after
#: which a lower speed is put down to those that give way. What is on its way to those when they stop takes up
#: the line for a moment and is not counted.
_WINDOW_S: Final = 30.0
_MEASURED_S: Final = 5.0
_JUDGED_S: Final = 10.0
_SETTLED_S: Final = 10.0
#: Part of the former speed below which more downloads go on; they stay if that brings so many times as much,
#: else it is the line that became slower.
_WASTED: Final = 0.9
_HELPED: Final = 1.1
#: Seconds until it is tried again whether fewer downloads can use up the line; doubled with each failure.
_AGAIN_S: Final = 300.0
_LONGEST_AGAIN_S: Final = 3600.0


class Precedence:
    """Decide again and again which downloads give way.

    Args:
        board: The jobs.
        downloads: Who makes them give way.
        arrivals: What came of each.
        ready: The jobs that wait for a slot.
    """

    def __init__(self, board: Board, downloads: Downloads, arrivals: Arrivals, ready: ReadyJobs) -> None:
        self._board = board
        self._downloads = downloads
        self._arrivals = arrivals
        self._ready = ready
        self._after: tuple[float, str] | None = None
        self._pressed: str | None = None
        #: What the line brings, once that was measured, and what it brought when all went on.
        self._line_bytes_s: float | None = None
        self._full_bytes_s = 0.0
        self._meter = Speedometer(_WINDOW_S)
        #: When the present measurement began, None before; and from when on the next one may.
        self._since_s: float | None = None
        self._settled_s = 0.0
        #: How many more go on than those that must, and until when so many do.
        self._extra = 0
        self._extra_until_s = 0.0
        #: What came before the latest of them went on.
        self._before_bytes_s: float | None = None
        self._again_s = _AGAIN_S

    @property
    def notice(self) -> str | None:
        """Whose results the other downloads give way to, in words."""
        if self._pressed is None or self._after is None:
            return None
        return f"other downloads give way to {self._pressed}, whose results vanish first"

    def yields(self, job: Job) -> bool:
        """Tell whether a job under way gives way at present."""
        return self._after is not None and urgency(job) > self._after

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            self.look()
            await self._board.clock.sleep(_LOOK_S)

    def look(self) -> None:
        """Measure, decide, and tell the downloads."""
        now, now_s = self._board.clock.now(), self._board.clock.monotonic()
        running = [self._transfer(job, now) for job in self._board.in_state(State.FETCHING)]
        self._measure(now_s, idle=not any(each.running for each in running))
        pressed = None
        if self._line_bytes_s is not None:
            pressed = self._first_pressed(running, now, self._line_bytes_s)
        if pressed is None:
            self._extra, self._again_s, self._before_bytes_s = 0, _AGAIN_S, None
        elif now_s >= self._extra_until_s:
            self._extra, self._before_bytes_s = 0, None
        after = going_on(running, pressed, self._extra)
        if after != self._after:
            self._after = after
            self._since_s, self._settled_s = None, now_s + _SETTLED_S
        job = None if pressed is None else self._board.get(pressed.urgency[1])
        self._pressed = None if job is None else job.name
        self._downloads.give_way(after, self._line_bytes_s or 1.0)

    def _first_pressed(self, running: list[Transfer], now: datetime, line_bytes_s: float) -> Transfer | None:
        """Return who needs others to give way; of those that wait, only those that may are looked at."""
        ready = self._ready
        ready.wake(now)
        left_bytes, longest, unknown = ready.left_bytes, ready.longest_bytes, ready.unknown
        rest = Rest(left_bytes=left_bytes, longest_bytes=longest, unknown=unknown)
        limit_s = horizon_s(rest, running, line_bytes_s)
        waiting = []
        for job in ready.in_order():
            transfer = self._transfer(job, now)
            if transfer.left_s is None or transfer.left_s > limit_s:
                break
            waiting.append(transfer)
            left_bytes -= transfer.left_bytes or 0
            unknown -= transfer.left_bytes is None
        if len(waiting) == len(ready):
            longest = 0
        rest = Rest(left_bytes=left_bytes, longest_bytes=longest, unknown=unknown)
        holding = self._pressed is not None
        return first_pressed([*running, *waiting], line_bytes_s, holding=holding, rest=rest)

    def _transfer(self, job: Job, now: datetime) -> Transfer:
        left_bytes = self._arrivals.left_bytes(job)
        return Transfer(
            urgency=urgency(job),
            left_bytes=left_bytes,
            left_s=None if job.expires_at is None else (job.expires_at - now).total_seconds(),
            running=job.state is State.FETCHING and left_bytes != 0,
        )

    def _measure(self, now_s: float, *, idle: bool) -> None:
        """Read the line's speed; if those that go on leave much of it unused, let more go on."""
        if idle:
            self._since_s = None
            return
        if self._since_s is None:
            if now_s >= self._settled_s:
                self._since_s, self._meter = now_s, Speedometer(_WINDOW_S)
                self._meter.read(now_s, self._arrivals.received_bytes)
            return
        speed = self._meter.read(now_s, self._arrivals.received_bytes)
        measured_s = now_s - self._since_s
        if measured_s < _MEASURED_S or (self._after is None and not speed):
            return
        if self._pressed is None or self._line_bytes_s is None:
            self._line_bytes_s = self._full_bytes_s = speed
        elif measured_s >= _JUDGED_S:
            self._judge(speed, now_s)

    def _judge(self, speed: float, now_s: float) -> None:
        """Let more go on if much of the line is unused; take that back if they brought nothing more."""
        before, self._before_bytes_s = self._before_bytes_s, None
        if before is not None and speed < before * _HELPED:
            self._extra //= 2
            self._full_bytes_s = speed
        if self._after is not None and speed < self._full_bytes_s * _WASTED:
            self._before_bytes_s = speed
            self._extra = max(1, 2 * self._extra)
            self._extra_until_s = now_s + self._again_s
            self._again_s = min(_LONGEST_AGAIN_S, 2 * self._again_s)
        else:
            self._line_bytes_s = max(1.0, speed)
