"""A speed limit that all downloads share, the most urgent first."""

import heapq
from itertools import count
from typing import Final

import anyio
from attrs import Factory, define, field

from avatar_async._jobs.ports import Clock

#: Seconds' worth of bytes that may pass at once after a pause.
_BURST_S: Final = 0.25
#: Seconds a less urgent download waits before a few of its bytes may pass out of turn: servers commonly
#: cut a connection from which nothing was read for 60 s.
_STARVED_S: Final = 15.0
#: Share of the limit that may pass out of turn. Where that is too little to keep every connection alive,
#: some are cut; they go on later from where they were, which costs less than a missed expiry.
_OUT_OF_TURN: Final = 1 / 32


@define(order=True)
class _Waiter:
    """Bytes that want to pass."""

    urgency: tuple[float, str]
    number: int
    count_bytes: int = field(order=False)
    lane: "Lane" = field(order=False)
    passed: bool = field(default=False, order=False)
    woken: anyio.Event = field(order=False, default=Factory(anyio.Event))


class Bandwidth:
    """Let so many bytes a second pass: those of the download whose results vanish first.

    Sharing the limit equally would finish every download late; in the order of their expiries, each is home
    in time if that is possible at all. What the most urgent ones cannot use, the others get.

    Where the line is narrower than the limit, or there is none, it shares itself equally: then downloads can
    be told to give way (`give_way`).

    Attributes:
        bytes_s: The limit; None for no limit.
    """

    def __init__(self, bytes_s: float | None, clock: Clock) -> None:
        self.bytes_s = bytes_s
        self._clock = clock
        self._free_at_s = 0.0
        self._out_of_turn_at_s = 0.0
        self._numbers = count()
        self._waiters: list[_Waiter] = []
        self._driven = False
        self._goes: tuple[float, str] | None = None
        self._line_bytes_s = float("inf")
        self._told = anyio.Event()

    def lane(self, urgency: tuple[float, str] = (float("inf"), "")) -> "Lane":
        """Return one download's part of the limit.

        Args:
            urgency: The lowest goes first.
        """
        return Lane(self, urgency, self._clock.monotonic())

    def give_way(self, after: tuple[float, str] | None, line_bytes_s: float) -> None:
        """Let less urgent downloads pass only as much as keeps their connections alive.

        Args:
            after: The least urgency that goes on as before; None lets all go on.
            line_bytes_s: What the line brings in all.
        """
        self._line_bytes_s = line_bytes_s
        if after != self._goes:
            self._goes = after
            self._told.set()
            self._told = anyio.Event()

    def free(self, lane: "Lane") -> bool:
        """Tell whether a download's bytes may pass as they come."""
        return self.bytes_s is None and (self._goes is None or lane.urgency <= self._goes)

    async def take(self, lane: "Lane", count_bytes: int) -> None:
        """Wait until those bytes may pass; cancelled before that, they do not count."""
        await self._await_turn(lane, count_bytes)
        if self.bytes_s is None:
            lane.served_at_s = self._clock.monotonic()
            return
        waiter = _Waiter(lane.urgency, next(self._numbers), count_bytes, lane)
        heapq.heappush(self._waiters, waiter)
        try:
            while not waiter.passed:
                if self._driven:
                    await waiter.woken.wait()
                else:
                    await self._drive(waiter, self.bytes_s)
        finally:
            if not waiter.passed:
                self._waiters.remove(waiter)
                heapq.heapify(self._waiters)
            self._hand_on()

    async def _await_turn(self, lane: "Lane", count_bytes: int) -> None:
        """Wait as long as the download is to give way and its connection can live without those bytes."""
        while self._goes is not None and lane.urgency > self._goes:
            now_s = self._clock.monotonic()
            turn_s = max(lane.served_at_s + _STARVED_S, self._out_of_turn_at_s)
            if now_s >= turn_s:
                lane.served_at_s = now_s
                rate = min(self._line_bytes_s, self.bytes_s or self._line_bytes_s)
                self._out_of_turn_at_s = now_s + count_bytes / (rate * _OUT_OF_TURN)
                return
            told = self._told
            async with anyio.create_task_group() as group:

                async def expire(rest_s: float, scope: anyio.CancelScope) -> None:
                    await self._clock.sleep(rest_s)
                    scope.cancel()

                group.start_soon(expire, turn_s - now_s, group.cancel_scope)
                await told.wait()
                group.cancel_scope.cancel()

    async def _drive(self, driver: _Waiter, bytes_s: float) -> None:
        """Let waiters pass as their time comes until the driver itself has passed."""
        self._driven = True
        try:
            while not driver.passed:
                now_s = self._clock.monotonic()
                if now_s < self._free_at_s:
                    await self._clock.sleep(self._free_at_s - now_s)
                    continue
                waiter = self._next(now_s, bytes_s)
                cost_s = waiter.count_bytes / bytes_s
                self._free_at_s = max(self._free_at_s, now_s - _BURST_S) + cost_s
                waiter.lane.served_at_s = now_s
                waiter.passed = True
                waiter.woken.set()
        finally:
            self._driven = False

    def _next(self, now_s: float, bytes_s: float) -> _Waiter:
        """Take out the most urgent waiter, or one that starved for so long that its turn has come."""
        chosen = self._waiters[0]
        if now_s >= self._out_of_turn_at_s:
            starved = min(self._waiters, key=lambda each: each.lane.served_at_s)
            if starved is not chosen and now_s - starved.lane.served_at_s >= _STARVED_S:
                self._out_of_turn_at_s = now_s + starved.count_bytes / (bytes_s * _OUT_OF_TURN)
                chosen = starved
        self._waiters.remove(chosen)
        heapq.heapify(self._waiters)
        return chosen

    def _hand_on(self) -> None:
        """Wake one waiter, if nobody looks after the others."""
        if self._waiters and not self._driven:
            self._waiters[0].woken.set()
            self._waiters[0].woken = anyio.Event()


class Lane:
    """One download's part of a speed limit.

    Attributes:
        urgency: Whose bytes pass first: the lowest's.
        served_at_s: When bytes of it passed last, in monotonic seconds.
    """

    def __init__(self, bandwidth: Bandwidth, urgency: tuple[float, str], now_s: float) -> None:
        self.urgency: Final = urgency
        self.served_at_s = now_s
        self._bandwidth = bandwidth

    @property
    def free(self) -> bool:
        """Whether nothing holds this download back at present."""
        return self._bandwidth.free(self)

    async def take(self, count_bytes: int) -> None:
        """Wait until those bytes may pass; cancelled before that, they do not count."""
        await self._bandwidth.take(self, count_bytes)

    def passes(self, now_s: float) -> bool:
        """Let bytes pass at once if nothing holds this download back; tell whether it did.

        Args:
            now_s: The present monotonic second.
        """
        if not self.free:
            return False
        self.served_at_s = now_s
        return True
