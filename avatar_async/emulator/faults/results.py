"""Faults of what a task makes: they last, unlike those of one call."""

# ruff: noqa: ARG002 - overrides share one signature

import hashlib
import random
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from attrs import evolve, frozen

from avatar_async.emulator.faults.base import Fault, param
from avatar_async.emulator.records import FileRecord, Outcome

_RESULT = frozenset({"result"})
#: A hundred years, in seconds.
_LONGEST_S = 3.2e9
_UGLY: dict[str, str] = {
    "parent": "../../escaped.zip",
    "parent-windows": "..\\..\\escaped.zip",
    "absolute": "/tmp/escaped.zip",  # noqa: S108 - never written: the client must not, either
    "nul": "mo\0del.zip",
    "newline": "mo\ndel.zip",
    "long": "m" * 296 + ".zip",
    "reserved": "job.json",
    "ledger": "ledger.db",
    "device": "CON.zip",
    "dot": "..",
    "empty": "",
    "spaces": "  model .zip. ",
    "part": "model.zip.part",
    "bidi": "model\u202epiz.exe",
}


@frozen(kw_only=True)
class ResultFault(Fault):
    """Change what a task has made, before it is shown for the first time."""

    places: ClassVar[frozenset[str]] = _RESULT

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Return the changed outcome; called in a worker thread.

        Args:
            outcome: How the work ended; successfully.
            folder: Where its files lie.
            dice: Chances of this hit.
        """
        return outcome


@frozen(kw_only=True)
class Fail(ResultFault):
    """Let the task fail."""

    name: ClassVar[str] = "fail"
    meaning: ClassVar[str] = "the task fails"
    reason: str = param("the emulator was told to fail", "failReason that is shown")

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Replace the files by a reason."""
        return evolve(outcome, reason=self.reason, files=())


@frozen(kw_only=True)
class Corrupt(ResultFault):
    """Damage a file for good."""

    name: ClassVar[str] = "corrupt"
    meaning: ClassVar[str] = "damage the first file for good: a member's data if it is a zip"
    right_md5: bool = param(True, "show the MD5 of the damaged bytes, so that only a look inside tells")

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Flip a byte of the first file's content."""
        record = outcome.files[0]
        path = folder / record.name
        content = bytearray(path.read_bytes())
        start, stop = _inside(path)
        content[dice.randrange(start, stop)] ^= 0x55
        path.write_bytes(content)
        real = evolve(record, md5=hashlib.md5(content).hexdigest())
        shown = real if self.right_md5 else evolve(real, shown_md5=record.md5)
        return evolve(outcome, files=(shown, *outcome.files[1:]))


@frozen(kw_only=True)
class WrongMd5(ResultFault):
    """Show a wrong MD5 of a good file."""

    name: ClassVar[str] = "wrong-md5"
    meaning: ClassVar[str] = "show a wrong MD5 of sound files"
    md5: str = param("", "what is shown; another digest each time if not given")

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Exchange the digests."""
        files = tuple(evolve(each, shown_md5=self.md5 or dice.randbytes(16).hex()) for each in outcome.files)
        return evolve(outcome, files=files)


@frozen(kw_only=True)
class WrongSize(ResultFault):
    """Show a wrong length of a good file."""

    name: ClassVar[str] = "wrong-size"
    meaning: ClassVar[str] = "show a wrong size of sound files"
    by: int = param(1, "bytes more (or fewer, if negative)")

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Exchange the sizes."""
        files = tuple(evolve(each, shown_size_bytes=each.size_bytes + self.by) for each in outcome.files)
        return evolve(outcome, files=files)


@frozen(kw_only=True)
class Rename(ResultFault):
    """Show an ugly file name."""

    name: ClassVar[str] = "rename"
    meaning: ClassVar[str] = "show the first file under an ugly name; its address keeps the real one"
    to: str = param(
        "parent",
        "kind of ugliness; `case` and `same` give the second file the first one's name, `own` uses `name`",
        words=(*_UGLY, "case", "same", "own"),
    )
    file_name: str = param("", "the name, for `own`")

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Exchange a name."""
        first, *rest = outcome.files
        if self.to in {"case", "same"}:
            return evolve(outcome, files=(first, *_named_alike(first, rest, swap=self.to == "case")))
        ugly = self.file_name if self.to == "own" else _UGLY[self.to]
        return evolve(outcome, files=(evolve(first, shown_name=ugly), *rest))


@frozen(kw_only=True)
class Vanish(ResultFault):
    """Let results go before their time."""

    name: ClassVar[str] = "vanish"
    meaning: ClassVar[str] = "the results are gone this long after the finish; expireTime promises more"
    after_s: float = param(0.0, "how long they last, in seconds, not scaled", least=0, most=_LONGEST_S)

    def change(self, outcome: Outcome, folder: Path, dice: random.Random) -> Outcome:
        """Set the true end."""
        return evolve(outcome, gone_at=outcome.finished_at + timedelta(seconds=self.after_s))


def _named_alike(first: FileRecord, rest: Sequence[FileRecord], *, swap: bool) -> list[FileRecord]:
    alike = first.name.swapcase() if swap else first.name
    return [evolve(each, shown_name=alike) if number == 0 else each for number, each in enumerate(rest)]


def _inside(path: Path) -> tuple[int, int]:
    """Return where the data of the largest zip member lies, or the second half of another file."""
    size_bytes = path.stat().st_size
    if not zipfile.is_zipfile(path):
        return size_bytes // 2, size_bytes
    with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
        member = max(archive.infolist(), key=lambda each: each.compress_size)
        stream.seek(member.header_offset + 26)
        lengths = stream.read(4)
    start = member.header_offset + 30 + int.from_bytes(lengths[:2], "little")
    start += int.from_bytes(lengths[2:], "little")
    return start, start + member.compress_size
