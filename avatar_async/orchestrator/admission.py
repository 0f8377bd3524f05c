"""Whether a create call may leave now: canary, circuit, limits, pauses (design: submission safety)."""

import random
from typing import Final

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.verdicts import MAX_RETRY_AFTER_S, clamped_wait_s

#: Unknown outcomes in a row that pause creates until a query succeeds.
CIRCUIT_AFTER: Final = 3
#: Seconds after which a lowered limit rises by one.
_RECOVER_S: Final = 10.0
#: First pause after an unknown outcome that follows the circuit's own three, in seconds; it doubles.
_DOUBT_PAUSE_S: Final = 15.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0


class Admission:
    """Decide how many creates may be outstanding; told of every outcome, asks nobody."""

    def __init__(
        self,
        clock: Clock,
        chance: random.Random,
        *,
        max_in_flight: int,
        max_creates: int | None,
        proven: bool,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._max_in_flight = max_in_flight
        self._max_creates = max_creates
        #: Whether a query about a task of this ledger was ever decoded.
        self.proven = proven
        #: Why no further create is sent in this run; None while they may be.
        self.stopped: str | None = None
        self._limit = max_in_flight
        self._lowered_at_s = 0.0
        self._creates = 0
        self._unknown_in_a_row = 0
        #: Whether a query was understood since the latest unknown outcome.
        self._answered = True
        self._not_sent_in_a_row = 0
        self._paused_until_s = 0.0
        self._pause_reason = ""

    # ------------------------------------------------------------ asking
    def allows(self, outstanding: int, creating: int) -> bool:
        """Tell whether one more create call may leave now.

        Args:
            outstanding: Create calls under way plus tasks the service works on.
            creating: Create calls under way.
        """
        if self.stopped is not None or self.circuit_open or self.pause_s > 0:
            return False
        if self.spent:
            return False
        if not self.proven and outstanding > 0:
            return False
        if creating > 0 and (self._not_sent_in_a_row or self._unknown_in_a_row >= CIRCUIT_AFTER):
            return False
        return outstanding < self.limit

    @property
    def limit(self) -> int:
        """Return how many creates and tasks may be outstanding now."""
        if self._limit < self._max_in_flight:
            steps = int((self._clock.monotonic() - self._lowered_at_s) / _RECOVER_S)
            if steps > 0:
                self._limit = min(self._max_in_flight, self._limit + steps)
                self._lowered_at_s += steps * _RECOVER_S
        return self._limit

    @property
    def spent(self) -> bool:
        """Whether this run made as many create calls as it may."""
        return self._max_creates is not None and self._creates >= self._max_creates

    @property
    def circuit_open(self) -> bool:
        """Whether too many unknown outcomes in a row pause creates until a query succeeds."""
        return self._unknown_in_a_row >= CIRCUIT_AFTER and not self._answered

    @property
    def pause_s(self) -> float:
        """Return for how many seconds no create may leave."""
        return max(0.0, self._paused_until_s - self._clock.monotonic())

    @property
    def closed_for_good(self) -> bool:
        """Whether no create will leave in this run any more."""
        return self.stopped is not None or self.spent

    def notice(self) -> str | None:
        """Return why creates do not leave, for a person; None if nothing holds them but the limit."""
        if self.stopped is not None:
            return f"submission stopped: {self.stopped}"
        if self._max_creates == 0:
            return "nothing is submitted in this run: the other jobs stay planned"
        if self.spent:
            return f"--max-creates {self._max_creates} reached: the other jobs stay planned"
        if self.circuit_open:
            return (
                f"creates are paused: {self._unknown_in_a_row} outcomes in a row are unknown; "
                "asking the service until it answers"
            )
        if self.pause_s > 0:
            return f"creates are paused for {self.pause_s:.0f} s: {self._pause_reason}"
        if self._unknown_in_a_row >= CIRCUIT_AFTER:
            return f"one create at a time: {self._unknown_in_a_row} outcomes in a row were unknown"
        if not self.proven:
            return "one create at a time until the first query about a task was understood"
        if self.limit < self._max_in_flight:
            return f"the service was busy: at most {self.limit} tasks at once for a while"
        return None

    # ------------------------------------------------------------ being told
    def began(self) -> None:
        """Count a create call about to be made."""
        self._creates += 1

    def accepted(self) -> None:
        """Note a task made."""
        self._unknown_in_a_row = 0
        self._not_sent_in_a_row = 0

    def refused(self) -> None:
        """Note a readable refusal of the request."""
        self._unknown_in_a_row = 0
        self._not_sent_in_a_row = 0

    def unknown(self) -> None:
        """Note an unknown outcome; those beyond the circuit's three pause creates for longer and longer.

        While the circuit is open no create begins: an outcome then is of one that left before, and says
        nothing new.
        """
        if self.circuit_open:
            return
        self._unknown_in_a_row += 1
        self._answered = False
        self._not_sent_in_a_row = 0
        beyond = self._unknown_in_a_row - CIRCUIT_AFTER
        if beyond > 0:
            pause_s = min(MAX_RETRY_AFTER_S, _DOUBT_PAUSE_S * 2.0 ** min(beyond - 1, 10))
            self._pause(pause_s, f"{self._unknown_in_a_row} outcomes in a row are unknown")

    def queried(self, *, own_task: bool) -> bool:
        """Note a decoded query; return whether it is the first about a task of ours."""
        self._answered = True
        first = own_task and not self.proven
        self.proven = self.proven or own_task
        return first

    def put_back(self) -> None:
        """Take back the count of a create call that was not made, or surely made no task."""
        self._creates -= 1

    def not_sent(self, reason: str) -> float:
        """Pause creates because the service cannot be reached; return for how many seconds (full jitter)."""
        self._not_sent_in_a_row += 1
        ceiling = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._not_sent_in_a_row, 10))
        pause_s = self._chance.uniform(_FIRST_PAUSE_S, ceiling)
        self._pause(pause_s, reason)
        return pause_s

    def throttled(self, retry_after_s: float | None, outstanding: int) -> float:
        """Pause creates and lower the limit because the service is busy; return the seconds.

        Args:
            retry_after_s: What it asked for; clamped to 0-600.
            outstanding: What it has of ours already.
        """
        self._unknown_in_a_row = 0
        self._not_sent_in_a_row = 0
        self._limit = max(1, min(self._limit - 1, max(outstanding, self._limit // 2)))
        self._lowered_at_s = self._clock.monotonic()
        asked_s = clamped_wait_s(retry_after_s)
        pause_s = asked_s + self._chance.uniform(0.0, min(1.0, 0.1 + asked_s / 10))
        self._pause(pause_s, "the service asked to wait")
        return pause_s

    def stop(self, reason: str) -> None:
        """Send no create any more in this run; the first reason counts."""
        self.stopped = self.stopped or reason

    def _pause(self, pause_s: float, reason: str) -> None:
        until_s = self._clock.monotonic() + pause_s
        if until_s > self._paused_until_s:
            self._paused_until_s, self._pause_reason = until_s, reason
