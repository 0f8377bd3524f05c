"""What the journal says of one download's bytes: how many are durable, and of which file."""

from attrs import evolve

from avatar_async._jobs.ports import FetchJournal
from avatar_async._jobs.records import Artifact
from avatar_async._jobs.states import ArtifactState
from avatar_async._storage.partfile import PartFile


def blank(artifact: Artifact) -> bool:
    """Tell whether nothing is on record that could be on the disk, or of bytes that came before."""
    return not artifact.verified_offset and artifact.sha256 is None and artifact.bad_sha256 is None


class Checkpoints:
    """Entries of one download in the journal, each written only for what it says already.

    Args:
        part: The partial file.
        artifact: What was on record when the download began.
        journal: Where entries go.
    """

    def __init__(self, part: PartFile, artifact: Artifact, journal: FetchJournal) -> None:
        self._part = part
        self._artifact = artifact
        self._journal = journal
        #: Bytes that are on record as durable.
        self.recorded_bytes = artifact.verified_offset

    @property
    def stale(self) -> bool:
        """Whether the record speaks of bytes that turned out not to be there."""
        artifact = self._artifact
        return artifact.sha256 is not None or artifact.verified_offset != self._part.offset

    async def begin(self, etag: str | None) -> None:
        """Take back what is on record: the bytes that are here now are all that counts.

        Args:
            etag: Strong validator of the file that they belong to, without which they count for nothing.
        """
        await self._record(self._part.offset if etag is not None else 0, etag, whole=False)

    async def keep(self, durable_bytes: int, etag: str | None, total_bytes: int | None) -> None:
        """Write down how many bytes are durable, if more are than before and they can be gone on from.

        Args:
            durable_bytes: The bytes from the start of the file on.
            etag: Strong validator of the file.
            total_bytes: Its length, if the server told it.
        """
        whole = total_bytes == durable_bytes
        useful = etag is not None or whole
        if self._part.durable and useful and durable_bytes > self.recorded_bytes:
            await self._record(durable_bytes, etag, whole=whole)

    async def verified(self, etag: str | None, note: str | None) -> Artifact:
        """Write down that every byte is here and good, and return the artifact as it is on record then."""
        length = self._part.offset
        verified = evolve(
            self._artifact,
            state=ArtifactState.FETCHING,
            etag=etag,
            verified_offset=length,
            stored_bytes=length,
            sha256=self._part.sha256 if self._part.verifies else None,
            note=note,
        )
        await self._journal.record(verified)
        return verified

    async def _record(self, offset: int, etag: str | None, *, whole: bool) -> None:
        """Write an entry; a length without digest says that these are all bytes."""
        await self._journal.record(
            evolve(
                self._artifact,
                state=ArtifactState.FETCHING,
                etag=etag,
                verified_offset=offset,
                sha256=None,
                stored_bytes=offset if whole else None,
            )
        )
        self.recorded_bytes = offset


class NoJournal:
    """Forget how far a download is: nobody will go on with it."""

    async def record(self, artifact: Artifact) -> None:
        """Do nothing."""
