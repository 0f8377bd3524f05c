"""Making previews on this machine: few pictures in memory at a time, whatever is there is used again."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import anyio
from attrs import field, frozen

from avatar_async.cli.previews.media import Broken
from avatar_async.cli.previews.progress import Progress
from avatar_async.cli.previews.rows import Reading, Row, told_of_cancellation
from avatar_async.errors import AvatarError

if TYPE_CHECKING:
    from PIL import Image

    from avatar_async.media.cells import Cell, Clip
    from avatar_async.media.parameter_sets import ParameterSet
    from avatar_async.media.sheet import SheetSource


@frozen(kw_only=True)
class Made:
    """What was made.

    Attributes:
        cells: By row and set, each by its position.
        clips: Keyed videos, by the slug of their medium and the name of the set.
        broken: Rows and clips that could not be made.
    """

    cells: dict[tuple[int, int], "Cell"] = field(factory=dict)
    clips: dict[tuple[str, str], "Clip"] = field(factory=dict)
    broken: list[Broken] = field(factory=list)


@frozen(kw_only=True)
class Maker:
    """Key rows with sets of parameters.

    Attributes:
        rows: What is keyed.
        sets: How.
        reading: Reads what is keyed, in worker threads.
        workers: Previews being made at a time, at most.
        quality: Whether to key in the quality mode.
        clips: Whether to key whole videos as well, their first 10 s.
        progress: Told of each preview.
        report: Told of each picture and clip that is there.
    """

    rows: Sequence[Row]
    sets: Sequence["ParameterSet"]
    reading: Reading
    workers: int
    quality: bool
    clips: bool
    progress: Progress
    report: Callable[[Row, "ParameterSet", "Cell | Clip"], None]
    made: Made = field(factory=Made)

    async def make(self) -> Made:
        """Make all previews that are not there yet; cancelled, it leaves whole files only.

        Raises:
            OSError: Files cannot be written.
        """
        try:
            async with anyio.create_task_group() as group:
                with told_of_cancellation(group) as cancelled:
                    await self._make_all(cancelled.is_set)
                group.cancel_scope.cancel()
        except ExceptionGroup as error:
            raise _first(error) from error
        return self.made

    async def _make_all(self, stopped: Callable[[], bool]) -> None:
        room = anyio.Semaphore(self.workers)
        async with anyio.create_task_group() as group:
            for number, row in enumerate(self.rows):
                found = await self._picture(row, room)
                if found is None:
                    continue
                await room.acquire()
                group.start_soon(self._original, row, found[0], room)
                for index in range(len(self.sets)):
                    await room.acquire()
                    group.start_soon(self._cell, number, index, *found, room)
                if not self._has_clips(number):
                    continue
                for chosen in self.sets:
                    await room.acquire()
                    group.start_soon(self._clip, row, chosen, found[1], room, stopped)

    def _has_clips(self, number: int) -> bool:
        """Tell whether clips are made for a row: for the first row of each video."""
        row = self.rows[number]
        first = number == 0 or self.rows[number - 1].medium != row.medium
        return self.clips and first and row.medium.kind == "video"

    @property
    def total(self) -> int:
        """How many pictures and clips are wanted."""
        clips = sum(self._has_clips(number) for number in range(len(self.rows)))
        return len(self.sets) * (len(self.rows) + clips)

    async def _picture(self, row: Row, room: anyio.Semaphore) -> "tuple[Image.Image, str] | None":
        """Return a row's picture and its digest; None if it cannot be had."""
        from avatar_async.media.cells import digest_of, picture_of
        from avatar_async.media.frames import MediaSource

        def work(source: MediaSource) -> "tuple[Image.Image, str]":
            picture = picture_of(source, row.at_s)
            return picture, digest_of(picture)

        async with room:
            try:
                picture, digest = await self.reading.of(row.medium, work)
            except AvatarError as error:
                self.made.broken.append(Broken(name=row.name, reason=str(error)))
                skipped = len(self.sets) * (1 + self._has_clips(self.rows.index(row)))
                self.progress.reach(self.progress.done, self.progress.total - skipped)
                return None
        return picture, digest

    async def _original(self, row: Row, picture: "Image.Image", room: anyio.Semaphore) -> None:
        from avatar_async.media.cells import save_picture

        try:
            await anyio.to_thread.run_sync(save_picture, picture, row.original, limiter=self.reading.limiter)
        finally:
            room.release()

    async def _cell(
        self, number: int, index: int, picture: "Image.Image", digest: str, room: anyio.Semaphore
    ) -> None:
        from avatar_async.media.cells import make_cell

        chosen = self.sets[index]
        try:
            work = partial(
                make_cell,
                picture,
                digest,
                chosen,
                self.rows[number].folder / chosen.name,
                quality=self.quality,
            )
            cell = await anyio.to_thread.run_sync(work, limiter=self.reading.limiter)
            self.made.cells[number, index] = cell
            self.report(self.rows[number], chosen, cell)
            self.progress.step(reused=cell.reused)
        finally:
            room.release()

    async def _clip(
        self,
        row: Row,
        chosen: "ParameterSet",
        digest: str,
        room: anyio.Semaphore,
        stopped: Callable[[], bool],
    ) -> None:
        from avatar_async.media.cells import make_clip

        target = row.folder / f"{chosen.name}.mp4"
        try:
            clip = await self.reading.of(
                row.medium,
                lambda source: make_clip(
                    source,
                    row.medium.digest or digest,
                    chosen,
                    target,
                    quality=self.quality,
                    stopped=stopped,
                ),
            )
        except AvatarError as error:
            self.made.broken.append(Broken(name=f"{row.medium.name}, {chosen.name}", reason=str(error)))
            self.progress.step()
        else:
            self.made.clips[row.medium.slug, chosen.name] = clip
            self.report(row, chosen, clip)
            self.progress.step(reused=clip.reused)
        finally:
            room.release()


def _first(group: BaseException) -> BaseException:
    """Return the first error of nested groups: when a disk is full, all workers fail for one reason."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def sources_of(rows: Sequence[Row], sets: "Sequence[ParameterSet]", made: Made) -> "list[SheetSource]":
    """Return what a contact sheet shows of previews made here; rows that are broken are left out."""
    from avatar_async.cli.previews.sheets import title_of
    from avatar_async.media.sheet import SheetCell, SheetSource

    sources = []
    for number, row in enumerate(rows):
        cells = [
            SheetCell(
                name=title_of(chosen),
                parameters=chosen.parameters,
                differences=chosen.differences,
                composite=made.cells[number, index].composite,
                matte=made.cells[number, index].matte,
                notes=made.cells[number, index].notes,
                label=made.cells[number, index].label,
            )
            for index, chosen in enumerate(sets)
            if (number, index) in made.cells
        ]
        if cells:
            sources.append(
                SheetSource(name=row.name, original=row.original, note=row.medium.note, cells=tuple(cells))
            )
    return sources
