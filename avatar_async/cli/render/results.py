"""A table of what a batch brought home."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from avatar_async._jobs.records import Job
from avatar_async.cli.render.cells import fit, fit_middle, width_of
from avatar_async.cli.render.frame import STYLES
from avatar_async.cli.render.text import one_line, size_text

_KIND, _STATE, _SIZE = 13, 9, 9
_LEAST_NAME, _MOST_NAME = 4, 28


def results(jobs: Sequence[Job], *, width: int) -> Iterator[Text]:
    """Yield one line a job: name, kind, state, how much, and the names of its files.

    Args:
        jobs: The jobs, in the order to show.
        width: Columns of the terminal.
    """
    name_width = min(_MOST_NAME, max([_LEAST_NAME, *(width_of(one_line(job.name)) for job in jobs)]))
    room = max(8, width - name_width - _KIND - _STATE - _SIZE - 8)
    heads = f"{fit('JOB', name_width)}  {'KIND':<{_KIND}}  {'STATE':<{_STATE}}  {'SIZE':>{_SIZE}}  FILES"
    yield Text(heads, style="bold")
    for job in jobs:
        stored = [artifact for artifact in job.artifacts if artifact.stored_bytes is not None]
        size = size_text(sum(artifact.stored_bytes or 0 for artifact in stored)) if stored else "-"
        files = ", ".join(artifact.name for artifact in stored)
        line = Text(f"{fit_middle(job.name, name_width)}  {job.kind.value:<{_KIND}}  ")
        line.append(fit(job.state.value, _STATE), style=STYLES[job.state])
        line.append(f"  {size:>{_SIZE}}  {fit(files, room).rstrip()}")
        yield line
