"""A table of what a batch brought home."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from avatar_async._jobs.records import Job
from avatar_async.cli.render.cells import fit, fit_middle, width_of
from avatar_async.cli.render.frame import STYLES
from avatar_async.cli.render.text import one_line, size_text

_GAP = "  "
_SIZE = 8
_LEAST_NAME, _MOST_NAME = 4, 28


def results(jobs: Sequence[Job], *, width: int) -> Iterator[Text]:
    """Yield one line a job: name, kind, state, how much, and the names of its files.

    Args:
        jobs: The jobs, in the order to show.
        width: Columns of the terminal.
    """
    names = min(_MOST_NAME, max([_LEAST_NAME, *(width_of(one_line(job.name)) for job in jobs)]))
    kinds = max([4, *(len(job.kind) for job in jobs)])
    states = max([5, *(len(job.state) for job in jobs)])
    room = max(8, width - names - kinds - states - _SIZE - 4 * len(_GAP))
    yield Text(
        _GAP.join(
            (fit("JOB", names), fit("KIND", kinds), fit("STATE", states), f"{'SIZE':>{_SIZE}}", "FILES")
        ),
        style="bold",
    )
    for job in jobs:
        stored = [artifact for artifact in job.artifacts if artifact.stored_bytes is not None]
        size = size_text(sum(artifact.stored_bytes or 0 for artifact in stored)) if stored else "-"
        files = fit(", ".join(artifact.name for artifact in stored), room).rstrip()
        line = Text(_GAP.join((fit_middle(job.name, names), fit(job.kind, kinds), "")))
        line.append(fit(job.state, states), style=STYLES[job.state])
        yield line.append(f"{_GAP}{size:>{_SIZE}}{_GAP}{files}")
