"""Answers of hosts in memory, for tests of downloads."""

from attrs import frozen


@frozen(kw_only=True)
class Stream:
    """An answer that comes whole, in the parts given."""

    parts: tuple[bytes, ...]
    status: int = 200
    offset: int = 0
    etag: str | None = '"v1"'

    @property
    def total_bytes(self):
        """Length of the file."""
        return sum(map(len, self.parts))

    async def chunks(self):
        """Yield the parts."""
        for part in self.parts:
            yield part
