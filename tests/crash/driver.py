"""Kill and restart a batch until it is done; check every promise after each death."""

import contextlib
import random
import signal
import subprocess
import time
from collections import Counter
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
        broken: Promises that were not kept.
    """

    product: Product
    kills: list[float] = field(factory=list)
    ordered: int = 0
    settled: int = 0
    runs: int = 0
    broken: Counter[str] = field(factory=Counter)

    def start(self, **changed: str) -> Process:
        """Start the run, or go on with it."""
        self.runs += 1
        return self.product.run(output=None, **changed)

    def kill(self, *processes: Process) -> None:
        """Kill all runs that are at work (unless they have just ended), and check then."""
        for process in processes:
            self.kills.append(time.time())
            with contextlib.suppress(ProcessLookupError):
                self.product.kill(process)
        self.check()

    def start_armed(self, moment: str, nth: int = 1, *, number: int, hold_s: float = 0.0) -> Process:
        """Start a run that the server will send a signal; see `Service.arm`."""
        service = self.product.service
        service.arm(moment, nth, number, hold_s)
        process = self.start()
        service.tell_pid(process.pid)
        return process

    def kill_at(self, moment: str, nth: int = 1) -> None:
        """Run until the server kills the run at a moment of its nth such call."""
        service = self.product.service
        code = self.start_armed(moment, nth, number=signal.SIGKILL).wait(LIMIT_S)
        struck = service.struck()
        service.disarm()
        assert struck, self._report([f"{moment} {nth} never came; the run ended with {code}"])
        assert code == -signal.SIGKILL, self._report([f"a killed run ended with {code}"])
        self.kills.append(time.time())
        self.check()

    def run_once(self, **changed: str) -> int:
        """Run to its end, or to the death that the changed environment orders; return the exit code."""
        code = self.start(**changed).wait(LIMIT_S)
        if code == -signal.SIGKILL:
            self.kills.append(time.time())
        else:
            assert code in (0, 1), self._report([f"a run ended with {code}"])
        self.check(done=code == 0)
        return code

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
            if self.run_once() == 0:
                return
            assert self.settle_doubts(), self._report(["a run ended with 1, and no person was needed"])
        raise AssertionError(self._report([f"not done after {_ROUNDS} runs"]))

    def in_state(self, *states: str) -> list[str]:
        """Return the names of the jobs in these states; no process may be at work."""
        jobs = LedgerRows.read(self.product.out).jobs
        return [name for name, job in jobs.items() if job["state"] in states]

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
        self.broken.update(item.promise for item in broken)
        assert not broken, self._report([f"{item.promise}: {item.text}" for item in broken])

    def storm(self, kills: int, seed: float, *, longest_s: float) -> None:
        """Kill at random instants up to so many times, then finish; a person comes by now and then.

        Args:
            kills: How often; less if the batch is done before.
            seed: Of the instants and of the person.
            longest_s: How long a run lives at most, in seconds.
        """
        chance = random.Random(seed)
        aim = len(self.kills) + kills
        while len(self.kills) < aim:
            visit = self._visit() if chance.random() < 0.2 else None
            ended = self.run_for(chance.uniform(0.0, longest_s), visit)
            if ended == 0:
                break
            if chance.random() < 0.1:
                self.look()
            if ended == 1 or chance.random() < 0.3:
                self.settle_doubts()
        self.finish()

    def look(self) -> None:
        """Ask for the status over a dead run's files, and compare it with the ledger."""
        jobs = LedgerRows.read(self.product.out).jobs
        if jobs:
            shown = {job["name"]: job["state"] for job in self.product.status()["jobs"]}
            assert shown == {name: job["state"] for name, job in jobs.items()}, self._report([str(shown)])

    def _visit(self) -> Callable[[], None]:
        """Return what a person does beside the next run about the creates that the last one left open."""
        truth = self.product.service.truth()
        open_calls = self.in_state("submitting")

        def settle() -> None:
            for name in open_calls:
                made = truth.tasks_of(name)
                if not made:
                    self.product.service.note_order(name)
                self.product.resolve(name, *(["--task-id", str(made[0])] if made else ["--resubmit"]))

        return settle

    def _report(self, broken: list[str]) -> str:
        lines = [*broken, f"(kills: {len(self.kills)}, runs: {self.runs}, in {self.product.folder})"]
        return "\n".join([*lines, self.product.said()])
