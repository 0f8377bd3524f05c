"""When results vanish, read on the safe side (design: expiry)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import RemoteTask
from avatar_async._jobs.states import ArtifactState

#: Documented for training, rebuild and takeover; assumed for previews.
RETENTION = timedelta(days=7)
#: Code of the error of a job in flight whose task the service leaves out of its answers.
NOT_LISTED = "not_listed"
#: Less than this to go, and a job is at risk.
AT_RISK = timedelta(hours=24)


def finish_of(job: Job, task: RemoteTask, *, noticed_at: datetime) -> datetime:
    """Return when the task finished: the service's word, clamped to what we saw ourselves.

    Without a word from the service, the latest moment at which it surely still ran counts: results
    cannot vanish earlier than that plus the retention, so reading it early is safe. A task made elsewhere
    may have finished long before we heard of it. Where our own clock was set back in between, its latest
    reading bounds the finish: early once more.

    Args:
        job: The job as last saved (`last_running_at`, `submitted_at`).
        task: What the poll reported.
        noticed_at: Request time of the first poll that said finished.
    """
    begun_at = job.submitted_at or task.created_at
    told = task.finished_at or job.last_running_at or begun_at or _begun(job)
    return min(told if begun_at is None else max(told, begun_at), noticed_at)


def least_expiry_of(job: Job, *, retention: timedelta = RETENTION) -> datetime:
    """Return before when the results of a job cannot vanish, as far as is known.

    For a task not known to have finished, that is the last poll that said so plus the retention.
    """
    return job.expires_at or max(job.last_running_at or _begun(job), _begun(job)) + retention


def _begun(job: Job) -> datetime:
    return job.submitted_at or job.accepted_at or job.created_at


def expiry_of(
    finished_at: datetime,
    task: RemoteTask,
    *,
    submitted_at: datetime | None = None,
    retention: timedelta = RETENTION,
) -> datetime:
    """Return when the results vanish: the earlier of the service's word and finish plus retention.

    A word that lies before the finish, the creation or our submission is none: believed, it would make
    the first refused download the proof of a loss.
    """
    limit = finished_at + retention
    begun = [at for at in (task.finished_at, task.created_at, submitted_at) if at is not None]
    if task.expires_at is None or (begun and task.expires_at <= max(begun)):
        return limit
    return min(task.expires_at, limit)


def urgency(job: Job) -> tuple[float, str]:
    """Return a key by which jobs whose results vanish first come first."""
    return (job.expires_at.timestamp() if job.expires_at else float("inf"), job.id)


def at_risk(job: Job, now: datetime) -> bool:
    """Tell whether so little time is left that a night's outage could lose the results."""
    return job.expires_at is not None and job.expires_at - now < AT_RISK


def bytes_left(job: Job) -> int:
    """Return how many bytes of the job's files are still to come, as far as their lengths are known."""
    return sum(
        max(0, (artifact.size_bytes or 0) - artifact.verified_offset)
        for artifact in job.artifacts
        if artifact.state is not ArtifactState.STORED
    )


def burden(job: Job) -> tuple[datetime | None, str, int]:
    """Return when a job's results vanish, its id, and how many bytes are still to come."""
    return job.expires_at, job.id, bytes_left(job)


def overtaken(
    burdens: Iterable[tuple[datetime | None, str, int]], now: datetime, speed_bytes_s: float | None
) -> frozenset[str]:
    """Return the ids of jobs that the measured speed does not bring home in time.

    Files come home in the order in which they vanish, so a job also waits for all bytes before its own.

    Args:
        burdens: That of every finished job whose files are not all home.
        now: The present instant.
        speed_bytes_s: Measured speed of all downloads together; without one, nobody is late.
    """
    if not speed_bytes_s:
        return frozenset()
    late, ahead = set(), 0
    for expires_at, job_id, left in sorted(
        (expires_at, job_id, left) for expires_at, job_id, left in burdens if expires_at is not None
    ):
        ahead += left
        if ahead / speed_bytes_s > (expires_at - now).total_seconds():
            late.add(job_id)
    return frozenset(late)
