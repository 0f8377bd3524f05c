"""A batch on a disk of its own, which can lose power, fill up or break."""

import itertools
import time
from pathlib import Path
from typing import Any

from tests.crash.disk.durable import Disk as DurableDisk
from tests.crash.disk.shim import SYNC, Disk
from tests.crash.driver import Driver
from tests.crash.product import LIMIT_S, Product, Starter
from tests.crash.service import Service

_NUMBER = itertools.count()


class Bench:
    """A product whose output folder lies on a disk that the shim watches.

    Args:
        folder: An empty folder.
        service: Whom it talks to.
        starter: Starts its commands, with the shim loaded.
        library: The shim.
        jobs: How many jobs.
    """

    def __init__(
        self, folder: Path, service: Service, starter: Starter, library: Path, *, jobs: int = 2
    ) -> None:
        folder.mkdir(parents=True)
        self.root = folder / "disk"
        self.root.mkdir()
        self.product = Product(folder, service, starter, jobs=jobs, prefix=f"disk{next(_NUMBER)}")
        self.out = self.product.out = self.root / "out"
        self.driver = Driver(self.product)
        self.log, self._journal = folder / "log", folder / "journal"
        self.library = library

    def run(self, *options: str, disk: Disk | None = None) -> int:
        """Run, or go on; return the exit code."""
        changed: dict[str, Any] = {} if disk is None else dict(disk.environment(self.library))
        return self.product.run(*options, **changed).wait(LIMIT_S)

    def cut(self, seed: int | None, *, before_sync: int = 0, after_sync: int = 0) -> bool:
        """Run until the power goes at a sync; leave on the disk what a cut leaves, and check it.

        Args:
            seed: Chooses what of all that was not durable reached the disk; None for nothing of it.
            before_sync: The sync that does not happen any more, counted from 1.
            after_sync: The sync that is the last thing to happen.

        Returns:
            Whether the run came so far.
        """
        durable = DurableDisk(self.root)
        disk = Disk(
            root=self.root,
            journal=self._journal,
            kill_kinds=SYNC,
            kill_at=before_sync or None,
            kill_after=after_sync or None,
        )
        self._journal.unlink(missing_ok=True)
        code = self.run(disk=disk)
        if code >= 0:
            assert code in (0, 1), self.product.said()
            return False
        self.driver.kills.append(time.time())
        self.product.service.drain()
        durable.replay(self._journal).put_back(seed)
        self.driver.check()
        return True
