"""Do the accepted tasks' work: fetch the sources, make the files in a thread, record the outcome."""

import hashlib
import logging
import math
import shutil
import threading
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import ObjectReceiveStream
from attrs import evolve

from avatar_async._jobs.ports import Clock
from avatar_async.emulator.callbacks import Callbacks
from avatar_async.emulator.faults.live import Faults
from avatar_async.emulator.faults.results import ResultFault
from avatar_async.emulator.makers import MAKERS, Made, SampleCache, StoppedError, Work
from avatar_async.emulator.records import EmulatedTask, FileRecord, Outcome
from avatar_async.emulator.sources import Sources
from avatar_async.emulator.store import Store
from avatar_async.errors import MediaError

_log = logging.getLogger(__name__)

#: Tasks whose sources are fetched side by side; the making itself is one at a time.
_WORKERS = 4


class TaskMaker:
    """Turn accepted tasks into finished ones, in the order they came."""

    def __init__(
        self, store: Store, clock: Clock, sources: Sources, folder: Path, faults: Faults, callbacks: Callbacks
    ) -> None:
        self._store = store
        self._clock = clock
        self._sources = sources
        self._folder = folder
        self._faults = faults
        self._callbacks = callbacks
        self._samples = SampleCache()
        self._stopping = threading.Event()
        self._unfinished = 0

    def open(self) -> None:
        """Make ready to queue work; what an earlier run left unfinished is queued first."""
        self._limiter = anyio.CapacityLimiter(1)
        self._idle = anyio.Event()
        self._send, self._receive = anyio.create_memory_object_stream[int](math.inf)
        for task in self._store.tasks.values():
            if task.outcome is None:
                self.add(task.id)

    async def run(self) -> None:
        """Work until cancelled; what is under way then is done anew at the next start."""
        async with anyio.create_task_group() as group:
            for _ in range(_WORKERS):
                group.start_soon(self._work, self._receive.clone())

    def close(self) -> None:
        """Let go of the queue."""
        self._send.close()
        self._receive.close()

    def add(self, task_id: int) -> None:
        """Queue a task's work."""
        self._unfinished += 1
        self._send.send_nowait(task_id)

    def stop(self) -> None:
        """Make the work in the thread end at its next step."""
        self._stopping.set()

    async def settle(self) -> None:
        """Wait until all queued work is done, successfully or not."""
        while self._unfinished:
            await self._idle.wait()

    async def _work(self, receive: ObjectReceiveStream[int]) -> None:
        async with receive:
            async for task_id in receive:
                try:
                    await self._perform(self._store.tasks[task_id])
                except StoppedError:
                    return
                self._unfinished -= 1
                if not self._unfinished:
                    self._idle.set()
                    self._idle = anyio.Event()

    async def _perform(self, task: EmulatedTask) -> None:
        maker = MAKERS[task.kind]
        reason: str | None = None
        files: tuple[FileRecord, ...] = ()
        try:
            sources = {url: await self._sources.fetch(url) for url in maker.urls(task.body)}
            files = await anyio.to_thread.run_sync(self._make, task, sources, limiter=self._limiter)
        except StoppedError:
            raise
        except MediaError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - one task's trouble must not stop the others
            _log.exception("task %d could not be done", task.id)
            reason = f"the emulator could not do the work: {type(error).__name__}"
        now = self._clock.now()
        finished_at = now if reason is not None else max(task.ready_at, now)
        outcome = Outcome(
            finished_at=finished_at, reason=reason, files=files, called_back=not self._callbacks.wanted
        )
        if reason is None:
            outcome = await self._spoilt(task, outcome)
        done = evolve(task, outcome=outcome)
        await self._store.put(done)
        self._callbacks.add(done)

    async def _spoilt(self, task: EmulatedTask, outcome: Outcome) -> Outcome:
        names = (task.name,)
        for key, rule in self._faults.concerning("result", names):
            fired = self._faults.decide(key, rule, "result", names, each=False)
            if fired is not None and isinstance(rule.fault, ResultFault) and outcome.files:
                await self._faults.record(fired)
                folder = self._folder / str(task.id)
                outcome = await anyio.to_thread.run_sync(rule.fault.change, outcome, folder, fired.dice)
        return outcome

    def _make(self, task: EmulatedTask, sources: dict[str, Path]) -> tuple[FileRecord, ...]:
        part, final = self._folder / f"{task.id}.part", self._folder / str(task.id)
        for stale in (part, final):
            shutil.rmtree(stale, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            work = Work(
                task=task, sources=sources, folder=part, samples=self._samples, stopped=self._stopping.is_set
            )
            work.check_stopped()
            made = MAKERS[task.kind].make(work)
            records = tuple(_record(part, each) for each in made)
            part.replace(final)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return records


def _record(folder: Path, made: Made) -> FileRecord:
    path = folder / made.name
    with path.open("rb") as stream:
        md5 = hashlib.file_digest(stream, "md5").hexdigest()
    return FileRecord(type=made.type, name=made.name, size_bytes=path.stat().st_size, md5=md5)
