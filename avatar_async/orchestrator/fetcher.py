"""From ready to stored: finished files brought home, those that vanish first first."""

import random
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from anyio import CancelScope
from anyio.abc import TaskGroup
from attrs import evolve, frozen

from avatar_async._jobs import events as ev
from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.planner import pause_left_s
from avatar_async._jobs.ports import Downloads, Service
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async.errors import (
    ArtifactRefusedError,
    AvatarError,
    ConflictError,
    DiskSpaceError,
    IntegrityError,
    NotSentError,
    UnknownFileError,
)
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.events import ProgressEvent
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.losses import LostError
from avatar_async.orchestrator.refresh import Refresher
from avatar_async.orchestrator.signal import Signal
from avatar_async.orchestrator.speed import Speedometer
from avatar_async.orchestrator.urgency import displaced

#: Fresh addresses asked for one file before the job is let go for a while.
_REFRESHES: Final = 2
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0
_DISK_PAUSE_S: Final = 30.0
#: Between two looks, in seconds, whether a job that waits for a slot has become urgent.
_LOOK_S: Final = 30.0
#: Seconds over which the speed of all downloads is measured.
_SPEED_WINDOW_S: Final = 30.0
#: Shortest time between two progress events of one file, in seconds.
_PROGRESS_S: Final = 0.1


@frozen(kw_only=True)
class Download:
    """A download under way.

    Attributes:
        job: The job's name.
        artifact: The file's name.
        done_bytes: Bytes so far.
        total_bytes: Length of the file, if known.
    """

    job: str
    artifact: str
    done_bytes: int
    total_bytes: int | None


class Fetcher:
    """Bring the files of finished jobs home, a bounded number of jobs at once."""

    def __init__(
        self,
        board: Board,
        service: Service,
        downloads: Downloads,
        refresher: Refresher,
        hub: EventHub,
        chance: random.Random,
        *,
        owner: str,
        at_once: int,
    ) -> None:
        self._board = board
        self._service = service
        self._downloads = downloads
        self._refresher = refresher
        self._hub = hub
        self._chance = chance
        self._owner = owner
        self._at_once = at_once
        self._busy: dict[str, CancelScope] = {}
        self._speed = Speedometer(_SPEED_WINDOW_S)
        self._failures: dict[str, int] = {}
        self._told_at_s: dict[tuple[str, str], float] = {}
        #: What is on its way now, by job and file.
        self.downloads: dict[tuple[str, str], Download] = {}
        #: Bytes received in this run.
        self.received_bytes = 0
        #: Woken when a job became ready or a slot free.
        self.wake: Final = Signal()
        board.on_change(self._follow)

    async def run(self, group: TaskGroup) -> None:
        """Start fetching a job in `group` whenever one is ready and a slot free, for ever."""
        clock = self._board.clock
        while True:
            job, wait_s = self._next()
            if job is None:
                await self.wake.wait(clock, wait_s)
                continue
            self._busy[job.id] = CancelScope()
            group.start_soon(self._guarded, job)

    def _follow(self, job: Job) -> None:
        if job.state is State.READY:
            self.wake.set()
        elif job.terminal:
            self._failures.pop(job.id, None)

    def _next(self) -> tuple[Job | None, float | None]:
        """Return the job to fetch now, or how long to wait for one (None: until woken)."""
        chosen, wait_s = self._most_urgent()
        if len(self._busy) < self._at_once:
            return chosen, wait_s
        if chosen is not None:
            self._make_room(chosen)
        return None, _LOOK_S

    def _make_room(self, newcomer: Job) -> None:
        """Park the least urgent download if the newcomer would come too late otherwise."""
        if any(scope.cancel_called for scope in self._busy.values()):
            return
        running = [job for job in map(self._board.get, self._busy) if job is not None]
        parked = displaced(newcomer, running, self._now(), self.speed_bytes_s)
        if parked is not None:
            self._busy[parked.id].cancel()

    @property
    def speed_bytes_s(self) -> float | None:
        """Return how fast bytes arrived lately, over all downloads; None before any did."""
        return self._speed.read(self._board.clock.monotonic(), self.received_bytes) or None

    def _most_urgent(self) -> tuple[Job | None, float | None]:
        now = self._board.clock.now()
        chosen: Job | None = None
        soonest: float | None = None
        for job in self._board.in_state(State.READY):
            if job.id in self._busy or job.hold is not None:
                continue
            wait_s = pause_left_s(job.not_before, now)
            if wait_s:
                soonest = wait_s if soonest is None else min(soonest, wait_s)
            elif chosen is None or urgency(job) < urgency(chosen):
                chosen = job
        return chosen, soonest

    async def _guarded(self, job: Job) -> None:
        try:
            [job] = await self._board.write((job, ev.FetchStarted(at=self._now(), owner=self._owner)))
            with self._busy[job.id] as scope:
                await self._fetch(job)
            if scope.cancelled_caught:
                parked = ev.FetchPaused(at=self._now(), not_before=None, error=None)
                await self._board.write((self._current(job), parked))
        except ConflictError:
            self._board.warn("changed by somebody else while its files were fetched", job=job.name)
        finally:
            self._busy.pop(job.id, None)
            for name in (artifact.name for artifact in job.artifacts):
                self.downloads.pop((job.name, name), None)
                self._told_at_s.pop((job.name, name), None)
            self.wake.set()
            self._board.changed.set()

    async def _fetch(self, job: Job) -> None:
        try:
            for artifact in job.artifacts:
                if artifact.state is not ArtifactState.STORED:
                    job = await self._bring(job, artifact.name)
            await self._board.write((job, ev.AllStored(at=self._now())))
        except LostError as error:
            lost = JobError(code="expired", message=str(error))
            await self._board.write((job, ev.LostToExpiry(at=self._now(), remote_status=None, error=lost)))
            self._board.warn(f"results lost: {error}", job=job.name)
        except IntegrityError as error:
            await self._pause_or_hold(job, error)
        except UnknownFileError as error:
            await self._hold(job, "unknown_file", str(error))
        except DiskSpaceError as error:
            await self._pause(job, "disk_space", str(error), _DISK_PAUSE_S)
        except ConflictError:
            raise
        except (AvatarError, OSError) as error:
            await self._pause(job, type(error).__name__, str(error), self._backoff_s(job))

    async def _bring(self, job: Job, name: str) -> Job:
        """Store one file and return the job with it; a refused address is replaced by a fresh one."""
        for turn in range(_REFRESHES + 1):
            artifact = job.artifact(name)
            try:
                stored = await self._downloads.fetch(
                    job,
                    artifact,
                    self._service,
                    _Journal(self._board, job),
                    partial(self._progress, job, name),
                )
            except (ArtifactRefusedError, NotSentError) as error:
                if turn:
                    self._refresher.check_lost(job, error)
                if turn == _REFRESHES:
                    raise
                job = await self._refresher.fresh(self._current(job), refused=error)
            else:
                [job] = await self._board.write(
                    (self._current(job), ev.ArtifactChanged(at=self._now(), artifact=stored))
                )
                return job
        raise AssertionError

    def _current(self, job: Job) -> Job:
        """Return the job as the board has it, journal entries included."""
        return self._board.get(job.id) or job

    # ------------------------------------------------------------ when it does not work
    async def _pause_or_hold(self, job: Job, error: IntegrityError) -> None:
        """Note bad bytes; the same bad bytes a second time need a person."""
        job = self._current(job)
        broken = next((item for item in job.artifacts if item.state is not ArtifactState.STORED), None)
        if broken is None or error.sha256 is None:
            await self._pause(job, "bad_bytes", str(error), self._backoff_s(job))
            return
        twice = broken.bad_sha256 == error.sha256
        changed = evolve(
            broken,
            state=ArtifactState.SUSPECT if twice else ArtifactState.KNOWN,
            bad_sha256=error.sha256,
            verified_offset=0,
            etag=None,
        )
        [job] = await self._board.write((job, ev.ArtifactChanged(at=self._now(), artifact=changed)))
        if twice:
            await self._hold(job, "bad_bytes", f"{error} (twice the same; kept as {broken.name}.suspect)")
        else:
            self._board.warn(f"{error}; fetching it again", job=job.name)
            await self._pause(job, "bad_bytes", str(error), _FIRST_PAUSE_S)

    async def _hold(self, job: Job, code: str, message: str) -> None:
        error = JobError(code=code, message=message)
        await self._board.write((self._current(job), ev.Held(at=self._now(), reason=message, error=error)))
        self._board.warn(message, job=job.name)

    async def _pause(self, job: Job, code: str, message: str, pause_s: float) -> None:
        error = JobError(code=code, message=message)
        until = self._now() + timedelta(seconds=pause_s)
        await self._board.write(
            (self._current(job), ev.FetchPaused(at=self._now(), not_before=until, error=error))
        )
        self._board.warn(f"download paused: {message}", job=job.name, once=f"fetch:{job.id}:{code}")

    def _backoff_s(self, job: Job) -> float:
        failures = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        ceiling = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(failures, 9))
        return self._chance.uniform(_FIRST_PAUSE_S, ceiling)

    def _progress(self, job: Job, name: str, done_bytes: int, total_bytes: int | None) -> None:
        key = (job.name, name)
        before = self.downloads.get(key)
        self.received_bytes += max(0, done_bytes - (before.done_bytes if before else 0))
        self.downloads[key] = Download(
            job=job.name, artifact=name, done_bytes=done_bytes, total_bytes=total_bytes
        )
        self._failures.pop(job.id, None)
        now_s = self._board.clock.monotonic()
        whole = total_bytes is not None and done_bytes >= total_bytes
        if whole or now_s - self._told_at_s.get(key, -1.0) >= _PROGRESS_S:
            self._told_at_s[key] = now_s
            self._hub.publish(
                ProgressEvent(
                    at=self._now(),
                    job=job.name,
                    artifact=name,
                    done_bytes=done_bytes,
                    total_bytes=total_bytes,
                )
            )

    def _now(self) -> datetime:
        return self._board.clock.now()


class _Journal:
    """Write a download's standing to the ledger."""

    def __init__(self, board: Board, job: Job) -> None:
        self._board = board
        self._job = job

    async def record(self, artifact: Artifact) -> None:
        """Write one artifact's standing; durable when it returns."""
        await self._board.write(
            (self._job, ev.ArtifactChanged(at=self._board.clock.now(), artifact=artifact))
        )
