"""What the service says of its tasks, after the dialect was applied."""

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from avatar_async.requests import Kind

#: The largest id that a task can have, and any whole number that is read (int64).
LARGEST_TASK_ID = 2**63 - 1


class RemoteState(StrEnum):
    """What a task's status means to us; the raw word is kept beside it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    #: A word the dialect does not list: never terminal, never an error.
    UNKNOWN = "unknown"


@frozen(kw_only=True, weakref_slot=False)
class RemoteFile:
    """A file the service offers for a finished task.

    Attributes:
        role: model, thumbnail, image or video.
        name: The service's name for it, not to be trusted as a path.
        url: Where it can be downloaded for now.
        size_bytes: Announced length.
        md5: Announced digest, lowercase hex.
    """

    role: str
    name: str
    url: str = field(repr=False)
    size_bytes: int | None = None
    md5: str | None = None


@frozen(kw_only=True, weakref_slot=False)
class RemoteTask:
    """A task as one query or list reply shows it.

    Attributes:
        task_id: The service's id (int64).
        state: Our reading of its status.
        status: The service's own word, raw.
        kind: What it makes, if the reply says so.
        name: The material or video name, if the reply says so.
        progress: 0 to 100, if the reply says so.
        fail_reason: The service's reason for a failure.
        created_at: When the service says it was created; aware.
        finished_at: When the service says it finished; aware.
        expires_at: When the service says its files vanish; aware.
        files: What it offers for download.
    """

    task_id: int
    state: RemoteState
    status: str
    kind: Kind | None = None
    name: str | None = None
    progress: int | None = None
    fail_reason: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    files: tuple[RemoteFile, ...] = ()

    @property
    def artifacts(self) -> tuple[RemoteFile, ...]:
        """The files, as `AvatarClient.download` takes them."""
        return self.files


@frozen(kw_only=True)
class QueryAnswer:
    """One decoded reply of the query or list call.

    Attributes:
        tasks: Those the reply holds; an id asked for may be missing.
        asked_at: Our clock just before the request left.
        service_at: The service's `Date`, if it sent one.
        whole: Whether it surely holds everything there is (of a list: every page, every task).
    """

    tasks: tuple[RemoteTask, ...]
    asked_at: datetime
    service_at: datetime | None = None
    whole: bool = True


@frozen(kw_only=True)
class SubmissionReport:
    """What the transport saw of one create call; the verdict is decided elsewhere.

    Attributes:
        sent: Whether any byte of the request was handed to a socket.
        http_status: The status line's number, if one came.
        code: The envelope's code, if the body was a readable envelope.
        message: The envelope's message, or our words for the failure; no secrets.
        task_id: A usable id from the envelope's data.
        url: An address that came with the id (image previews).
        field: The field the service named, if it can be told.
        retry_after_s: Seconds the service asked to wait.
        token_generation: Which token was used, to renew that one and no newer one.
        service_at: The service's `Date`, if it sent one.
    """

    sent: bool
    http_status: int | None = None
    code: int | None = None
    message: str = ""
    task_id: int | None = None
    url: str | None = field(default=None, repr=False)
    field: str | None = None
    retry_after_s: float | None = None
    token_generation: int = 0
    service_at: datetime | None = None
