"""What can happen to a job. Each is written to the store as one compare-and-set change."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import frozen

from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import State


class PutBackReason(StrEnum):
    """Why a create call surely made no task, so that the job is planned again."""

    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    TOKEN = "token"  # noqa: S105 - a reason, not a secret
    SETTING = "setting"


@frozen(kw_only=True)
class Event:
    """Something that happened to a job, `at` an instant of our clock (aware UTC)."""

    at: datetime


@frozen(kw_only=True)
class Amended(Event):
    """Take up changed fields of a job that was not submitted in this attempt."""

    request: Mapping[str, Any]
    fingerprint: str
    task_name: str
    needs: tuple[str, ...]


@frozen(kw_only=True)
class IntentWritten(Event):
    """Promise one create call; durable before its first byte leaves."""

    owner: str


@frozen(kw_only=True)
class PutBack(Event):
    """Plan the job again: its create call surely made no task."""

    reason: PutBackReason
    not_before: datetime | None
    error: JobError


@frozen(kw_only=True)
class OutcomeUnknown(Event):
    """Park the job: its create call may or may not have made a task."""

    error: JobError


@frozen(kw_only=True)
class Refused(Event):
    """End the job: the service refused the request before any work."""

    error: JobError


@frozen(kw_only=True)
class Accepted(Event):
    """Record the task id the service answered with."""

    task_id: int
    artifacts: tuple[Artifact, ...] = ()


@frozen(kw_only=True)
class Settled(Event):
    """Give a job in doubt the task id that was found to be its own.

    `how` is as `Job.settled_by` has it. A person may also replace an id that a person gave and that the
    service has not confirmed.
    """

    task_id: int
    how: str


@frozen(kw_only=True)
class CandidatesFound(Event):
    """Record which tasks may be a job's in doubt, none of them surely."""

    task_ids: tuple[int, ...]


@frozen(kw_only=True)
class Disowned(Event):
    """Put a job in doubt again: the service denies that the task id a person gave is its own."""

    error: JobError


@frozen(kw_only=True)
class ResubmitOrdered(Event):
    """Plan a job in doubt (or with an unconfirmed id) anew: a person says that no task was made."""


@frozen(kw_only=True)
class RetryOrdered(Event):
    """Plan an ended or held job anew because a person asks for it."""


@frozen(kw_only=True)
class GivenUp(Event):
    """End the job because a person gives it up."""


@frozen(kw_only=True)
class Polled(Event):
    """Record what an unfinished task reports; `at` is the request time of the poll."""

    remote_status: str
    progress: int | None


@frozen(kw_only=True)
class LeftOut(Event):
    """Record that the service answers, but leaves the job's task out of its answers."""

    error: JobError


@frozen(kw_only=True)
class Finished(Event):
    """Record that the task finished and what it offers."""

    remote_status: str
    finished_at: datetime
    expires_at: datetime
    artifacts: tuple[Artifact, ...]


@frozen(kw_only=True)
class RemoteFailed(Event):
    """End the job: the service reports a failure."""

    remote_status: str
    error: JobError
    finished_at: datetime | None = None


@frozen(kw_only=True)
class LostToExpiry(Event):
    """End the job: its results are proven gone."""

    remote_status: str | None
    error: JobError


@frozen(kw_only=True)
class FetchStarted(Event):
    """Claim the job's artifacts for download."""

    owner: str


@frozen(kw_only=True)
class ArtifactsRefreshed(Event):
    """Replace addresses by fresh ones of the same files."""

    artifacts: tuple[Artifact, ...]


@frozen(kw_only=True)
class ArtifactChanged(Event):
    """Record one artifact's new standing (checkpoint, verified, stored, suspect)."""

    artifact: Artifact


@frozen(kw_only=True)
class FetchPaused(Event):
    """Let go of the artifacts for now; what arrived stays."""

    not_before: datetime | None
    error: JobError | None


@frozen(kw_only=True)
class AllStored(Event):
    """End the job: every artifact is on disk and verified.

    Attributes:
        artifact: The last of them as it stands now, if that is not recorded yet.
    """

    artifact: Artifact | None = None


@frozen(kw_only=True)
class Held(Event):
    """Keep the job where it is until a person looks at it."""

    reason: str
    error: JobError | None = None


@frozen(kw_only=True)
class ReceiptWritten(Event):
    """Record which state, and which task if one is named, the receipt on disk tells of."""

    state: State
    task_id: int | None = None
