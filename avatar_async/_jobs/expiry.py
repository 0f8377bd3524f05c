"""When results vanish, read on the safe side (design: expiry)."""

from datetime import datetime, timedelta

from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import RemoteTask

#: Documented for training, rebuild and takeover; assumed for previews.
RETENTION = timedelta(days=7)
#: Less than this to go, and a job is at risk.
AT_RISK = timedelta(hours=24)


def finish_of(job: Job, task: RemoteTask, *, noticed_at: datetime) -> datetime:
    """Return when the task finished: the service's word, clamped to what we saw ourselves.

    Without a word from the service, the latest moment at which it surely still ran counts: results
    cannot vanish later than that plus the retention, so reading it early is safe.

    Args:
        job: The job as last saved (`last_running_at`, `submitted_at`).
        task: What the poll reported.
        noticed_at: Request time of the first poll that said finished.
    """
    submitted_at = job.submitted_at or job.accepted_at or job.created_at
    if task.finished_at is None:
        return job.last_running_at or submitted_at
    return min(max(task.finished_at, submitted_at), max(noticed_at, submitted_at))


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


def at_risk(
    job: Job, now: datetime, *, bytes_left: int | None = None, speed_bytes_s: float | None = None
) -> bool:
    """Tell whether the results may vanish before they are home.

    Args:
        job: A finished job with `expires_at`.
        now: The present instant.
        bytes_left: What is still to be fetched, if known.
        speed_bytes_s: Measured speed, if known.
    """
    if job.expires_at is None:
        return False
    left = job.expires_at - now
    if left < AT_RISK:
        return True
    return bool(bytes_left and speed_bytes_s and bytes_left / speed_bytes_s > left.total_seconds())
