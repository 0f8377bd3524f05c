"""The states of a job and of an artifact (design: lifecycle)."""

from enum import StrEnum


class State(StrEnum):
    """Where a job stands."""

    #: Known and wanted; nothing was sent, or what was sent surely made no task.
    PLANNED = "planned"
    #: The intent is durable; a create call may be under way.
    SUBMITTING = "submitting"
    #: A create call's outcome is unknown; waits for reconciliation or a person.
    IN_DOUBT = "in_doubt"
    #: The service refused the request before any work.
    REJECTED = "rejected"
    #: The service works on it under a task id.
    IN_FLIGHT = "in_flight"
    #: Finished remotely; its artifacts are known.
    READY = "ready"
    #: Artifacts are on their way to the disk.
    FETCHING = "fetching"
    #: Every artifact is on disk and verified.
    STORED = "stored"
    #: The service reports that the task failed.
    FAILED = "failed"
    #: The results were gone before they were fetched.
    EXPIRED = "expired"
    #: A person gave the job up.
    ABANDONED = "abandoned"


#: States that only a person's command can leave.
TERMINAL = frozenset({State.REJECTED, State.STORED, State.FAILED, State.EXPIRED, State.ABANDONED})
#: States in which there is something to do or to wait for.
OPEN = frozenset(State) - TERMINAL
#: Ends that a `retry` may take up again.
RETRYABLE = frozenset({State.REJECTED, State.FAILED, State.EXPIRED})
#: States in which the service holds a task for the job.
REMOTE = frozenset({State.IN_FLIGHT, State.READY, State.FETCHING})


class ArtifactState(StrEnum):
    """Where one file of a finished task stands."""

    #: Its address is known.
    KNOWN = "known"
    #: Its bytes are arriving.
    FETCHING = "fetching"
    #: It is on disk under its final name, verified.
    STORED = "stored"
    #: It came twice with the same bad bytes, and is kept beside its name for a person to look at.
    SUSPECT = "suspect"
    #: It was gone before it was fetched.
    EXPIRED = "expired"
