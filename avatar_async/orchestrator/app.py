"""The orchestrator as its users see it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import anyio
from attrs import evolve

from avatar_async._clock import SystemClock
from avatar_async._jobs.changes import change
from avatar_async._jobs.ports import Clock, Service
from avatar_async._jobs.records import Job, JobSpec, NewJob
from avatar_async._wire.callback import CallbackDialect, decode_callback
from avatar_async.errors import ConfigError, LedgerError
from avatar_async.orchestrator import commands
from avatar_async.orchestrator.adding import plan
from avatar_async.orchestrator.adopting import adopt_tasks
from avatar_async.orchestrator.events import RunEvent
from avatar_async.orchestrator.options import RunOptions
from avatar_async.orchestrator.session import Session, open_session
from avatar_async.orchestrator.snapshot import Snapshot
from avatar_async.requests import Kind, Request
from avatar_async.settings import Settings


class Orchestrator:
    """Submit, poll and bring home many jobs; everything it knows is in the ledger.

    Used as an async context manager. Work goes on from the first `run()` until the block ends; leaving
    the block, also by an exception or cancellation, leaves every job resumable.

    Args:
        client: The service, entered: an `AvatarClient`.
        out: Folder for results, receipts and (unless `ledger` says otherwise) `ledger.db`.
        ledger: The ledger's file.
        options: Bounds and permissions of the run; the client's own settings if not given.
        clock: Where the time comes from.
        changes: Single fields of `RunOptions`, such as `max_in_flight=4`.

    Raises:
        ConfigError: An option is out of its range.
    """

    def __init__(
        self,
        client: Service,
        *,
        out: str | Path,
        ledger: str | Path | None = None,
        options: RunOptions | None = None,
        clock: Clock | None = None,
        **changes: Any,
    ) -> None:
        try:
            self.options: Final = evolve(options or _options_of(client), **changes)
        except (TypeError, ValueError) as error:
            raise ConfigError(str(error)) from error
        self._callbacks = CallbackDialect.from_mapping(self.options.callback_dialect or {})
        self.out: Final = Path(out)
        self.ledger_path: Final = Path(ledger) if ledger is not None else self.out / "ledger.db"
        self._service = client
        self._clock: Clock = clock or SystemClock()
        self._session: Session | None = None
        self._started = False

    async def __aenter__(self) -> Self:
        """Take the ledger and settle what an earlier run left behind.

        Raises:
            ConfigError: The endpoint is another machine, and nobody described its query call; or the
                output folder cannot be used.
            LedgerLockedError: Another run holds the ledger.
            LedgerMismatchError: The ledger belongs to another endpoint or account.
            LedgerError: It cannot be opened, is older than the receipts, or there are receipts without it.
        """
        self._session = await open_session(
            self._service,
            out=self.out,
            ledger_path=self.ledger_path,
            options=self.options,
            clock=self._clock,
        )
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let creates under way answer (bounded), finish the writes, end every loop.

        The block's own exception leaves as it is.

        Raises:
            AvatarError: A loop broke and nobody was told of it yet.
        """
        session = self._open
        cancelled = isinstance(exception, anyio.get_cancelled_exc_class())
        await session.close(grace_s=self.options.create_grace_s, cancelled=cancelled)
        failure = session.loops.failure
        if exception is None and failure is not None and not session.ended.told_failure:
            raise failure

    @property
    def _open(self) -> Session:
        if self._session is None:
            raise RuntimeError("enter the orchestrator with `async with` before using it")
        return self._session

    # ------------------------------------------------------------ adding
    async def add(self, name: str, request: Request, *, needs: Sequence[str] = ()) -> Job:
        """Take up one job; nothing happens if it is known with the same fields.

        Args:
            name: Unique in the batch.
            request: What to ask for; URL fields may be `Ref`s to other jobs' artifacts.
            needs: Names of jobs that must be stored first.

        Raises:
            RequestError: The request has errors, or a need leads nowhere.
            RequestChangedError: The job was already submitted with other fields.
            DuplicateRequestError: The same request was already submitted under another name.
        """
        spec = JobSpec(name=name, kind=request.kind, request=request, needs=tuple(needs))
        [job] = await self.add_all([spec])
        return job

    async def add_all(self, specs: Sequence[JobSpec]) -> list[Job]:
        """Take up many jobs, all or none; the order of the result is theirs.

        Raises:
            RequestError, RequestChangedError, DuplicateRequestError: As for `add`, for all jobs at once.
            LedgerError: The output folder holds receipts of jobs that the ledger does not know.
        """
        planned = await plan(self._open.store, specs, self.options, self._clock)
        await self._refuse_strangers(planned.new)
        jobs = {job.name: job for job in planned.known}
        if planned.amended:
            changes = [change(job, event) for job, event in planned.amended]
            jobs |= {job.name: job for job in await self._open.store.apply(changes)}
        if planned.new:
            jobs |= {job.name: job for job in await self._open.loops.board.insert(planned.new)}
        for name, message in planned.warnings:
            self._open.loops.board.warn(message, job=name)
        result = [jobs[spec.name] for spec in specs]
        await self._take_up(result)
        return result

    async def _refuse_strangers(self, jobs: Sequence[NewJob]) -> None:
        """Refuse new jobs whose folders hold receipts: an older ledger has forgotten what was paid for."""
        present = await self._open.receipts.present([job.folder for job in jobs])
        names = [job.name for job in jobs if job.folder in present]
        if names:
            message = (
                f"{self.out} holds receipts of jobs that the ledger {self.ledger_path} does not know: "
                f"{', '.join(names)}. Submitting them could pay for them again: bring the right ledger back, "
                "or adopt the receipts with --rebuild-ledger"
            )
            raise LedgerError(message)

    async def adopt(self, task_id: int, *, name: str | None = None, kind: Kind | None = None) -> Job:
        """Take up a task made elsewhere, to bring its results home.

        Args:
            task_id: The service's id.
            name: The job's name; `task-<id>` if not given.
            kind: What it makes, where the service does not say.

        Raises:
            JobNotFoundError: The service does not know the task.
            RequestError: The service does not say what kind it is, and `kind` is not given.
            ServiceError, TransportError: The service cannot be asked.
            ConflictError: The name is taken by another job.
        """
        [job] = await self._adopt({task_id: name or f"task-{task_id}"}, kind)
        return job

    async def adopt_all(self, task_ids: Iterable[int], *, kind: Kind | None = None) -> list[Job]:
        """Take up many tasks made elsewhere, all or none, in their order; see `adopt` for the rest."""
        return await self._adopt({task_id: f"task-{task_id}" for task_id in task_ids}, kind)

    async def _adopt(self, names: dict[int, str], kind: Kind | None) -> list[Job]:
        session = self._open
        jobs = await adopt_tasks(
            session.store, self._service, session.loops.pace, self._clock, self.options.batch, names, kind
        )
        await self._take_up(jobs)
        return jobs

    async def _take_up(self, jobs: Sequence[Job]) -> None:
        await self._open.loops.board.take_up(jobs)
        self._open.ended.known(jobs)

    # ------------------------------------------------------------ running
    def run(self) -> AsyncIterator[Job]:
        """Work, and return an iterator over each job as it ends.

        Every job added in this block comes once, also if it had ended before; jobs that wait for a
        person (in doubt, held or blocked) come last. Breaking out is safe: work goes on until the
        block ends, and `run()` may be called again for the jobs not yet seen.

        Raises:
            LedgerError: (from the iterator) The ledger cannot be written.
        """
        if not self._started:
            self._started = True
            self._open.loops.start(self._open.group, self._open.recovered, self._open.outdated)
        return self._open.ended.iterate()

    def events(self) -> AsyncIterator[RunEvent]:
        """Return an iterator over every event from now on; it ends with the block."""
        return self._open.hub.listen()

    def stop(self) -> None:
        """End the run softly: no new create call; `run()` ends when those under way have answered."""
        self._open.loops.stop("stopped; the same command goes on")

    def kill(self) -> None:
        """End the run at once: creates under way become jobs in doubt; `run()` ends, the block goes on."""
        self._open.loops.kill("stopped; the same command goes on")

    @property
    def stopped_because(self) -> str | None:
        """Why the run ended, or submits no more, before its jobs did; None if it does not."""
        return self._open.loops.ended_because

    def snapshot(self) -> Snapshot:
        """Return how the run stands now; cheap enough for every frame of a display."""
        return self._open.loops.snapshot()

    # ------------------------------------------------------------ hints
    def hint(self, task_id: int) -> None:
        """Take a hint that something happened to a task; returns at once, believes nothing, may be repeated.

        A task of this run is polled soon; an unknown one is queried while jobs are in doubt, and settles one
        of them if it can only be its own. All under `poll_rate`.
        """
        self._open.loops.hints.take(task_id)

    def receive_callback(self, body: bytes) -> int:
        """Take the body of a completion callback as a hint, and return the task id it names.

        In an aiohttp application that the service can reach::

            async def callback(request: web.Request) -> web.Response:
                try:
                    orchestrator.receive_callback(await request.read())
                except AvatarError:
                    raise web.HTTPBadRequest from None
                return web.Response()

        Raises:
            ReplyError: It is longer than 1 MiB, no JSON, or names no task where `[callback_dialect]` says.
        """
        callback = decode_callback(self._callbacks, body)
        self.hint(callback.task_id)
        return callback.task_id

    # ------------------------------------------------------------ a person's orders
    async def resolve(
        self, name: str, *, task_id: int | None = None, resubmit: bool = False, abandon: bool = False
    ) -> Job:
        """Settle a job in doubt; see `commands.resolve` for the choices and errors."""
        job = await commands.resolve(
            self._open.store,
            self.options.batch,
            name,
            at=self._clock.now(),
            task_id=task_id,
            resubmit=resubmit,
            abandon=abandon,
        )
        await self._take_up([job])
        return job

    async def retry(self, *names: str) -> list[Job]:
        """Plan ended jobs anew and let held ones go on; see `commands.retry` for the errors."""
        jobs = await commands.retry(self._open.store, self.options.batch, names, at=self._clock.now())
        await self._take_up(jobs)
        return jobs

    async def abandon(self, *names: str) -> list[Job]:
        """Give jobs up; see `commands.abandon` for the errors."""
        jobs = await commands.abandon(self._open.store, self.options.batch, names, at=self._clock.now())
        await self._take_up(jobs)
        return jobs

    async def jobs(self) -> list[Job]:
        """Return every job of the batch as the ledger has it, in the order they were added."""
        return await self._open.store.jobs(batch=self.options.batch)


def _options_of(client: Service) -> RunOptions:
    """Return the options that a client's settings give; a bare `Service` has none."""
    settings = getattr(client, "settings", None)
    return RunOptions.from_settings(settings) if isinstance(settings, Settings) else RunOptions()
