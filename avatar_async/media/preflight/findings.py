"""What a preflight has to say: each finding with what was measured, what is wanted, and what helps."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal

from attrs import frozen

from avatar_async.requests.addresses import is_web_url, public_url
from avatar_async.requests.problems import INFERRED_SOURCE

#: Sources of rules, by document and section.
CREATE = "Avatar Model Generation, Create Avatar Model Generation Task"
UPDATE = "Avatar Model Generation, Create Avatar Model Update Task"
PREVIEW = "Avatar Model Generation, Video Green Screen Segmentation Effect Preview"
IMAGE_PREVIEW = (
    "Avatar Model Generation, Create Image Green Screen Segmentation Effect Preview Task, Request Parameters"
)
INFERRED = INFERRED_SOURCE


class Gravity(StrEnum):
    """Say what a finding means for a run."""

    #: Refuses it under strict validation.
    ERROR = "error"
    #: A person should know.
    WARNING = "warning"
    #: A rule could not be checked: this is not a pass.
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class Finding:
    """Describe one thing a preflight found.

    Attributes:
        gravity: What it means for a run.
        check: Which check it comes from, in a word.
        job: Name of the job; None for a file looked at by itself.
        path: The request's field that names the file; empty as above.
        file: The file: an address without what is secret in it, or a path.
        what: What is wrong, in a few words.
        measured: What was measured, or why it is not known.
        limit: What is wanted.
        remedy: What helps.
        source: The vendor's document and section that states the rule.
    """

    gravity: Gravity
    check: str
    job: str | None
    path: str
    file: str
    what: str
    measured: str
    limit: str
    remedy: str
    source: str

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.job, self.path, self.file) if part)
        wanted = f" (wanted: {self.limit})" if self.limit else ""
        return f"{place}: {self.what}: {self.measured}{wanted}; {self.remedy} [{self.source}]"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as `check --json` prints it."""
        return {
            "severity": self.gravity.value,
            "check": self.check,
            "job": self.job,
            "path": self.path,
            "file": self.file,
            "what": self.what,
            "measured": self.measured,
            "limit": self.limit,
            "remedy": self.remedy,
            "source": self.source,
        }


def named(address: str) -> str:
    """Return a file's name for messages: a path as it is, an address without what is secret in it."""
    return public_url(address) if is_web_url(address) else address


def verdict(findings: Iterable[Finding]) -> Literal["failed", "unknown", "warnings", "passed"]:
    """Return the worst that findings say in a word; what is unknown is never passed."""
    found = {finding.gravity for finding in findings}
    if Gravity.ERROR in found:
        return "failed"
    if Gravity.UNKNOWN in found:
        return "unknown"
    return "warnings" if found else "passed"
