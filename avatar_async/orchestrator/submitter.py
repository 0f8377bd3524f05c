"""From planned to a task id: one create call a job, each with its own durable intent."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import anyio
from anyio.abc import TaskGroup

from avatar_async._jobs import events as ev
from avatar_async._jobs.names import safe_file_names
from avatar_async._jobs.planner import pause_left_s
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.states import State
from avatar_async._jobs.verdicts import Verdict, decide
from avatar_async.errors import (
    AuthError,
    AvatarError,
    ConflictError,
    RequestError,
    ServiceError,
    SettingRefusedError,
    ThrottledError,
    TransportError,
)
from avatar_async.orchestrator.admission import Admission
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.keeping import IdKeeper
from avatar_async.orchestrator.references import References, UnresolvedError
from avatar_async.orchestrator.reports import error_of, setting_message
from avatar_async.orchestrator.signal import Signal
from avatar_async.requests import Kind, Request, from_plain

#: Seconds that writing the last word about a cancelled create call may take.
_LAST_WORD_S: Final = 5.0
#: Seconds for which ids are still tried to be written once the run is to end.
_ID_GRACE_S: Final = 60.0
#: Seconds for which a job is left alone whose references cannot be asked for.
_REST_S: Final = 15.0
#: Create calls under way at once, however many tasks there may be.
_AT_ONCE: Final = 64
#: Role of the file whose address an accepted preview may come with.
_ACCEPTED_ROLES: Final = {Kind.IMAGE_PREVIEW: "image", Kind.VIDEO_PREVIEW: "video"}


class Submitter:
    """Send create calls as admission allows, oldest job first."""

    def __init__(
        self,
        board: Board,
        store: JobStore,
        service: Service,
        admission: Admission,
        references: References,
        *,
        owner: str,
        fatal: Callable[[str], None],
    ) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._admission = admission
        self._references = references
        self._owner = owner
        self._fatal = fatal
        self._ids = IdKeeper(board)
        self._busy: set[str] = set()
        #: Until when a job whose references cannot be asked for is left alone (monotonic seconds).
        self._resting_s: dict[str, float] = {}
        self._under_way: set[anyio.CancelScope] = set()
        self._stopping = False
        #: Woken when a job may have become eligible or a slot free.
        self.wake: Final = Signal()
        #: Woken when no create call is under way any more.
        self.quiet: Final = Signal()

    @property
    def creating(self) -> int:
        """Return how many create calls are under way or about to be."""
        return len(self._busy)

    def stop(self) -> None:
        """Begin no further create call."""
        self._stopping = True
        self._ids.stop(_ID_GRACE_S)
        self.wake.set()

    def abort(self) -> None:
        """Wait no longer for the creates under way: their jobs are in doubt."""
        for scope in tuple(self._under_way):
            scope.cancel()

    async def run(self, group: TaskGroup) -> None:
        """Start a create call in `group` whenever one is due and allowed."""
        clock = self._board.clock
        while not self._stopping:
            job, wait_s = self._next()
            if job is None:
                await self.wake.wait(clock, wait_s)
                continue
            self._busy.add(job.id)
            self._admission.began()
            group.start_soon(self._guarded, job)

    def _next(self) -> tuple[Job | None, float | None]:
        """Return the job to submit now, or how long to wait for one (None: until woken)."""
        if self._ids.waiting or len(self._busy) >= _AT_ONCE:
            return None, None
        outstanding = len(self._busy) + self._board.number(State.IN_FLIGHT)
        if not self._admission.allows(outstanding, len(self._busy)):
            return None, self._admission.pause_s or 1.0
        now = self._board.clock.now()
        soonest: float | None = None
        for job in self._board.eligible(besides=self._busy):
            rest_s = self._resting_s.get(job.id, 0.0) - self._board.clock.monotonic()
            wait_s = max(pause_left_s(job.not_before, now), rest_s, 0.0)
            if not wait_s:
                return job, None
            soonest = wait_s if soonest is None else min(soonest, wait_s)
        return None, soonest

    async def _guarded(self, job: Job) -> None:
        try:
            await self._submit(job)
        except ConflictError:
            now = self._board.get(job.id)
            if now is None or now.state is not State.PLANNED:
                self._board.warn("changed by somebody else while it was being submitted", job=job.name)
        finally:
            self._busy.discard(job.id)
            self.wake.set()
            if not self._busy:
                self.quiet.set()
            self._board.changed.set()

    async def _submit(self, job: Job) -> None:
        request: Request | None = None
        with anyio.CancelScope() as preparing:
            self._under_way.add(preparing)
            try:
                request = await self._ready_request(job)
            finally:
                self._under_way.discard(preparing)
        if request is None or self._stopping:
            self._admission.put_back()
            return
        # A create call under way is worth its answer, whoever cancels the run; `abort` bounds it.
        with anyio.CancelScope(shield=True) as scope:
            self._under_way.add(scope)
            try:
                await self._create(job, request)
            finally:
                self._under_way.discard(scope)

    async def _create(self, job: Job, request: Request) -> None:
        """Promise, send and conclude; a second time only after the first refusal of the token."""
        after_refusal = False
        while True:
            try:
                [job] = await self._board.write((job, ev.IntentWritten(at=self._now(), owner=self._owner)))
            except ConflictError:
                self._admission.put_back()
                raise
            report = await self._send(job, request)
            verdict = decide(report, after_token_refusal=after_refusal, codes=self._service.codes)
            again = await self._conclude(job, report, verdict)
            if again is None:
                return
            job, after_refusal = again, True

    async def _ready_request(self, job: Job) -> Request | None:
        """Return the request with its references replaced, a token at hand; None if it must wait."""
        try:
            await self._service.prepare()
        except (AuthError, SettingRefusedError) as error:
            self._stop_submission(str(error))
            return None
        except (TransportError, ServiceError) as error:
            self._pause(error)
            return None
        try:
            request = from_plain(job.kind, await self._store.request(job.id))
            request = await self._references.resolve(request)
            request.to_vendor()
        except (AuthError, SettingRefusedError) as error:
            self._stop_submission(str(error))
        except ThrottledError as error:
            self._pause(error)
        except (TransportError, ServiceError) as error:
            self._resting_s[job.id] = self._board.clock.monotonic() + _REST_S
            self._board.warn(f"waits for its references: {error}", job=job.name, once=f"rest:{job.id}")
        except (UnresolvedError, RequestError) as error:
            reason = JobError(code="request", message=str(error))
            await self._board.write((job, ev.Held(at=self._now(), reason=str(error), error=reason)))
        else:
            return request
        return None

    async def _send(self, job: Job, request: Request) -> SubmissionReport:
        """Send the create call; whatever breaks in between leaves its outcome unknown."""
        try:
            return await self._service.submit(request)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_LAST_WORD_S, shield=True), suppress(AvatarError):
                await self._park(job, "the run ended before the create call was answered")
            raise
        except Exception as error:  # noqa: BLE001 - the job boundary: nobody knows what was sent
            reason = str(error) if isinstance(error, AvatarError) else f"{type(error).__name__} in the client"
            return SubmissionReport(sent=True, message=reason)

    async def _conclude(self, job: Job, report: SubmissionReport, verdict: Verdict) -> Job | None:
        """Write the verdict; return the planned job if the call is to be sent again at once."""
        admission, now = self._admission, self._now()
        match verdict:
            case Verdict.ACCEPTED:
                admission.accepted()
                await self._accept(job, report)
            case Verdict.REFUSED:
                admission.refused()
                await self._board.write((job, ev.Refused(at=now, error=error_of(report))))
            case Verdict.UNKNOWN:
                admission.unknown()
                await self._park(job, report.message or "no readable answer", report)
            case Verdict.NOT_SENT:
                pause_s = admission.not_sent(report.message)
                await self._put_back(job, ev.PutBackReason.NOT_SENT, report, pause_s)
            case Verdict.THROTTLED:
                outstanding = self.creating - 1 + self._board.number(State.IN_FLIGHT)
                pause_s = admission.throttled(report.retry_after_s, outstanding)
                await self._put_back(job, ev.PutBackReason.THROTTLED, report, pause_s)
            case Verdict.SETTING:
                self._stop_submission(setting_message(report))
                await self._put_back(job, ev.PutBackReason.SETTING, report, 0.0)
            case Verdict.TOKEN:
                # The call counts until it is sure that it is not sent again: others may take no slot of its.
                planned = await self._put_back(job, ev.PutBackReason.TOKEN, report, 0.0, counts=True)
                if await self._renew(report):
                    return planned
                admission.put_back()
        return None

    async def _accept(self, job: Job, report: SubmissionReport) -> None:
        assert report.task_id is not None
        artifacts: tuple[Artifact, ...] = ()
        role = _ACCEPTED_ROLES.get(job.kind)
        if report.url and role:
            [name] = safe_file_names([report.url.split("?")[0].split("#")[0]])
            artifacts = (Artifact(role=role, name=name, url=report.url),)
        try:
            await self._ids.keep(
                job, ev.Accepted(at=self._now(), task_id=report.task_id, artifacts=artifacts)
            )
        except ConflictError as error:
            message = f"the service answered with task id {report.task_id}, but {error}"
            self._board.warn(message, job=job.name, urgent=True)
            await self._park(job, message, report)

    async def _park(self, job: Job, message: str, report: SubmissionReport | None = None) -> None:
        code: int | str = "unknown"
        if report is not None and (report.code or report.http_status):
            code = report.code or report.http_status or code
        error = JobError(code=code, message=message)
        await self._board.write((job, ev.OutcomeUnknown(at=self._now(), error=error)))

    async def _put_back(
        self,
        job: Job,
        reason: ev.PutBackReason,
        report: SubmissionReport,
        pause_s: float,
        *,
        counts: bool = False,
    ) -> Job:
        if not counts:
            self._admission.put_back()
        now = self._now()
        [planned] = await self._board.write(
            (
                job,
                ev.PutBack(
                    at=now,
                    reason=reason,
                    not_before=now + timedelta(seconds=pause_s) if pause_s else None,
                    error=error_of(report),
                ),
            )
        )
        return planned

    def _pause(self, error: ServiceError | TransportError) -> None:
        """Hold creates back, since no token (or no address) can be had now."""
        if isinstance(error, ThrottledError):
            pause_s = self._admission.throttled(error.retry_after_s, self._board.number(State.IN_FLIGHT))
        else:
            pause_s = self._admission.not_sent(str(error))
        self._board.warn(f"no create call sent, waiting {pause_s:.0f} s: {error}", once=f"prepare:{error}")

    async def _renew(self, report: SubmissionReport) -> bool:
        try:
            await self._service.renew_token(report.token_generation)
        except (AuthError, SettingRefusedError) as error:
            self._stop_submission(str(error))
            return False
        except (TransportError, ServiceError) as error:
            self._pause(error)
            return False
        return not self._stopping

    def _stop_submission(self, message: str) -> None:
        self._admission.stop(message)
        self._board.warn(f"submission stopped: {message}", once=f"stopped:{message}")
        self._fatal(message)

    def _now(self) -> datetime:
        return self._board.clock.now()
