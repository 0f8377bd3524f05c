"""A small file on its way to the disk: what is asked for, and what came of it."""

import hashlib
import io
import threading
from pathlib import Path
from typing import Final

from attrs import define, field

from avatar_async._jobs.records import Artifact
from avatar_async._storage.care import Care
from avatar_async._storage.checks import examine
from avatar_async._storage.filethread import Errand
from avatar_async._storage.findings import Finding
from avatar_async._storage.judgement import judge
from avatar_async._storage.paths import JobFolder
from avatar_async.errors import UnknownFileError

_NEVER: Final = threading.Event()
_UNSEEN: Final = Finding()


@define(eq=False, kw_only=True)
class SmallFile(Errand):
    """A file that is to be written whole, and what is to be done with it now.

    Attributes:
        out: The output folder.
        folder: Name of the job's folder in it.
        artifact: What was announced.
        care: What is done to make sure of it.
        look: Whether to see that nothing lies under its names.
        write: Whether to check it and write the partial file.
        publish: Whether to give that its final name.
        body: Every byte, once it came.
        clear: Whether nothing lay under its names.
        etag: Validator that came with it.
        written: Whether the partial file is there and good.
        published: Whether it has its final name.
        note: What is odd about it.
        sha256: Lowercase hex digest, if the bytes are hashed.
        md5: The same, if the service announced one.
        descriptor: The partial file until it is durable.
        home: Its open folder, between the writing of the partial file and its naming.
    """

    out: Path
    folder: str
    artifact: Artifact
    care: Care
    look: bool = False
    write: bool = False
    publish: bool = False
    body: bytes | bytearray = field(default=b"", repr=False)
    clear: bool = False
    etag: str | None = None
    written: bool = False
    note: str | None = None
    published: bool = False
    sha256: str = ""
    md5: str | None = None
    descriptor: int | None = None
    home: JobFolder | None = None

    def __str__(self) -> str:
        return str(self.path)

    @property
    def offset(self) -> int:
        """Length in bytes."""
        return len(self.body)

    @property
    def verifies(self) -> bool:
        """Whether the bytes are hashed and the content looked at."""
        return self.care.verify

    @property
    def path(self) -> Path:
        """Where it will lie."""
        return self.out / self.folder / self.artifact.name

    def leave(self) -> None:
        """Let go of its folder, if it has that still."""
        home, self.home = self.home, None
        if home is not None:
            home.close()

    def in_the_way(self) -> UnknownFileError:
        """Return the error that another file has its name."""
        return UnknownFileError(
            f"{self}: a file that is no result of this attempt is in the way, and is kept: move it away"
        )

    def check(self) -> bool:
        """Hash it and look at its content; return whether it is what was announced."""
        finding = _UNSEEN
        if self.care.verify:
            self.sha256 = hashlib.sha256(self.body).hexdigest()
            if self.artifact.md5 is not None:
                self.md5 = hashlib.md5(self.body, usedforsecurity=False).hexdigest()
            finding = examine(
                io.BytesIO(self.body),
                self.artifact.name,
                self.artifact.role,
                length_known=True,
                stop=_NEVER,
            )
        judgement = judge(self, self.artifact, finding, too_long=False)
        self.note = judgement.note
        return judgement.problem is None
