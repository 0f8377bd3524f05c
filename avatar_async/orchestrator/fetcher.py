"""From ready to stored: finished files brought home, those that vanish first first."""

import random
from datetime import datetime
from functools import partial
from typing import Final

from anyio import CancelScope
from anyio.abc import TaskGroup

from avatar_async._jobs import events as ev
from avatar_async._jobs.ports import Downloads, Service
from avatar_async._jobs.records import Artifact, Job, JobError, names_missing
from avatar_async._jobs.states import State
from avatar_async._storage.sizes import size_text
from avatar_async.errors import (
    ArtifactRefusedError,
    AvatarError,
    ConflictError,
    IntegrityError,
    NotSentError,
    TransportError,
)
from avatar_async.orchestrator.arrivals import Arrivals, Download
from avatar_async.orchestrator.artifacts import AddressError, check_address
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.flow import FlowSource
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.losses import LostError
from avatar_async.orchestrator.precedence import Precedence
from avatar_async.orchestrator.ready import ReadyJobs
from avatar_async.orchestrator.refresh import Refresher
from avatar_async.orchestrator.setbacks import Setbacks
from avatar_async.orchestrator.signal import Signal
from avatar_async.orchestrator.slots import Slot, Slots
from avatar_async.orchestrator.urgency import displaced

#: Fresh addresses asked for one file before the job is let go for a while.
_REFRESHES: Final = 2
#: Between two looks, in seconds, whether a download should make room for a job that waits.
_LOOK_S: Final = 10.0


class _MadeRoomError(AvatarError):
    """Tell that a download was ended to make room; its partial file stays."""


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
        self._owner = owner
        self._setbacks = Setbacks(board, chance)
        self._arrivals = Arrivals(board.clock, hub)
        self._slots = Slots(board.clock, at_once)
        self._ready = ReadyJobs(board.get, self._setbacks.pause_left_s, self._slots.__contains__)
        self.precedence: Final = Precedence(board, downloads, self._arrivals, self._ready)
        #: Woken when a job became ready or a slot free.
        self.wake: Final = Signal()
        board.on_change(self._follow)

    @property
    def downloads(self) -> dict[tuple[str, str], Download]:
        """What is on its way now, by job and file."""
        return self._arrivals.downloads

    @property
    def received_bytes(self) -> int:
        """Bytes received in this run."""
        return self._arrivals.received_bytes

    @property
    def speed_bytes_s(self) -> float | None:
        """How fast bytes arrived lately, over all downloads; None before any did."""
        return self._arrivals.speed_bytes_s

    async def run(self, group: TaskGroup) -> None:
        """Start fetching a job in `group` whenever one is ready and a slot free, for ever."""
        clock = self._board.clock
        while True:
            job, wait_s = self._next()
            if job is None:
                await self.wake.wait(clock, wait_s)
                continue
            slot = self._slots.enter(job)
            self._ready.forget(job.id)
            group.start_soon(self._guarded, slot)

    def _follow(self, job: Job) -> None:
        if job.state is State.READY:
            self._ready.follow(job, self._now())
            self.wake.set()
            return
        if job.id in self._ready:
            self._ready.forget(job.id)
        if job.terminal:
            self._setbacks.forget(job)
            self._arrivals.forget(job)

    def _next(self) -> tuple[Job | None, float | None]:
        """Return the job to fetch now, or how long to wait for one (None: until woken)."""
        chosen, wait_s = self._most_urgent()
        if not self._slots.full:
            return chosen, wait_s
        if chosen is not None and self._slots.crowded:
            now, speed = self._now(), self._arrivals.speed_bytes_s
            self._slots.make_room(
                chosen,
                lambda running: displaced(
                    chosen,
                    [self._board.get(job.id) or job for job in running],
                    now,
                    speed,
                    yields=self.precedence.yields,
                ),
            )
        return None, _LOOK_S

    def _most_urgent(self) -> tuple[Job | None, float | None]:
        soonest_s = self._ready.wake(self._now())
        behind = None
        for job in self._ready.in_order():
            if not self._slots.stands_behind(job):
                return job, soonest_s
            behind = behind or job
        return behind, soonest_s

    async def _guarded(self, slot: Slot) -> None:
        job = slot.job
        try:
            [job] = await self._board.write((job, ev.FetchStarted(at=self._now(), owner=self._owner)))
            await self._fetch(job, slot)
        except ConflictError:
            self._board.warn("changed by somebody else while its files were fetched", job=job.name)
        finally:
            self._slots.leave(slot)
            self._arrivals.leave(job)
            left = self._board.get(job.id)
            if left is not None:
                self._ready.follow(left, self._now())
            self.wake.set()
            self._board.changed.set()

    async def _fetch(self, job: Job, slot: Slot) -> None:
        try:
            while missing := names_missing(job.artifacts):
                slot.last = len(missing) == 1
                job = await self._bring(job, missing[0], slot)
            if job.state is not State.STORED:
                await self._board.write((job, ev.AllStored(at=self._now())))
        except _MadeRoomError as error:
            await self._park(job, slot, error)
        except ConflictError:
            raise
        except Exception as error:  # noqa: BLE001 - one job's mishap must not end the run
            await self._setbacks.take(job, error)

    async def _park(self, job: Job, slot: Slot, error: _MadeRoomError) -> None:
        """Let go of a job that made room; it goes on from where it was."""
        why = JobError(code="slow", message=str(error)) if slot.slow else None
        parked = ev.FetchPaused(at=self._now(), not_before=None, error=why)
        await self._board.write((self._current(job), parked))
        if slot.slow:
            self._board.warn(str(error), job=job.name, once=f"slow:{job.id}")

    async def _bring(self, job: Job, name: str, slot: Slot) -> Job:
        """Store one file and return the job with it, ended if that was the last one.

        A refused address is replaced by a fresh one.
        """
        for turn in range(_REFRESHES + 1):
            try:
                stored = await self._download(job, job.artifact(name), slot)
            except (ArtifactRefusedError, NotSentError, AddressError) as error:
                if turn:
                    self._refresher.check_lost(job, error)
                if turn == _REFRESHES:
                    raise
                job = await self._refresher.fresh(self._current(job), refused=error)
            except (TransportError, IntegrityError) as error:
                if isinstance(error, TransportError) or error.short:
                    await self._ask_again(job, error)
                raise
            else:
                job = self._current(job)
                event = ev.AllStored if names_missing(job.artifacts) == [name] else ev.ArtifactChanged
                [job] = await self._board.write((job, event(at=self._now(), artifact=stored)))
                return job
        raise AssertionError

    async def _download(self, job: Job, artifact: Artifact, slot: Slot) -> Artifact:
        """Store one file, unless the slot's download is ended before.

        Raises:
            _MadeRoomError: It was ended to make room.
            AvatarError: As for `Downloads.fetch`; or the address can never be asked.
        """
        if slot.leaving:
            raise _MadeRoomError("others wait: it goes on later")
        check_address(artifact)
        self._slots.track(slot, received=False)
        self._arrivals.begin(job, artifact)
        slot.resumable = artifact.etag is not None
        stored: Artifact | None = None
        try:
            with CancelScope() as slot.scope:
                stored = await self._downloads.fetch(
                    job,
                    artifact,
                    FlowSource(self._service, slot.flow),
                    _Journal(self._board, job, slot),
                    partial(self._progress, slot, artifact.name),
                )
        finally:
            slot.scope = None
        if stored is None:
            speed = size_text(slot.flow.speed_bytes_s())
            raise _MadeRoomError(
                f"{artifact.name} came at {speed} a second while others wait: it goes on later"
            )
        return stored

    async def _ask_again(self, job: Job, error: AvatarError) -> None:
        """Get fresh addresses for the next try of a download that failed, if there are any.

        Raises:
            LostError: The results are proven gone.
        """
        try:
            await self._refresher.fresh(self._current(job), refused=error)
        except (LostError, ConflictError):
            raise
        except AvatarError:
            return

    def _progress(self, slot: Slot, name: str, done_bytes: int, total_bytes: int | None) -> None:
        if self._arrivals.move(slot.job, name, done_bytes, total_bytes):
            self._setbacks.moved(slot.job)
        whole = slot.last and total_bytes is not None and done_bytes >= total_bytes
        if self._slots.track(slot, received=whole) and whole:
            self.wake.set()

    def _current(self, job: Job) -> Job:
        """Return the job as the board has it, journal entries included."""
        return self._board.get(job.id) or job

    def _now(self) -> datetime:
        return self._board.clock.now()


class _Journal:
    """Write a download's standing to the ledger."""

    def __init__(self, board: Board, job: Job, slot: Slot) -> None:
        self._board = board
        self._job = job
        self._slot = slot

    async def record(self, artifact: Artifact) -> None:
        """Write one artifact's standing; durable when it returns."""
        self._slot.resumable = artifact.etag is not None
        await self._board.write(
            (self._job, ev.ArtifactChanged(at=self._board.clock.now(), artifact=artifact))
        )
