"""A table of what a batch brought home."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from avatar_async._jobs.records import Job
from avatar_async._storage.sizes import size_text
from avatar_async.cli.render.cells import fit, fit_middle, width_of
from avatar_async.cli.render.frame import STYLES
from avatar_async.cli.render.text import one_line

_GAP = "  "
_SIZE = 8
_LEAST_NAME, _MOST_NAME = 4, 28
_LEAST_FILES = 10


def results(jobs: Sequence[Job], *, width: int) -> Iterator[Text]:
    """Yield one line a job: name, kind, state, how much, and the names of its files.

    Kinds, then files, are left out where the terminal is too narrow for them.

    Args:
        jobs: The jobs, in the order to show.
        width: Columns of the terminal.
    """
    names = min(_MOST_NAME, max([_LEAST_NAME, *(width_of(one_line(job.name)) for job in jobs)]))
    kinds = max([4, *(len(job.kind) for job in jobs)])
    states = max([5, *(len(job.state) for job in jobs)])
    room = width - names - kinds - states - _SIZE - 4 * len(_GAP)
    with_kinds = room >= _LEAST_FILES
    room += 0 if with_kinds else kinds + len(_GAP)
    with_files = room >= _LEAST_FILES

    def head(name: str, kind: str) -> str:
        return _GAP.join((fit_middle(name, names), *([fit(kind, kinds)] if with_kinds else []), ""))

    def tail(size: str, files: str) -> str:
        return _GAP.join(("", f"{size:>{_SIZE}}", *([fit(files, room).rstrip()] if with_files else [])))

    yield Text(head("JOB", "KIND") + fit("STATE", states) + tail("SIZE", "FILES"), style="bold")
    for job in jobs:
        stored = [artifact for artifact in job.artifacts if artifact.stored_bytes is not None]
        size = size_text(sum(artifact.stored_bytes or 0 for artifact in stored)) if stored else "-"
        line = Text(head(job.name, job.kind))
        line.append(fit(job.state, states), style=STYLES[job.state])
        yield line.append(tail(size, ", ".join(artifact.name for artifact in stored)))
