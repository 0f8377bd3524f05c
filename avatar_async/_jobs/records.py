"""The records of a job: the spec (not saved) and the saved job."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import field, frozen
from attrs import field as attrs_field

from avatar_async._jobs.states import TERMINAL, ArtifactState, State
from avatar_async.requests import Kind, Request
from avatar_async.requests.addresses import public_text

#: The batch of the command line: one output folder is one batch.
DEFAULT_BATCH = "default"
#: Begins the fingerprint of a job that stands for a task made elsewhere: its request is not known.
ADOPTED = "task:"
#: Who gave a job in doubt its task id, as `Job.settled_by` has it.
BY_PERSON, BY_LIST, BY_CALLBACK = "person", "list", "callback"


@frozen(kw_only=True)
class JobSpec:
    """A job as a manifest or a caller asks for it; not saved yet.

    Attributes:
        name: Unique in its batch.
        kind: What is asked of the service.
        request: The typed request.
        needs: Names of jobs that must be stored first.
    """

    name: str
    kind: Kind
    request: Request
    needs: tuple[str, ...] = ()


@frozen(kw_only=True)
class JobError:
    """What went wrong last, fit for a person to read: addresses in the message are made public.

    Attributes:
        code: The service's code, or a short word of ours.
        message: One sentence.
        field: The request's field, if one is known.
        at: When it came to pass, noted where that matters: of results that are gone.
    """

    code: int | str
    message: str = attrs_field(converter=public_text)
    field: str | None = None
    at: datetime | None = None


# As `Job`, below: without a slot for weak references.
@frozen(kw_only=True, weakref_slot=False)
class Artifact:
    """A file of a finished task.

    Attributes:
        role: model, thumbnail, image or video.
        name: File name in the job's folder; safe, unique in the job.
        url: Where the service offers it; a secret of the ledger (signed query).
        size_bytes: Length the service announces, if it does.
        md5: Lowercase hex digest the service announces, if it does.
        state: Where it stands.
        stored_bytes: Length of the verified file.
        sha256: Lowercase hex digest of the verified file.
        etag: Validator of the partial file's source.
        verified_offset: Bytes of the partial file known to be on disk.
        bad_sha256: Digest of a complete but bad download, to tell a second identical one from chance.
        note: What a person should know (an md5 that does not agree, say).
    """

    role: str
    name: str
    url: str = field(repr=False)
    size_bytes: int | None = None
    md5: str | None = None
    state: ArtifactState = ArtifactState.KNOWN
    stored_bytes: int | None = None
    sha256: str | None = None
    etag: str | None = None
    verified_offset: int = 0
    bad_sha256: str | None = None
    note: str | None = None


def names_missing(artifacts: Sequence[Artifact]) -> list[str]:
    """Return the names of the files that are not home, in order."""
    return [artifact.name for artifact in artifacts if artifact.state is not ArtifactState.STORED]


@frozen(kw_only=True)
class NewJob:
    """A job ready to be saved for the first time.

    Attributes:
        request: The plain form of the request (`Request.to_plain`).
        fingerprint: Hash of kind and request, URL queries left out.
        task_name: The material or video name the service will know the task by.
        folder: Safe, unique folder name below the output folder.
    """

    batch: str
    name: str
    kind: Kind
    folder: str
    task_name: str
    request: Mapping[str, Any]
    fingerprint: str
    needs: tuple[str, ...] = ()
    created_at: datetime


@frozen(kw_only=True)
class Standing:
    """Where a saved job stands; the fields are those of `Job`."""

    id: str
    name: str
    folder: str
    state: State
    attempt: int
    receipt_state: State | None


# Without a slot for weak references, records of its layout may become jobs (see `copies`).
@frozen(kw_only=True, weakref_slot=False)
class Job:
    """A saved job: what the ledger knows, save its request (read apart, when needed).

    Attributes:
        id: Opaque key of the store.
        batch: Name of the batch; (batch, name) is unique.
        attempt: 1 for the first; one more for each `retry` or ordered resubmission.
        owner: The run that wrote the intent or fetches the artifacts.
        not_before: No earlier submission or fetch than this.
        submitted_at: When the intent of the latest create call was written.
        accepted_at: When the task id was learnt.
        remote_status: The service's own word for the task's status, raw.
        progress: 0 to 100 as the service reports it.
        last_running_at: Request time of the latest poll that said the task was not finished.
        finished_at: When the task finished, as well as it can be known.
        expires_at: When its results vanish, read on the safe side.
        hold: Why the job waits for a person although it is not in doubt; None if it does not.
        settled_by: Who gave a job in doubt its task id: person, list or callback; None if nobody had to.
        candidates: Ids of tasks that may be this job's while it is in doubt, as far as they were seen.
        receipt_state: The state the receipt on disk was last written for.
        revision: Rises with each write to the store.
    """

    id: str
    batch: str
    name: str
    kind: Kind
    folder: str
    task_name: str
    fingerprint: str
    state: State = State.PLANNED
    attempt: int = 1
    owner: str | None = None
    needs: tuple[str, ...] = ()
    created_at: datetime
    not_before: datetime | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    task_id: int | None = None
    remote_status: str | None = None
    progress: int | None = None
    last_running_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    stored_at: datetime | None = None
    error: JobError | None = None
    hold: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    settled_by: str | None = None
    candidates: tuple[int, ...] = ()
    receipt_state: State | None = None
    revision: int = 0

    @property
    def terminal(self) -> bool:
        """Whether only a person's command can move it on."""
        return self.state in TERMINAL

    @property
    def unseen(self) -> bool:
        """Whether its task id is a person's word that the service has not confirmed yet."""
        return self.state is State.IN_FLIGHT and self.settled_by == BY_PERSON and self.remote_status is None

    @property
    def lost_at(self) -> datetime | None:
        """When the results were proven gone, None if they were not."""
        return self.error.at if self.state is State.EXPIRED and self.error is not None else None

    @property
    def adopted(self) -> bool:
        """Whether it stands for a task made elsewhere, whose request is not known."""
        return self.fingerprint.startswith(ADOPTED)

    def artifact(self, name: str) -> Artifact:
        """Return the artifact of that file name.

        Raises:
            KeyError: There is none.
        """
        for artifact in self.artifacts:
            if artifact.name == name:
                return artifact
        raise KeyError(name)
