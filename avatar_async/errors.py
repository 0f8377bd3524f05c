"""The one error tree.

```
AvatarError
├── ConfigError                    a setting, profile or option is wrong (exit 2, nothing was sent)
├── RequestError                   a request has problems; carries all of them
├── ManifestError                  a manifest has problems; carries all of them
├── TransportError                 talking to a host failed
│   ├── NotSentError               no byte of the request reached a socket
│   ├── ConnectionLostError        the connection broke after something was sent
│   ├── TransportTimeoutError      no answer in time after something was sent
│   └── ReplyError                 an answer came, but cannot be read
├── ServiceError                   the service answered and said no
│   ├── AuthError                  the token, appId or appKey is refused
│   ├── ThrottledError             too many calls or tasks: wait `retry_after_s`
│   ├── RejectedError              the request was refused before work; carries code, message, field
│   └── SettingRefusedError        the endpoint, path or account is wrong, not the request
├── SubmissionUnknownError         a create call's outcome is unknown: never sent again by itself
├── TaskError                      a task did not come to a good end
│   ├── TaskFailedError            the service reports that it failed
│   ├── TaskExpiredError           its results are gone
│   └── TaskTimeoutError           it did not finish within the time given
├── DownloadError                  an artifact could not be brought home
│   ├── ArtifactRefusedError       the artifact's address is refused or gone: ask for a fresh one
│   ├── IntegrityError             the bytes are not what was announced
│   ├── DiskSpaceError             not enough room on the disk
│   └── UnknownFileError           a file nobody recorded lies at the target
├── LedgerError                    the ledger cannot do what was asked
│   ├── LedgerLockedError          another runner holds it
│   ├── LedgerMismatchError        it belongs to another endpoint or account
│   ├── LedgerVersionError         it was written by a newer version
│   ├── ConflictError              the job changed in the meantime (compare-and-set)
│   ├── DuplicateRequestError      the same request was already submitted under another name
│   └── RequestChangedError        a job already submitted is given other fields
├── JobNotFoundError               no such job
├── LifecycleError                 an illegal transition
├── MediaError                     a picture, video or zip cannot be read or made
│   └── MediaOutOfReachError       what is asked of a file lies beyond what may be read of it
└── EmulatorError                  the embedded service cannot start
```
"""

from collections.abc import Sequence
from typing import Any


class AvatarError(Exception):
    """Be the root of every error this package raises on purpose."""


class ConfigError(AvatarError):
    """Tell that a setting, profile or option is wrong; nothing was sent."""


class _ProblemsError(AvatarError):
    """Carry every problem found, not only the first."""

    def __init__(self, message: str, problems: Sequence[Any] = ()) -> None:
        super().__init__(message)
        #: Everything that is wrong, in the order it was found.
        self.problems = tuple(problems)


class RequestError(_ProblemsError):
    """Tell that a request has problems (`avatar_async.requests.Problem` each)."""


class ManifestError(_ProblemsError):
    """Tell that a manifest has problems (file, line and path each)."""


class TransportError(AvatarError):
    """Tell that talking to a host failed."""


class NotSentError(TransportError):
    """Tell that no byte of the request reached a socket: sending again is safe."""


class ConnectionLostError(TransportError):
    """Tell that the connection broke after something was sent."""


class TransportTimeoutError(TransportError):
    """Tell that no answer came in time after something was sent."""


class ReplyError(TransportError):
    """Tell that an answer came but cannot be read (truncated, not JSON, too large)."""


class ServiceError(AvatarError):
    """Tell that the service answered and said no.

    Attributes:
        code: The envelope's code, if there was one.
        http_status: The HTTP status of the reply.
    """

    def __init__(self, message: str, *, code: int | None = None, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


class AuthError(ServiceError):
    """Tell that the token, appId or appKey is refused."""


class ThrottledError(ServiceError):
    """Tell that the service wants fewer calls or tasks for a while."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        code: int | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status)
        #: Seconds to wait, as the service asked; None if it did not say.
        self.retry_after_s = retry_after_s


class RejectedError(ServiceError):
    """Tell that the service refused the request before any work."""

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: int | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status)
        #: The field the service named, if it named one.
        self.field = field


class SettingRefusedError(ServiceError):
    """Tell that the endpoint, path or account is wrong, not the request."""


class SubmissionUnknownError(AvatarError):
    """Tell that a create call may or may not have made a task; sending it again may pay twice."""


class TaskError(AvatarError):
    """Tell that a task did not come to a good end."""

    def __init__(self, message: str, *, task_id: int | None = None) -> None:
        super().__init__(message)
        #: The service's id of the task.
        self.task_id = task_id


class TaskFailedError(TaskError):
    """Tell that the service reports a task as failed."""


class TaskExpiredError(TaskError):
    """Tell that a task's results can no longer be downloaded."""


class TaskTimeoutError(TaskError):
    """Tell that a task did not finish within the time given; it goes on remotely."""


class DownloadError(AvatarError):
    """Tell that an artifact could not be brought home."""


class ArtifactRefusedError(DownloadError):
    """Tell that an artifact's address is refused or gone (HTTP 401, 403, 404, 410)."""

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class IntegrityError(DownloadError):
    """Tell that the bytes received are not what was announced."""

    def __init__(self, message: str, *, sha256: str | None = None, short: bool = False) -> None:
        super().__init__(message)
        #: Hash of the bad bytes, to tell a second identical failure from chance.
        self.sha256 = sha256
        #: Whether only the end is missing, so that the rest may come another time.
        self.short = short


class DiskSpaceError(DownloadError):
    """Tell that the disk has not enough room for an artifact and the reserve."""


class UnknownFileError(DownloadError):
    """Tell that a file nobody recorded lies where an artifact should go."""


class LedgerError(AvatarError):
    """Tell that the ledger cannot do what was asked."""


class LedgerLockedError(LedgerError):
    """Tell that another runner holds the ledger."""


class LedgerMismatchError(LedgerError):
    """Tell that the ledger belongs to another endpoint or account."""


class LedgerVersionError(LedgerError):
    """Tell that the ledger was written by a newer version of this package."""


class ConflictError(LedgerError):
    """Tell that a job changed in the meantime, so that nothing was written."""


class DuplicateRequestError(LedgerError):
    """Tell that the same request was already submitted under another name."""


class RequestChangedError(LedgerError):
    """Tell that a job already submitted is given other fields; carries the differences."""

    def __init__(self, message: str, differences: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.differences = tuple(differences)


class JobNotFoundError(AvatarError):
    """Tell that no job has the name or id given."""


class LifecycleError(AvatarError):
    """Tell that a job in this state cannot take this event."""


class MediaError(AvatarError):
    """Tell that a picture, video or zip cannot be read or made."""


class MediaOutOfReachError(MediaError):
    """Tell that what is asked of a file lies beyond what may be read of it: it stays unknown."""


class EmulatorError(AvatarError):
    """Tell that the embedded service cannot start."""
