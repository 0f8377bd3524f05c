"""Files that are there whole or not at all: one, or one in each of many folders."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import define, field

from avatar_async._storage.paths import JobFolder, file_errors, open_together
from avatar_async._storage.wholewrites import begin_writing_out, write_whole

_DRAFT_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def replace_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file durably under its name in one step; whatever lay there is gone after. Blocking.

    One writer of a file at a time: a draft that a killed writer left behind is removed.

    Raises:
        OSError: The system refuses; there is the old or the new file, whole, but it may not be durable.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    draft = _Draft(folder=JobFolder(path.parent, descriptor), name=path.name, content=content, mode=mode)
    try:
        for step in _STEPS:
            step(draft)
    except BaseException:
        draft.remove()
        raise
    finally:
        draft.close()


def replace_together(
    out: Path, name: str, contents: Mapping[str, bytes], *, mode: int
) -> dict[str, Exception]:
    """Write a file of one name into several job folders, as `replace_file` does. Blocking.

    Args:
        out: The output folder.
        name: The files' name.
        contents: What each holds, by the name of its job's folder, which is made if it is missing.
        mode: Permissions of the files.

    Returns:
        What went wrong, by folder: there is the old or the new file, whole, but it may not be durable.
    """
    opened = open_together(out, dict.fromkeys(contents, True))
    failed = {key: folder for key, folder in opened.items() if isinstance(folder, Exception)}
    drafts = {
        key: _Draft(folder=folder, name=name, content=contents[key], mode=mode)
        for key, folder in opened.items()
        if isinstance(folder, JobFolder)
    }
    try:
        # Each step for all of them: forcing the first to the disk does most of the work for the others.
        for step in _STEPS:
            for each in drafts.values():
                if each.error is None:
                    _attempt(step, each)
    finally:
        for each in drafts.values():
            each.close()
    return failed | {key: each.error for key, each in drafts.items() if each.error is not None}


def _attempt(step: "Callable[[_Draft], None]", draft: "_Draft") -> None:
    """Take a step with a file; what goes wrong is noted in it."""
    try:
        step(draft)
    except Exception as error:  # noqa: BLE001 - one file's mishap is not the others'
        draft.fail(error)


@define(eq=False, kw_only=True)
class _Draft:
    """A file on its way to its name.

    Attributes:
        folder: Where it belongs.
        name: What it is to be called.
        content: Every byte.
        mode: Its permissions.
        descriptor: The file until it is durable.
        error: Why it is not where it belongs.
    """

    folder: JobFolder
    name: str
    content: bytes = field(repr=False)
    mode: int
    descriptor: int | None = None
    error: Exception | None = None

    @property
    def _draft_name(self) -> str:
        """Return the name that it has meanwhile, always the same one: nothing odd piles up."""
        return f".{self.name}.tmp"

    def fail(self, error: Exception) -> None:
        """Note why it does not get its name, and remove what there is of it."""
        try:
            with file_errors(self.folder.path / self.name):
                raise error
        except Exception as told:  # noqa: BLE001 - told to who waits for it
            self.error = told
        self.remove()

    def write(self) -> None:
        """Write every byte, and have the system begin to write them out."""
        self.descriptor = descriptor = self._open()
        write_whole(descriptor, self.content)
        begin_writing_out(descriptor)

    def _open(self) -> int:
        try:
            return self.folder.open_file(self._draft_name, _DRAFT_FLAGS, self.mode)
        except FileExistsError:
            self.folder.remove(self._draft_name)
            return self.folder.open_file(self._draft_name, _DRAFT_FLAGS, self.mode)

    def force(self) -> None:
        """Wait until it is durable."""
        assert self.descriptor is not None
        os.fsync(self.descriptor)

    def publish(self) -> None:
        """Give it its name."""
        self.folder.rename(self._draft_name, self.name, durable=False)

    def settle(self) -> None:
        """Wait until its name is durable."""
        self.folder.sync()

    def remove(self) -> None:
        """Remove the draft, if there is one."""
        with suppress(OSError):
            self.folder.remove(self._draft_name)

    def close(self) -> None:
        """Let go of file and folder."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        self.folder.close()


#: What makes a draft a file of its name, in order.
_STEPS: Final = (_Draft.write, _Draft.force, _Draft.publish, _Draft.settle)
