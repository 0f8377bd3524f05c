"""Kill and restart a batch until it is done; check every promise after each death."""

import contextlib
import random
import signal
import subprocess
import time
from collections.abc import Callable

from attrs import define, field

from tests.crash.invariants import LedgerRows, violations
from tests.crash.product import LIMIT_S, Process, Product

#: Runs after the kills within which a batch must be done.
_ROUNDS = 8


@define
class Driver:
    """One batch on its way through deaths.

    Attributes:
        product: The batch.
        kills: When it was killed, in seconds since 1970.
        ordered: Create calls that a person ordered to be sent again, since no task was made.
        settled: Jobs in doubt that a person gave their task.
        runs: How many were started.
    """

    product: Product
    kills: list[float] = field(factory=list)
    ordered: int = 0
    settled: int = 0
    runs: int = 0

    def start(self, *options: str, **changed: str) -> Process:
        """Start the run, or go on with it."""
        self.runs += 1
        return self.product.run(*options, **changed)

    def kill(self, process: Process) -> None:
        """Kill a run now (unless it has just ended) and check."""
        self.kills.append(time.time())
        with contextlib.suppress(ProcessLookupError):
            self.product.kill(process)
        self.check()

    def run_until(self, moment: str, nth: int = 1) -> bool:
        """Run until the server kills the run at a moment, or to its end; return whether it was killed."""
        service = self.product.service
        service.arm(moment, nth)
        process = self.start()
        service.tell_pid(process.pid)
        code = process.wait(LIMIT_S)
        struck = service.struck()
        service.disarm()
        if struck:
            assert code == -signal.SIGKILL, self._report([f"a killed run ended with {code}"])
            self.kills.append(time.time())
        self.check()
        return struck

    def run_for(self, alive_s: float, beside: Callable[[], None] | None = None) -> int | None:
        """Run, and kill after that many seconds; return the exit code if it ended before, else None."""
        process = self.start()
        if beside is not None:
            beside()
        try:
            code = process.wait(alive_s)
        except subprocess.TimeoutExpired:
            self.kill(process)
            return None
        assert code in (0, 1), self._report([f"a run ended with {code}"])
        self.check()
        return code

    def finish(self) -> None:
        """Run until everything is stored, settling doubts as a person would; check the end."""
        for _ in range(_ROUNDS):
            code = self.start().wait(LIMIT_S)
            assert code in (0, 1), self._report([f"a run ended with {code}"])
            self.check(done=code == 0)
            if code == 0:
                return
            assert self.settle_doubts(), self._report(["a run ended with 1, and no person was needed"])
        raise AssertionError(self._report([f"not done after {_ROUNDS} runs"]))

    def settle_doubts(self) -> int:
        """Settle every job in doubt from what the server knows; return how many there were."""
        self.product.service.drain()
        truth = self.product.service.truth()
        doubtful = [
            name for name, job in LedgerRows.read(self.product.out).jobs.items() if job["state"] == "in_doubt"
        ]
        for name in doubtful:
            made = truth.tasks_of(name)
            if made:
                self.settled += 1
                choice = ["--task-id", str(made[0])]
            else:
                self.ordered += 1
                self.product.service.note_order(name)
                choice = ["--resubmit"]
            code = self.product.resolve(name, *choice)
            assert code == 0, self._report([f"resolve {name} {' '.join(choice)} ended with {code}"])
        return len(doubtful)

    def check(self, *, done: bool = False) -> None:
        """Check every promise; no process may be at work."""
        self.product.service.drain()
        truth = self.product.service.truth()
        broken = violations(self.product, truth, kills=tuple(self.kills), done=done)
        assert not broken, self._report(broken)

    def storm(self, kills: int, seed: int, *, shortest_s: float = 0.0, longest_s: float = 1.2) -> None:
        """Kill at random instants, then finish."""
        chance = random.Random(seed)
        aim = len(self.kills) + kills
        while len(self.kills) < aim:
            ended = self.run_for(chance.uniform(shortest_s, longest_s))
            if ended == 0:
                break
            if ended == 1 or chance.random() < 0.3:
                self.settle_doubts()
        self.finish()

    def _report(self, broken: list[str]) -> str:
        lines = [*broken, f"(kills: {len(self.kills)}, runs: {self.runs}, in {self.product.folder})"]
        return "\n".join([*lines, self.product.said()])
