"""What the contenders with many files share: the list of files, and a number of downloads at once."""

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import anyio
from attrs import frozen


@frozen(kw_only=True)
class Files:
    """Files that are served, all of one length.

    Attributes:
        urls: Where each is.
        length: Bytes of each.
        at_once: How many downloads run at the same time.
        folder: Where they belong.
    """

    urls: Sequence[str]
    length: int
    at_once: int
    folder: Path

    def save(self, path: Path) -> None:
        """Write the list for a contender."""
        told = {
            "urls": self.urls,
            "length": self.length,
            "at_once": self.at_once,
            "folder": str(self.folder),
        }
        path.write_text(json.dumps(told))

    @classmethod
    def load(cls, path: str) -> "Files":
        """Read a list."""
        told = json.loads(Path(path).read_text())
        return cls(**{**told, "folder": Path(told["folder"])})

    async def each(self, download: Callable[[str], Awaitable[object]]) -> None:
        """Download every file, so many at once."""
        left = iter(self.urls)

        async def work() -> None:
            for url in left:
                await download(url)

        async with anyio.create_task_group() as group:
            for _ in range(self.at_once):
                group.start_soon(work)


def name_of(url: str) -> str:
    """Return the file name of an address."""
    return url.rpartition("/")[2]
