"""A service in memory, told by a test how to behave, under the real ledger and downloads."""

import hashlib
import io
import zipfile
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import anyio
import anyio.to_thread
import pytest

from avatar_async._jobs.ports import ArtifactStream
from avatar_async._jobs.remote import QueryAnswer, RemoteFile, RemoteState, RemoteTask, SubmissionReport
from avatar_async._jobs.states import State
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async._storage.filethread import FileThread
from avatar_async._storage.writer import SqliteThread
from avatar_async._storage.writers import Writers
from avatar_async.errors import ArtifactRefusedError, AvatarError
from avatar_async.orchestrator import Orchestrator
from avatar_async.requests import BaseVideo, Kind, Request, TrainingRequest, VideoPreviewRequest
from avatar_async.testing import VirtualClock


def a_zip(text: str) -> bytes:
    """Return a small sound zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model.json", text)
    return buffer.getvalue()


class FakeStream:
    """An open download of bytes in memory."""

    def __init__(self, body: bytes) -> None:
        self.status = 200
        self.offset = 0
        self.total_bytes: int | None = len(body)
        self.etag: str | None = None
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body


class FakeService:
    """Count what it is asked, and answer as told; tasks take `duration_s` of the clock."""

    endpoint = "http://127.0.0.1:9"
    account = "app"
    dialect_trusted = True
    query_batch = 100
    can_list = False
    codes = SubmissionCodes()

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.duration_s = 5.0
        self.creates: Counter[str] = Counter()
        self.queries: list[tuple[float, tuple[int, ...]]] = []
        #: The latest orchestrator over this service.
        self.runner: Any = None
        #: Downloads wait for it, which keeps a run alive without a poll that could race the clock ahead.
        self.gate: anyio.Event | None = None
        #: Every list call: when, and for which name.
        self.lists: list[tuple[float, str]] = []
        #: Errors raised by the next list calls.
        self.list_errors: deque[AvatarError] = deque()
        self.renewals = 0
        self.outstanding_max = 0
        #: Answers given to the next creates instead of an acceptance: a report, or something to call.
        self.answers: deque[Any] = deque()
        #: Errors raised by the next queries.
        self.query_errors: deque[AvatarError] = deque()
        self.tasks: dict[int, tuple[str, Kind, Any]] = {}
        self.failing: set[str] = set()
        self.bodies: dict[str, bytes] = {}
        self.refuse_urls: set[str] = set()
        self.prepare_errors: deque[AvatarError] = deque()
        self._next_id = 7000

    async def prepare(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self.prepare_errors:
            raise self.prepare_errors.popleft()

    async def submit(self, request: Request) -> SubmissionReport:
        self.creates[request.name] += 1
        await anyio.lowlevel.checkpoint()
        if self.answers:
            answer = self.answers.popleft()
            if callable(answer):
                answer = await answer(self, request)
            if isinstance(answer, BaseException):
                raise answer
            if answer is not None:
                assert isinstance(answer, SubmissionReport)
                return answer
        return self.accept(request)

    def intent_at(self, name: str) -> datetime:
        """Return when the intent of a call under way was written; the clock may race far ahead of it."""
        board = self.runner._open.loops.board
        found: datetime = next(
            job.submitted_at for job in board.in_state(State.SUBMITTING) if job.task_name == name
        )
        return found

    def accept(self, request: Request, *, at: datetime | None = None) -> SubmissionReport:
        self._next_id += 1
        self.tasks[self._next_id] = (request.name, request.kind, at or self.clock.now())
        self.outstanding_max = max(self.outstanding_max, self.running())
        return SubmissionReport(sent=True, http_status=200, code=0, message="success", task_id=self._next_id)

    def running(self) -> int:
        return sum(1 for _, _, made_at in self.tasks.values() if not self._finished(made_at))

    def _finished(self, made_at: Any) -> bool:
        return bool(self.clock.now() - made_at >= timedelta(seconds=self.duration_s))

    async def renew_token(self, generation: int) -> None:
        self.renewals += 1

    async def query_tasks(self, task_ids: Sequence[int]) -> QueryAnswer:
        asked_at = self.clock.now()
        self.queries.append((self.clock.monotonic(), tuple(task_ids)))
        await anyio.lowlevel.checkpoint()
        if self.query_errors:
            raise self.query_errors.popleft()
        return QueryAnswer(
            tasks=tuple(self.task(task_id) for task_id in task_ids if task_id in self.tasks),
            asked_at=asked_at,
            service_at=asked_at,
        )

    async def find_tasks(
        self, name: str, *, turn: Callable[[], Awaitable[None]] | None = None
    ) -> QueryAnswer:
        self.lists.append((self.clock.monotonic(), name))
        await anyio.lowlevel.checkpoint()
        if self.list_errors:
            raise self.list_errors.popleft()
        return QueryAnswer(
            tasks=tuple(self.task(task_id) for task_id, (known, _, _) in self.tasks.items() if known == name),
            asked_at=self.clock.now(),
            service_at=self.clock.now(),
        )

    def task(self, task_id: int) -> RemoteTask:
        name, kind, made_at = self.tasks[task_id]
        done = self._finished(made_at)
        failed = done and name in self.failing
        body = self.bodies.setdefault(name, a_zip(name))
        state = RemoteState.FAILED if failed else RemoteState.SUCCEEDED if done else RemoteState.RUNNING
        file = RemoteFile(
            role="model",
            name="model.zip",
            url=f"http://127.0.0.1:9/{name}/{len(self.queries)}?signature=SECRET",
            size_bytes=len(body),
            md5=hashlib.md5(body).hexdigest(),
        )
        return RemoteTask(
            task_id=task_id,
            state=state,
            status=state.upper(),
            kind=kind,
            name=name,
            created_at=made_at,
            finished_at=made_at + timedelta(seconds=self.duration_s) if done else None,
            fail_reason="the source cannot be decoded" if failed else None,
            files=(file,) if done and not failed else (),
        )

    @asynccontextmanager
    async def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AsyncIterator[ArtifactStream]:
        await anyio.lowlevel.checkpoint()
        if self.gate is not None:
            await self.gate.wait()
        name = url.split("/")[3]
        if name in self.refuse_urls:
            raise ArtifactRefusedError("HTTP 403", http_status=403)
        yield FakeStream(self.bodies[name])


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that jumps to the next sleeper."""
    return VirtualClock(auto_advance=True)


class PatientClock(VirtualClock):
    """Jump to the next sleeper only while no worker thread has anything to do: disks have no virtual time."""

    def __init__(self) -> None:
        super().__init__(auto_advance=True)
        self.at_work = 0

    async def _settle(self) -> None:
        await super()._settle()
        while self.at_work:
            await anyio.sleep(0.0005)
            await super()._settle()


@pytest.fixture
def patient_clock(monkeypatch: pytest.MonkeyPatch) -> PatientClock:
    """A clock that waits for threads: how soon something is done can be told by it."""
    clock = PatientClock()

    def counted(known: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        async def call(*arguments: Any, **options: Any) -> Any:
            clock.at_work += 1
            try:
                return await known(*arguments, **options)
            finally:
                clock.at_work -= 1

        return call

    monkeypatch.setattr(SqliteThread, "call", counted(SqliteThread.call))
    monkeypatch.setattr(FileThread, "do", counted(FileThread.do))
    monkeypatch.setattr(anyio.to_thread, "run_sync", counted(anyio.to_thread.run_sync))

    def counting(known: Callable[..., Any]) -> Callable[..., Any]:
        def begin(*arguments: Any, **options: Any) -> Any:
            future = known(*arguments, **options)
            clock.at_work += 1

            def end(_: Any) -> None:
                clock.at_work -= 1

            future.add_done_callback(end)
            return future

        return begin

    for name in ("begin", "begin_sync", "begin_filing", "begin_check"):
        monkeypatch.setattr(Writers, name, counting(getattr(Writers, name)))
    return clock


@pytest.fixture
def service(clock: VirtualClock) -> FakeService:
    """The service in memory."""
    return FakeService(clock)


@pytest.fixture
def orchestrator(service: FakeService, clock: VirtualClock, tmp_path: Any) -> Callable[..., Orchestrator]:
    """A function that makes an orchestrator over the fake service; same folder each time."""

    def make(**options: Any) -> Orchestrator:
        made = service.runner = Orchestrator(
            service, out=tmp_path / "out", clock=clock, disk_reserve_bytes=0, **options
        )
        return made

    return make


@pytest.fixture
def training() -> Callable[..., TrainingRequest]:
    """A function that makes a sound training request of a given name."""

    def make(name: str, **changes: Any) -> TrainingRequest:
        fields = {"material_name": name, "video_url": f"http://127.0.0.1:9/{name}.mp4"} | changes
        return TrainingRequest(personal=BaseVideo(segment_style=1), **fields)

    return make


@pytest.fixture
def preview() -> Callable[..., VideoPreviewRequest]:
    """A function that makes a sound video preview request of a given name."""

    def make(name: str) -> VideoPreviewRequest:
        return VideoPreviewRequest(material_name=name, url=f"http://127.0.0.1:9/{name}.mp4")

    return make
