"""Jobs that wait, folded into plain values: there may be a hundred thousand, hardly looked at for hours.

The garbage collector walks over every field of every record that is alive, again and again, and all else
stands still meanwhile. Tuples of plain values it leaves alone once it has seen them.
"""

from operator import attrgetter
from typing import Any, Final

from avatar_async._jobs.copies import Draft, finished
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.requests import Kind

#: The revision first, then what a waiting job has; see `folded`.
Folded = tuple[Any, ...]

_KINDS: Final = {kind.value: kind for kind in Kind}
_STATES: Final[dict[str | None, State | None]] = {None: None, **{state.value: state for state in State}}
_PLAIN: Final = attrgetter(
    "revision",
    "id",
    "batch",
    "name",
    "folder",
    "task_name",
    "fingerprint",
    "attempt",
    "owner",
    "needs",
    "created_at",
    "submitted_at",
    "accepted_at",
    "task_id",
    "remote_status",
    "progress",
    "last_running_at",
    "settled_by",
)
#: States in which jobs wait in great numbers, and what they mostly have not meanwhile.
_WAITING: Final = frozenset({State.PLANNED, State.IN_FLIGHT})
_MORE: Final = attrgetter(
    "not_before", "finished_at", "expires_at", "stored_at", "error", "hold", "artifacts", "candidates"
)
_NO_MORE: Final = (None, None, None, None, None, None, (), ())


def folded(job: Job) -> Folded | None:
    """Return what makes up a waiting job, by plain values only; None for a job that has more to it."""
    state = job.state
    if state not in _WAITING or _MORE(job) != _NO_MORE:
        return None
    receipt = job.receipt_state
    words = (job.kind._value_, state._value_, None if receipt is None else receipt._value_)
    return _PLAIN(job) + words


def unfolded(fields: Folded) -> Job:
    """Return the job that was folded so."""
    job: Any = Draft()
    (
        job.revision,
        job.id,
        job.batch,
        job.name,
        job.folder,
        job.task_name,
        job.fingerprint,
        job.attempt,
        job.owner,
        job.needs,
        job.created_at,
        job.submitted_at,
        job.accepted_at,
        job.task_id,
        job.remote_status,
        job.progress,
        job.last_running_at,
        job.settled_by,
        kind,
        state,
        receipt,
    ) = fields
    job.kind, job.state, job.receipt_state = _KINDS[kind], _STATES[state], _STATES[receipt]
    job.not_before = job.finished_at = job.expires_at = job.stored_at = None
    job.error = job.hold = None
    job.artifacts = job.candidates = ()
    return finished(job)
