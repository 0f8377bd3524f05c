"""A service with a retention, a clock and a memory of its own, under the real ledger and downloads."""

import io
import zipfile
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs.remote import QueryAnswer, RemoteState
from avatar_async._jobs.states import State
from avatar_async.errors import ArtifactRefusedError, ConnectionLostError
from avatar_async.orchestrator import StateEvent, WarningEvent

DAY_S = 86400.0
CHUNK_BYTES = 8192


@pytest.fixture
def clock(patient_clock):
    """A clock that waits for threads."""
    return patient_clock


@pytest.fixture
def service(service, clock):
    """The service in memory, with results that vanish; its time is the clock's, unmoved by jumps."""
    start_at = clock.now()

    base: Any = type(service)

    class Vendor(base):  # type: ignore[misc]
        duration_s: float
        retention_s = 7 * DAY_S
        #: How far the service's own clock is ahead of the truth.
        ahead_s = 0.0
        #: Whether answers carry the service's Date.
        dated = True
        #: What becomes of a task whose results are gone: "EXPIRED", "left out" or "refused" (its files are).
        end = "EXPIRED"
        refused_status = 403

        def __init__(self) -> None:
            super().__init__(clock)
            #: Seconds that single tasks take, by name.
            self.takes_s: dict[str, float] = {}
            #: Changes what a query tells of a finished task.
            self.tells: Any = lambda task: task
            self.left_out: set[str] = set()
            self.opened: list[str] = []
            #: What the line brings in all, shared equally; None for any amount.
            self.line_bytes_s: float | None = None
            self.line_free_at_s = 0.0

        def truth(self):
            return start_at + timedelta(seconds=clock.monotonic())

        def accept(self, request):
            report = super().accept(request)
            name, kind, _ = self.tasks[report.task_id]
            self.tasks[report.task_id] = (name, kind, self.truth())
            return report

        def age_s(self, task_id: int) -> float:
            """Seconds since the task finished, negative before."""
            name, _, made_at = self.tasks[task_id]
            took_s = self.takes_s.get(name, self.duration_s)
            return float((self.truth() - made_at).total_seconds() - took_s)

        def _finished(self, made_at) -> bool:
            return bool(self.truth() - made_at >= timedelta(seconds=self.duration_s))

        def task(self, task_id):
            name, _, made_at = self.tasks[task_id]
            kept_s, self.duration_s = self.duration_s, self.takes_s.get(name, self.duration_s)
            try:
                task = super().task(task_id)
            finally:
                self.duration_s = kept_s
            ahead = timedelta(seconds=self.ahead_s)
            task = evolve(
                task,
                created_at=made_at + ahead,
                finished_at=task.finished_at + ahead if task.finished_at else None,
            )
            if self.age_s(task_id) >= self.retention_s and self.end == "EXPIRED":
                return evolve(task, state=RemoteState.EXPIRED, status="EXPIRED", files=())
            return self.tells(task) if task.state is RemoteState.SUCCEEDED else task

        async def query_tasks(self, task_ids):
            answer = await super().query_tasks(task_ids)
            forgotten = [
                task.task_id
                for task in answer.tasks
                if task.name in self.left_out
                or (self.end == "left out" and self.age_s(task.task_id) >= self.retention_s)
            ]
            service_at = self.truth() + timedelta(seconds=self.ahead_s) if self.dated else None
            return QueryAnswer(
                tasks=tuple(task for task in answer.tasks if task.task_id not in forgotten),
                asked_at=answer.asked_at,
                service_at=service_at,
            )

        @asynccontextmanager
        async def open_artifact(self, url, *, offset=0, etag=None):
            name = url.split("/")[3]
            self.opened.append(name)
            newest = max(task_id for task_id, task in self.tasks.items() if task[0] == name)
            if self.age_s(newest) >= self.retention_s:
                raise ArtifactRefusedError(f"HTTP {self.refused_status}", http_status=self.refused_status)
            async with super().open_artifact(url, offset=offset, etag=etag) as stream:
                yield stream

    return Vendor()


@pytest.fixture
def submitted(orchestrator, service, training):
    """A function that submits trainings and lets the process end while they run at the service."""

    async def submit(*names: str, **options: Any) -> None:
        async with orchestrator(max_in_flight=50, **options) as runner:
            events = runner.events()
            for name in names:
                await runner.add(name, training(name))
            runner.run()
            waiting = set(names)
            async for event in events:
                if isinstance(event, StateEvent) and event.to_state is State.IN_FLIGHT:
                    waiting.discard(event.job)
                if not waiting:
                    break

    return submit


@pytest.fixture
def run_all(orchestrator):
    """A function that runs the batch to its end and returns its jobs by name, and the warnings."""

    async def run(**options: Any):
        async with orchestrator(**options) as runner:
            events = runner.events()
            async for _ in runner.run():
                pass
            jobs = {job.name: job for job in await runner.jobs()}
        told = [event async for event in events]
        return jobs, [event for event in told if isinstance(event, WarningEvent)]

    return run


async def over_the_line(service, count_bytes: int) -> None:
    """Wait for one's turn on the line that all downloads share: one chunk of each after another."""
    if service.line_bytes_s is not None:
        now_s = service.clock.monotonic()
        service.line_free_at_s = max(now_s, service.line_free_at_s) + count_bytes / service.line_bytes_s
        await service.clock.sleep(service.line_free_at_s - now_s)


class Line:
    """An open download of bytes in memory, over a connection of its own speed."""

    def __init__(self, service, name: str, offset: int) -> None:
        self.body = service.bodies[name]
        self.status = 206 if offset else 200
        self.offset = offset
        self.total_bytes: int | None = len(self.body)
        self.etag: str | None = '"one"'
        self._service, self._name = service, name

    async def chunks(self):
        for start in range(self.offset, len(self.body), CHUNK_BYTES):
            if self._service.connection_bytes_s is not None:
                await self._service.clock.sleep(CHUNK_BYTES / self._service.connection_bytes_s)
            await over_the_line(self._service, min(CHUNK_BYTES, len(self.body) - start))
            silent_s = self._service.clock.monotonic() - self._service.read_at_s.get(self._name, float("inf"))
            self._service.longest_silence_s = max(self._service.longest_silence_s, silent_s)
            if silent_s > self._service.cuts_after_s:
                self._service.read_at_s.pop(self._name)
                raise ConnectionLostError("cut: nothing was read for too long")
            self._service.read_at_s[self._name] = self._service.clock.monotonic()
            self._service.sent[self._name] += min(CHUNK_BYTES, len(self.body) - start)
            yield self.body[start : start + CHUNK_BYTES]
        self._service.read_at_s.pop(self._name, None)


@pytest.fixture(scope="session")
def zip_of():
    """A function that makes a sound zip of about that many bytes."""

    def make(size_bytes: int) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("model.bin", b"\x5a" * size_bytes)
        return buffer.getvalue()

    return make


@pytest.fixture
def archive(service, clock, monkeypatch, zip_of):
    """Make the service keep files of given lengths until given instants (seconds of the clock)."""
    until_s: dict[str, float] = {}
    service.sent = dict.fromkeys((), 0)
    service.connection_bytes_s = None
    service.cuts_after_s = float("inf")
    service.read_at_s = {}
    service.longest_silence_s = 0.0
    start_at = service.truth() - timedelta(seconds=clock.monotonic())
    service.tells = lambda task: evolve(
        task,
        expires_at=start_at + timedelta(seconds=until_s[task.name]) if task.name in until_s else None,
    )

    @asynccontextmanager
    async def open_artifact(self, url, *, offset=0, etag=None):
        await anyio.lowlevel.checkpoint()
        name = url.split("/")[3]
        self.opened.append(name)
        if clock.monotonic() >= until_s.get(name, float("inf")):
            raise ArtifactRefusedError("HTTP 404", http_status=404)
        service.read_at_s.pop(name, None)
        yield Line(self, name, offset if etag == '"one"' else 0)

    monkeypatch.setattr(type(service), "open_artifact", open_artifact)

    def keep(name: str, size_bytes: int, last_s: float) -> int:
        service.bodies[name] = zip_of(size_bytes)
        service.sent[name] = 0
        until_s[name] = last_s
        return len(service.bodies[name])

    return keep


@pytest.fixture
def stored_in_time(orchestrator, service, submitted, archive, clock):
    """A function that runs tasks of these sizes, finished at once; returns the jobs and the seconds taken."""

    async def run(sizes, times, **options):
        names = [f"job-{number:02}" for number in range(len(sizes))]
        service.duration_s = 1e9
        await submitted(*names)
        service.duration_s = 0.0
        now_s = clock.monotonic()
        for name, size, seconds in zip(names, sizes, times, strict=True):
            archive(name, size, now_s + seconds)
        async with orchestrator(**options) as runner:
            async for _ in runner.run():
                pass
            return [job for job in await runner.jobs() if job.name in names], clock.monotonic() - now_s

    return run
