"""Previews made by the service: one durable job for each medium and set, and what they brought home."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from avatar_async._jobs.records import JobSpec
from avatar_async._jobs.states import State
from avatar_async.cli.embedded import FOLDER, ORIGIN, uses_embedded
from avatar_async.cli.previews.media import Medium
from avatar_async.cli.previews.progress import Progress
from avatar_async.cli.previews.rows import Reading, Row
from avatar_async.errors import AvatarError
from avatar_async.requests import ImagePreviewRequest, Kind, VideoPreviewRequest

if TYPE_CHECKING:
    from avatar_async._jobs.records import Job
    from avatar_async.media.frames import MediaSource
    from avatar_async.media.parameter_sets import ParameterSet
    from avatar_async.media.sheet import SheetCell, SheetSource

#: Begins the names of a user's own files among those that the embedded service serves.
_GIVEN = "given-"


def specs_of(media: Sequence[Medium], sets: "Sequence[ParameterSet]") -> list[JobSpec]:
    """Return a job for each medium and set; the same in every run, so that a run goes on with another's."""
    return [_spec(medium, chosen) for medium in media for chosen in sets]


def job_name(medium: Medium, chosen: "ParameterSet") -> str:
    """Return the name of the job that previews a medium with a set."""
    return f"{medium.slug}.{chosen.name}"


def _spec(medium: Medium, chosen: "ParameterSet") -> JobSpec:
    name = job_name(medium, chosen)
    url = medium.address if medium.is_web else f"{ORIGIN}/media/{_served_name(medium)}"
    if medium.kind == "video":
        video = VideoPreviewRequest(material_name=name, url=url)
        return JobSpec(name=name, kind=Kind.VIDEO_PREVIEW, request=video.with_changes(chosen.screen))
    image = ImagePreviewRequest(material_name=name, url=url)
    return JobSpec(name=name, kind=Kind.IMAGE_PREVIEW, request=image.with_changes(chosen.screen))


def only_local(addresses: Sequence[str]) -> list[str]:
    """Return what is wrong with files of this machine that a service elsewhere is to read."""
    from avatar_async.requests.addresses import is_web_url

    files = [address for address in addresses if not is_web_url(address)]
    if not files:
        return []
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    told = f"{', '.join(files[:2])}{more}: the service reads URLs only, no files of this machine"
    return [f"{told}; give URLs that it can read, or add --local (at once, here) or --emulator (to try)"]


async def serve_files(media: Sequence[Medium], out: Path) -> None:
    """Put files of this machine where the embedded service serves them.

    Raises:
        OSError: They cannot be copied.
    """
    folder = out / FOLDER / "media"
    for medium in media:
        if not medium.is_web:
            target = folder / _served_name(medium)
            await anyio.to_thread.run_sync(_copy, Path(medium.address), target)


def _served_name(medium: Medium) -> str:
    return f"{_GIVEN}{medium.slug}-{medium.digest[8:32]}{Path(medium.address).suffix.lower()}"


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    part = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, part)
    part.replace(target)


def demo_specs(addresses: Sequence[str]) -> list[JobSpec]:
    """Return jobs that name the embedded service's own clips, if some of the addresses do."""
    requests = [ImagePreviewRequest(url=address) for address in addresses]
    return [
        JobSpec(name=str(number), kind=request.kind, request=request)
        for number, request in enumerate(requests)
        if uses_embedded(request)
    ]


class Gathering:
    """Make of jobs that have ended what a contact sheet shows.

    Args:
        out: Folder of the results.
        sets: The sets of parameters.
        jobs: The jobs by name.
        reading: Reads the originals, in worker threads.
        label: Whose pixels the previews are.
    """

    def __init__(
        self,
        *,
        out: Path,
        sets: "Sequence[ParameterSet]",
        jobs: "Mapping[str, Job]",
        reading: Reading,
        label: str,
    ) -> None:
        self._out = out
        self._sets = sets
        self._jobs = jobs
        self._reading = reading
        self._label = label
        #: Keyed videos that came home, by the name of their source and set, joined by a line end.
        self.clips: dict[str, Path] = {}

    async def sources(self, rows: Sequence[Row], progress: Progress) -> "list[SheetSource]":
        """Return what is shown of each row; a preview that did not come home is a cell that says why.

        Raises:
            OSError: Pictures cannot be written.
        """
        from avatar_async.media.sheet import SheetSource

        sources = []
        for row in rows:
            note = await self._original(row)
            cells = []
            for chosen in self._sets:
                cells.append(await self._cell(row, chosen))
                progress.step()
            sources.append(SheetSource(name=row.name, original=row.original, note=note, cells=tuple(cells)))
        return sources

    async def _original(self, row: Row) -> str:
        """Save a row's picture as it came, and return what is to be known of it."""
        try:
            await self._reading.of(row.medium, partial(_save_frame, at_s=row.at_s, target=row.original))
        except AvatarError as error:
            row.original.unlink(missing_ok=True)
            return "; ".join(
                part for part in (row.medium.note, f"the original is not shown: {error}") if part
            )
        return row.medium.note

    async def _cell(self, row: Row, chosen: "ParameterSet") -> "SheetCell":
        from avatar_async.cli.previews.sheets import title_of
        from avatar_async.media.sheet import SheetCell

        job = self._jobs.get(job_name(row.medium, chosen))
        composite, notes = await self._composite(row, chosen, job)
        return SheetCell(
            name=title_of(chosen),
            parameters=chosen.parameters,
            differences=chosen.differences,
            composite=composite,
            notes=notes,
            label=self._label,
        )

    async def _composite(
        self, row: Row, chosen: "ParameterSet", job: "Job | None"
    ) -> tuple[Path | None, tuple[str, ...]]:
        from avatar_async.media.notes import said_by

        if job is None:
            return None, ("it was not asked for yet",)
        if job.state is not State.STORED:
            reason = f": {job.error.message}" if job.error else ""
            return None, (f"the preview is {job.state}{reason}",)
        file = next((each for each in self._files(job) if each.is_file()), None)
        if file is None:
            return None, ("the service gave neither a picture nor a video",)
        if row.at_s is None and row.medium.kind == "image":
            return file, (await anyio.to_thread.run_sync(said_by, file, limiter=self._reading.limiter)).notes
        self.clips[f"{row.name}\n{chosen.name}"] = file
        target = row.folder / f"{chosen.name}.service.png"
        save: Callable[[], tuple[str, ...]] = partial(_frame_of_result, file, row.at_s, target)
        try:
            return target, await anyio.to_thread.run_sync(save, limiter=self._reading.limiter)
        except AvatarError as error:
            return None, (f"the preview {file.name} cannot be shown: {error}",)

    def _files(self, job: "Job") -> Iterator[Path]:
        return (
            self._out / job.folder / artifact.name
            for artifact in job.artifacts
            if artifact.role in ("image", "video")
        )


def _save_frame(source: "MediaSource", *, at_s: float | None, target: Path) -> None:
    from avatar_async.media.cells import picture_of, save_picture

    save_picture(picture_of(source, at_s), target)


def _frame_of_result(file: Path, at_s: float | None, target: Path) -> tuple[str, ...]:
    """Save the frame of a keyed video that a row shows, and return what is to be known of it."""
    from avatar_async.media.frames import probe
    from avatar_async.media.notes import said_by

    said = said_by(file).notes
    if not (target.is_file() and target.stat().st_mtime_ns >= file.stat().st_mtime_ns):
        _save_frame(file, at_s=at_s, target=target)
    lasts_s = probe(file).duration_s
    if at_s is not None and lasts_s is not None and at_s >= lasts_s:
        return (*said, f"the preview lasts {lasts_s:.2f} s only: its last picture is shown")
    return said
