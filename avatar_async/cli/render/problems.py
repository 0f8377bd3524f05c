"""Problems of manifests, one a line, as editors and people can follow them."""

from typing import TYPE_CHECKING

from avatar_async.cli.render.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from avatar_async.errors import ManifestError
    from avatar_async.manifests import ManifestProblem

#: Problems after which their number is told again, the heading being out of sight.
_ONE_SCREEN = 20


def problem_line(problem: "ManifestProblem") -> str:
    """Return `file:line: job: path: message`, without the parts that do not apply."""
    place = str(problem.file) if problem.line is None else f"{problem.file}:{problem.line}"
    path = "" if problem.message.startswith(problem.path) else problem.path
    return one_line(": ".join(part for part in (place, problem.job, path, problem.message) if part))


def refusal(error: "ManifestError") -> list[str]:
    """Return every error that refuses a manifest, one a line, below a heading with their number."""
    errors: Sequence[ManifestProblem] = [item for item in error.problems if item.severity == "error"]
    if not errors:
        return [str(error)]
    count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
    lines = [f"the manifest has {count}; nothing was sent", *(f"  {problem_line(item)}" for item in errors)]
    return [*lines, f"{count} in all; nothing was sent"] if len(errors) > _ONE_SCREEN else lines
