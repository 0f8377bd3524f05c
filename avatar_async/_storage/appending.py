"""Writing behind what arrives: one batch on its way to the disk while the next is collected."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from avatar_async._jobs.ports import Chunk
from avatar_async._storage.partfile import PartFile
from avatar_async._storage.workshop import Workshop

if TYPE_CHECKING:
    from asyncio import Future

#: Chunks of a batch, however short they are.
_MOST_CHUNKS: Final = 512


class Appending:
    """Collect chunks, and have them written and made durable on threads while more are received.

    At most one batch is under way, and a sync begins when half a checkpoint's bytes are written: so a slow
    disk slows the receiving down before more than a checkpoint's bytes are not durable.

    Args:
        part: The partial file.
        workshop: Numbers and threads.
        on_written: Told how many more bytes are written.
        on_durable: Told how many bytes of the file are durable, and how much room the disk has beside all
            that is written by now.
    """

    def __init__(
        self,
        part: PartFile,
        workshop: Workshop,
        on_written: Callable[[int], None],
        on_durable: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self._part = part
        self._shop = workshop
        self._on_written = on_written
        self._on_durable = on_durable
        self._batch: list[Chunk] = []
        self._batch_bytes = 0
        self._most_bytes = workshop.batch_bytes()
        self._handed_over_at_s = 0.0
        self._write: Future[None] | None = None
        self._write_bytes = 0
        self._sync: Future[tuple[int, int]] | None = None
        #: Where the latest sync began, and when.
        self._synced_from = self._durable_bytes = 0
        self._synced_at_s = 0.0

    def begin(self) -> None:
        """Begin with what is on the disk, for a new connection."""
        self._batch, self._batch_bytes = [], 0
        self._handed_over_at_s = self._shop.clock.monotonic()

    def look_at_the_clock(self) -> None:
        """Take what is on the disk as durable from now on."""
        self._durable_bytes = self._synced_from = self._part.offset
        self._synced_at_s = self._shop.clock.monotonic()

    def add(self, chunk: Chunk, now_s: float) -> bool:
        """Collect a chunk that came in that monotonic second; return whether to hand over."""
        self._batch.append(chunk)
        self._batch_bytes += len(chunk)
        return (
            self._batch_bytes >= self._most_bytes
            or (2 * self._batch_bytes >= self._most_bytes and self._idle)
            or len(self._batch) >= _MOST_CHUNKS
            or now_s - self._handed_over_at_s >= self._shop.rules.batch_s
        )

    @property
    def _idle(self) -> bool:
        """Whether nothing is being written, so that waiting for more saves nothing."""
        return self._write is None or self._write.done()

    async def hand_over(self) -> None:
        """Begin to write what was collected, once what came before is written; sync now and then.

        Cancelled, it is written or not; the partial file is sound either way.

        Raises:
            DiskSpaceError, DownloadError: The system refuses; what was not written is cut off.
        """
        self._handed_over_at_s = self._shop.clock.monotonic()
        self._most_bytes = self._shop.batch_bytes()
        if self._batch_bytes:
            await self._settle()
            batch, self._batch = self._batch, []
            self._write_bytes, self._batch_bytes = self._batch_bytes, 0
            writers = self._shop.writers
            self._write = writers.begin(self._part.append, batch, writers.hashing)
            self._write.add_done_callback(self._written)
        await self._keep_durable()

    async def flush(self) -> None:
        """Write everything that was collected, and end what is under way.

        Raises:
            DiskSpaceError, DownloadError: As for `hand_over`.
        """
        await self.hand_over()
        await self._settle()
        if self._sync is not None:
            await self._end_sync()

    async def _settle(self) -> None:
        """Wait until what was handed over is written."""
        write, self._write = self._write, None
        if write is not None:
            await write
            self._tell()

    def _written(self, write: "Future[None]") -> None:
        """Tell of a batch as soon as it is written, however long the next one takes to come."""
        if write is self._write and not write.cancelled() and write.exception() is None:
            self._tell()

    def _tell(self) -> None:
        count, self._write_bytes = self._write_bytes, 0
        if count:
            self._on_written(count)

    async def _keep_durable(self) -> None:
        """Sync what is written once it is much, beside the writing; or once it is old."""
        rules, now_s = self._shop.rules, self._shop.clock.monotonic()
        if self._sync is not None and (self._much or self._sync.done()):
            await self._end_sync()
        if self._sync is not None:
            return
        if self._part.offset - self._synced_from >= rules.checkpoint_bytes // 2:
            self._begin_sync(now_s)
            if self._much:
                await self._end_sync()
        elif now_s - self._synced_at_s >= rules.checkpoint_s:
            await self._settle()
            self._begin_sync(now_s)
            await self._end_sync()

    @property
    def _much(self) -> bool:
        """Whether more than a checkpoint's bytes would not be durable if nothing were waited for."""
        reached = self._part.offset + self._write_bytes
        return reached - self._durable_bytes > self._shop.rules.checkpoint_bytes

    def _begin_sync(self, now_s: float) -> None:
        self._synced_from, self._synced_at_s = self._part.offset, now_s
        self._sync = self._shop.writers.begin_sync(self._part.sync)

    async def _end_sync(self) -> None:
        sync, self._sync = self._sync, None
        assert sync is not None
        durable_bytes, free_bytes = await sync
        self._durable_bytes = durable_bytes
        written_since = max(0, self._part.offset - durable_bytes)
        await self._on_durable(durable_bytes, free_bytes - written_since)
