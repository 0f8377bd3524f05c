"""What becomes of a job whose files do not come home for now: tried again later, or kept for a person."""

import random
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.planner import pause_left_s
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import ArtifactState
from avatar_async.errors import AvatarError, DiskSpaceError, IntegrityError, UnknownFileError
from avatar_async.orchestrator.artifacts import AddressError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.losses import LostError, lost

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0
_DISK_PAUSE_S: Final = 30.0
_DISK_FULL: Final = "disk_space"
#: Longest pause after an answer that was too short: each try fetches the same bytes again.
_LONGEST_SHORT_PAUSE_S: Final = 3600.0
#: Times the same short answer is taken for a mishap (over about an hour); once more, and it is kept for a
#: person.
_SHORT_TIMES: Final = 12


class Setbacks:
    """Decide what happens after a download failed, and write it down."""

    def __init__(self, board: Board, chance: random.Random) -> None:
        self._board = board
        self._chance = chance
        self._failures: dict[str, int] = {}
        #: Digest of the latest short answer of a job, and how often it came in a row.
        self._shorts: dict[str, tuple[str | None, int]] = {}
        #: Jobs for which this run found no room on the disk.
        self._cramped: set[str] = set()

    def pause_left_s(self, job: Job, now: datetime) -> float:
        """Return how many seconds a job still pauses.

        A disk that was full in an earlier run may be the reason for this one: it is looked at anew at once.
        """
        full = job.error is not None and job.error.code == _DISK_FULL
        return 0.0 if full and job.id not in self._cramped else pause_left_s(job.not_before, now)

    def moved(self, job: Job) -> None:
        """Note that bytes came that never came before."""
        self._failures.pop(job.id, None)

    def forget(self, job: Job) -> None:
        """Forget a job that ended."""
        self._failures.pop(job.id, None)
        self._shorts.pop(job.id, None)
        self._cramped.discard(job.id)

    async def take(self, job: Job, error: Exception) -> None:
        """Pause or hold the job.

        Raises:
            ConflictError: Somebody else changed the job.
            LedgerError: The ledger cannot be written.
        """
        job = self._board.get(job.id) or job
        match error:
            case LostError():
                await self._board.write((job, lost(self._board.clock.now(), str(error))))
                self._board.warn(f"results lost: {error}", job=job.name)
            case IntegrityError():
                await self._bad_bytes(job, error)
            case UnknownFileError():
                await self._hold(job, "unknown_file", str(error))
            case AddressError():
                await self._hold(job, "bad_address", str(error))
            case DiskSpaceError():
                self._cramped.add(job.id)
                await self._pause(job, _DISK_FULL, str(error), _DISK_PAUSE_S)
            case AvatarError() | OSError():
                await self._pause(job, type(error).__name__, str(error), self._backoff_s(job))
            case _:
                words = f"an error nobody expected ({type(error).__name__}): please report it"
                await self._pause(job, type(error).__name__, words, self._backoff_s(job))

    async def _bad_bytes(self, job: Job, error: IntegrityError) -> None:
        """Note bad bytes; the same bad bytes a second time need a person."""
        broken = next((item for item in job.artifacts if item.state is not ArtifactState.STORED), None)
        if broken is None or error.sha256 is None:
            await self._pause(job, "bad_bytes", str(error), self._backoff_s(job))
        elif broken.bad_sha256 == error.sha256:
            job = await self._anew(job, broken, error.sha256, ArtifactState.SUSPECT)
            message = f"{error} (the same bytes again and again; kept as {broken.name}.suspect)"
            await self._hold(job, "bad_bytes", message)
        elif error.short:
            await self._short(job, broken, error)
        else:
            job = await self._anew(job, broken, error.sha256, ArtifactState.KNOWN)
            self._board.warn(f"{error}; fetching it again", job=job.name)
            await self._pause(job, "bad_bytes", str(error), _FIRST_PAUSE_S)

    async def _short(self, job: Job, broken: Artifact, error: IntegrityError) -> None:
        """Wait for the rest, longer and longer; who never sends it is told of to a person."""
        digest, times = self._shorts.get(job.id, (None, 0))
        times = times + 1 if digest == error.sha256 else 1
        self._shorts[job.id] = (error.sha256, times)
        bad = error.sha256 if times >= _SHORT_TIMES else broken.bad_sha256
        job = await self._anew(job, broken, bad, ArtifactState.KNOWN)
        ceiling = min(_LONGEST_SHORT_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(times, 12))
        await self._pause(job, "short_answer", str(error), self._chance.uniform(ceiling / 2, ceiling))

    async def _anew(self, job: Job, broken: Artifact, bad: str | None, state: ArtifactState) -> Job:
        """Forget what came of a file, save the digest of what was bad."""
        changed = evolve(
            broken, state=state, bad_sha256=bad, verified_offset=0, stored_bytes=None, sha256=None, etag=None
        )
        [job] = await self._board.write(
            (job, ev.ArtifactChanged(at=self._board.clock.now(), artifact=changed))
        )
        return job

    async def _hold(self, job: Job, code: str, message: str) -> None:
        error = JobError(code=code, message=message)
        held = ev.Held(at=self._board.clock.now(), reason=error.message, error=error)
        await self._board.write((job, held))
        self._board.warn(error.message, job=job.name)

    async def _pause(self, job: Job, code: str, message: str, pause_s: float) -> None:
        error = JobError(code=code, message=message)
        now = self._board.clock.now()
        paused = ev.FetchPaused(at=now, not_before=now + timedelta(seconds=pause_s), error=error)
        await self._board.write((job, paused))
        self._board.warn(f"download paused: {error.message}", job=job.name, once=f"fetch:{job.id}:{code}")

    def _backoff_s(self, job: Job) -> float:
        failures = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        ceiling = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(failures, 9))
        return self._chance.uniform(_FIRST_PAUSE_S, ceiling)
