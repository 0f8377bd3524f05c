"""References from one job's request to another job's artifact."""

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Ref:
    """Stand in a URL field for an artifact of another job, known only when that job is done.

    Attributes:
        job: Name of the job whose artifact is meant, in the same batch.
        role: Which artifact: `model`, `thumbnail`, `image` or `video`.
        index: Which one of several with that role, from 0.
    """

    job: str
    role: str = "model"
    index: int = 0

    def to_plain(self) -> dict[str, Any]:
        """Return the manifest form, `{"ref": "anchor-01", "role": "model", "index": 0}`."""
        return {"ref": self.job, "role": self.role, "index": self.index}

    @classmethod
    def from_plain(cls, mapping: Mapping[str, Any]) -> "Ref | None":
        """Return the reference a mapping describes, or None if it describes none."""
        if "ref" not in mapping or not set(mapping) <= {"ref", "role", "index"}:
            return None
        return cls(mapping["ref"], mapping.get("role", "model"), mapping.get("index", 0))


#: Roles an artifact can have.
ROLES = ("model", "thumbnail", "image", "video")


def ref_fault(ref: Ref) -> str | None:
    """Return what is wrong with a reference itself, or None."""
    job: object = ref.job
    if not isinstance(job, str) or not job.strip():
        return "a reference needs the name of a job"
    if ref.role not in ROLES:
        return f"the role of a reference is one of {', '.join(ROLES)}"
    if type(ref.index) is not int or ref.index < 0:
        return "the index of a reference is an integer from 0"
    return None
