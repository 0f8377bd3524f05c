"""Small files from memory to their names, several in one go. Blocking; for a worker thread."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import define

from avatar_async._storage.paths import JobFolder, file_errors, open_together
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.smallfile import SmallFile
from avatar_async._storage.wholewrites import begin_writing_out, write_whole

if TYPE_CHECKING:
    from pathlib import Path

_PART_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class SmallFiles:
    """Write and name small files, a group of them with as few forced writes as possible.

    A file that is not what was announced, or whose partial file is there already, is left unwritten: that
    needs more than the plain way.
    """

    def __init__(self, room: DiskRoom) -> None:
        self._room = room

    def serve(self, files: Sequence[SmallFile]) -> None:
        """Do what each file asks for, and note what went wrong with which."""
        opened = _open_all(files)
        try:
            for folder, of_folder in opened:
                _look_at_all(folder, [each for each in of_folder if each.look])
                self._write_all(folder, [each for each in of_folder if each.write])
            _force_all([each for _, of_folder in opened for each in of_folder])
            _publish_all(
                [
                    (folder, [each for each in files if each.publish and each.written])
                    for folder, files in opened
                ]
            )
        finally:
            for folder, of_folder in opened:
                _keep_or_close(folder, of_folder)

    def _write_all(self, folder: JobFolder, files: Sequence[SmallFile]) -> None:
        if not files:
            return
        try:
            with file_errors(folder.path):
                mode, free_bytes = folder.file_mode, folder.free_bytes()
        except Exception as error:  # noqa: BLE001 - each has to know
            _fail(files, error)
            return
        batch = _Batch(folder=folder, mode=mode, free_bytes=free_bytes)
        for each in files:
            _attempt(each, self._write, batch)

    def _write(self, file: SmallFile, batch: "_Batch") -> None:
        if not file.check():
            return
        self._room.check(len(file.body), batch.free_bytes, file)
        at_once = file.publish and not file.care.durable
        file.written = batch.store(file) if at_once else batch.write(file)


#: An open folder and the files that belong there.
_Members = tuple[JobFolder, list[SmallFile]]


@define(kw_only=True)
class _Batch:
    """Small files that are written to one folder in one go.

    Attributes:
        folder: Where.
        mode: What the files may be.
        free_bytes: What the disk has room for.
        as_opened: Whether files get that mode on being made; None until one was.
        nameless: Whether files can be written that have no name yet, as far as is known.
    """

    folder: JobFolder
    mode: int
    free_bytes: int
    as_opened: bool | None = None
    nameless: bool = True

    def store(self, file: SmallFile) -> bool:
        """Write a file that gets its name only when it is whole, with no partial one; see `write`.

        It takes two thirds of the time. A power cut may leave neither, so it is for files that need not be
        durable. Where it cannot be done, the partial file is written.

        Raises:
            UnknownFileError: There is a file of that name already.
        """
        if self.folder.look(f"{file.artifact.name}.part") is not None:
            return False
        descriptor = self.folder.open_nameless(self.mode) if self.nameless else None
        if descriptor is not None:
            try:
                self._fill(descriptor, file.body)
                if file.withdrawn:
                    return False
                file.published = self.folder.give_name(descriptor, file.artifact.name)
            except FileExistsError:
                raise file.in_the_way() from None
            finally:
                os.close(descriptor)
            if file.published:
                self.free_bytes -= len(file.body)
                return True
        self.nameless = False
        return self.write(file)

    def write(self, file: SmallFile) -> bool:
        """Write the partial file; return whether there was none before."""
        part_name = f"{file.artifact.name}.part"
        try:
            descriptor = self.folder.open_file(part_name, _PART_FLAGS, self.mode)
        except FileExistsError:
            return False
        try:
            self._fill(descriptor, file.body)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                self.folder.remove(part_name)
            raise
        self.free_bytes -= len(file.body)
        if file.care.durable:
            file.descriptor = descriptor
        else:
            os.close(descriptor)
        return True

    def _fill(self, descriptor: int, body: bytes | bytearray) -> None:
        write_whole(descriptor, body)
        if self.as_opened is None:
            self.as_opened = os.fstat(descriptor).st_mode & 0o777 == self.mode
        if not self.as_opened:
            os.fchmod(descriptor, self.mode)


def _open_all(files: Iterable[SmallFile]) -> list[_Members]:
    """Open the folders of those files that are still wanted; who gets none has its error."""
    homes: dict[Path, dict[str, list[SmallFile]]] = {}
    opened: list[_Members] = []
    for each in files:
        if each.home is not None and not each.withdrawn:
            opened.append((each.home, [each]))
            each.home = None
        elif not each.withdrawn:
            homes.setdefault(each.out, {}).setdefault(each.folder, []).append(each)
    for out, members in homes.items():
        wanted = {name: any(each.care.durable for each in alike) for name, alike in members.items()}
        for name, folder in open_together(out, wanted).items():
            if isinstance(folder, JobFolder):
                opened.append((folder, members[name]))
            else:
                _fail(members[name], folder)
    return opened


def _look_at_all(folder: JobFolder, files: Sequence[SmallFile]) -> None:
    for each in files:
        _attempt(each, _look, folder)


def _look(file: SmallFile, folder: JobFolder) -> None:
    name = file.artifact.name
    file.clear = folder.look(name) is None and folder.look(f"{name}.part") is None


def _keep_or_close(folder: JobFolder, files: Sequence[SmallFile]) -> None:
    """Leave a folder to its file if that is the only one and gets its name later, or let go of it."""
    [file, *others] = files
    later = file.written and not (file.published or file.publish or file.withdrawn)
    if later and file.error is None and not others:
        file.home = folder
    else:
        folder.close()


def _force_all(files: Iterable[SmallFile]) -> None:
    """Make what was written durable; begun for all before the first is waited for, that costs half."""
    held = [each for each in files if each.descriptor is not None]
    if len(held) > 1:
        for each in held:
            assert each.descriptor is not None
            begin_writing_out(each.descriptor)
    for each in held:
        _attempt(each, _force)


def _force(file: SmallFile) -> None:
    descriptor, file.descriptor = file.descriptor, None
    assert descriptor is not None
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish_all(members: Sequence[_Members]) -> None:
    """Give files their final names; one forced write a folder makes all of its names durable.

    Those of all folders come after the last new name: mostly the first one does the work for all.
    """
    for folder, files in members:
        for each in files:
            if not (each.withdrawn or each.published):
                _attempt(each, _publish, folder)
    for folder, files in members:
        durable = [each for each in files if each.care.durable and each.published]
        if durable:
            try:
                with file_errors(folder.path):
                    folder.sync()
            except Exception as error:  # noqa: BLE001 - each has to know
                _fail(durable, error)


def _publish(file: SmallFile, folder: JobFolder) -> None:
    name = file.artifact.name
    if folder.look(name) is not None:
        if file.write:
            folder.remove(f"{name}.part")
        raise file.in_the_way()
    folder.rename(f"{name}.part", name, durable=False)
    file.published = True


def _attempt(file: SmallFile, step: Callable[..., None], *arguments: object) -> None:
    """Take a step with a file unless one before it failed, and note the error."""
    if file.error is not None:
        return
    try:
        try:
            step(file, *arguments)
        except OSError:
            with file_errors(file.path):
                raise
    except Exception as error:  # noqa: BLE001 - one file's mishap is not the others'
        file.error = error


def _fail(files: Iterable[SmallFile], error: Exception) -> None:
    for each in files:
        each.error = error
