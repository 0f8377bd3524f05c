"""What a run tells while it goes: typed events, each with a JSON form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen

from avatar_async._jobs.states import State
from avatar_async.requests.addresses import public_text


@frozen(kw_only=True)
class RunEvent:
    """Something a run tells.

    Attributes:
        at: When, aware UTC.
        job: The job's name, None if it concerns the whole run.
        message: One sentence for a person, "" if the rest says it all; addresses in it are made public.
    """

    #: The word for it in the JSON form.
    word: ClassVar[str]

    at: datetime
    job: str | None = None
    message: str = field(default="", converter=public_text)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: every key of the design's event line, None where it has no meaning."""
        return {
            "at": self.at.isoformat(),
            "event": self.word,
            "job": self.job,
            "from": None,
            "to": None,
            "bytes": None,
            "total": None,
            "message": self.message,
        }


@frozen(kw_only=True)
class StateEvent(RunEvent):
    """Tell that a job changed its state (`from_state` is None for a job that is new)."""

    word: ClassVar[str] = "state"

    from_state: State | None
    to_state: State

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return super().to_json() | {"from": self.from_state, "to": self.to_state}


@frozen(kw_only=True)
class ProgressEvent(RunEvent):
    """Tell how far a download is.

    Attributes:
        artifact: File name in the job's folder.
        done_bytes: Bytes on their way to the disk so far.
        total_bytes: Length of the whole file, if known.
    """

    word: ClassVar[str] = "progress"

    artifact: str
    done_bytes: int
    total_bytes: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return super().to_json() | {
            "bytes": self.done_bytes,
            "total": self.total_bytes,
            "message": self.message or self.artifact,
        }


@frozen(kw_only=True)
class WarningEvent(RunEvent):
    """Tell what a person should know: a pause, a risk, a wrong setting, an unknown status.

    Attributes:
        urgent: Whether a person must see it even where little is shown: something may be lost otherwise.
    """

    word: ClassVar[str] = "warning"

    urgent: bool = False


@frozen(kw_only=True)
class EndEvent(RunEvent):
    """Tell that a run ended, and how many jobs are in each state."""

    word: ClassVar[str] = "end"

    counts: Mapping[State, int] = field(factory=dict)
