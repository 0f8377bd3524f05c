"""Jobs made field by field, many times as fast as `attrs.evolve` or a frozen class's own way."""

from collections.abc import Mapping
from typing import Any, Final

from avatar_async._jobs.drafts import draft_class
from avatar_async._jobs.records import Job

#: A job that can still be written to; `finished` makes it one.
Draft: Final = draft_class(Job)


def finished(draft: Any) -> Job:
    """Return a draft as the job that it is from now on."""
    draft.__class__ = Job
    job: Job = draft
    return job


def copied(job: Job, changes: Mapping[str, Any]) -> Job:
    """Return a job like that one, with other values in the named fields.

    Written out, a field takes a few nanoseconds; a loop over them takes five times that.
    """
    draft: Any = Draft()
    draft.id = job.id
    draft.batch = job.batch
    draft.name = job.name
    draft.kind = job.kind
    draft.folder = job.folder
    draft.task_name = job.task_name
    draft.fingerprint = job.fingerprint
    draft.state = job.state
    draft.attempt = job.attempt
    draft.owner = job.owner
    draft.needs = job.needs
    draft.created_at = job.created_at
    draft.not_before = job.not_before
    draft.submitted_at = job.submitted_at
    draft.accepted_at = job.accepted_at
    draft.task_id = job.task_id
    draft.remote_status = job.remote_status
    draft.progress = job.progress
    draft.last_running_at = job.last_running_at
    draft.finished_at = job.finished_at
    draft.expires_at = job.expires_at
    draft.stored_at = job.stored_at
    draft.error = job.error
    draft.hold = job.hold
    draft.artifacts = job.artifacts
    draft.settled_by = job.settled_by
    draft.candidates = job.candidates
    draft.receipt_state = job.receipt_state
    draft.revision = job.revision
    for name, value in changes.items():
        setattr(draft, name, value)
    return finished(draft)
