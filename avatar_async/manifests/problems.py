"""What can be wrong with a manifest, and where."""

from collections.abc import Sequence
from pathlib import Path

import attrs

from avatar_async.errors import ManifestError
from avatar_async.requests import Severity

#: Longest message of one problem, in characters.
_LONGEST_MESSAGE = 1000


@attrs.frozen(kw_only=True)
class Spot:
    """Name a place in a file.

    Attributes:
        file: The file as it was named.
        line: Line number from 1; None if the file itself is meant.
        shared: Whether several jobs share what stands there, as defaults and included files are.
    """

    file: Path
    line: int | None = None
    shared: bool = False

    def __str__(self) -> str:
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"


@attrs.frozen(kw_only=True)
class ManifestProblem:
    """Describe one thing that is wrong in a manifest.

    Attributes:
        file: The manifest, or the file it includes.
        line: Line number from 1; None if the file itself is meant.
        job: Name of the job, None if it has none or no job is meant.
        path: The field, `personal.segment_style`; empty if no field is meant.
        message: One sentence with field, value, and what is allowed or helps.
        severity: Errors refuse the manifest, warnings do not.
    """

    file: Path
    line: int | None
    job: str | None
    path: str
    message: str
    severity: Severity

    def __str__(self) -> str:
        job = "" if self.job is None else f"job {self.job}: "
        return f"{Spot(file=self.file, line=self.line)}: {job}{self.message}"


class ProblemLog:
    """Collect the problems of several files, each once."""

    def __init__(self) -> None:
        self._found: dict[ManifestProblem, None] = {}
        self._seen: set[tuple[Spot, str | None, str, str]] = set()

    def error(self, spot: Spot, message: str, *, path: str = "", job: str | None = None) -> None:
        """Note something that refuses the manifest."""
        self.note(spot, message, Severity.ERROR, path=path, job=job)

    def note(
        self, spot: Spot, message: str, severity: Severity, *, path: str = "", job: str | None = None
    ) -> None:
        """Note a problem, unless the same was noted of the same job, or of what jobs share."""
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[: _LONGEST_MESSAGE - 3]}..."
        path = path[:_LONGEST_MESSAGE]
        key = (spot, None if spot.shared else job, path, message)
        if key in self._seen:
            return
        self._seen.add(key)
        problem = ManifestProblem(
            file=spot.file, line=spot.line, job=job, path=path, message=message, severity=severity
        )
        self._found[problem] = None

    def __len__(self) -> int:
        return len(self._found)

    @property
    def warnings(self) -> tuple[ManifestProblem, ...]:
        """What does not refuse the manifest, in the order of the files and their lines."""
        return self._of(Severity.WARNING)

    def refuse(self) -> None:
        """Refuse the manifests if there is an error.

        Raises:
            ManifestError: There is one; carries every problem, the errors first.
        """
        errors = self._of(Severity.ERROR)
        if errors:
            raise ManifestError(_told(errors), [*errors, *self.warnings])

    def _of(self, severity: Severity) -> tuple[ManifestProblem, ...]:
        files = {problem.file: None for problem in self._found}
        order = {file: index for index, file in enumerate(files)}
        found = [problem for problem in self._found if problem.severity is severity]
        return tuple(sorted(found, key=lambda problem: (order[problem.file], problem.line or 0)))


def _told(errors: Sequence[ManifestProblem]) -> str:
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    return "\n  ".join([f"{count}, nothing was sent:", *map(str, errors)])
