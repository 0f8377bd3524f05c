"""What all downloads of an output folder share."""

import random
from typing import Final

import anyio
from attrs import Factory, frozen

from avatar_async._jobs.ports import Clock
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.writers import Writers

#: Connections over which files too long to be read whole come at the same time, if nobody wants more. Over
#: TLS each holds 2 MiB, so that this bounds the memory however many files are asked for at once.
CONNECTIONS: Final = 12


@frozen(kw_only=True)
class FetchRules:
    """Numbers of a download.

    Attributes:
        batch_bytes: Bytes collected before they are written, if few downloads run.
        batches_bytes: Bytes that all downloads together collect before they are written.
        batch_s: Seconds after which fewer bytes are written too.
        checkpoint_bytes: Bytes after which what arrived is made durable and recorded.
        checkpoint_s: Seconds after which it is, too.
        tries: Connections in a row that may fail without one new byte.
        first_wait_s: Ceiling of the wait after the first failure; it doubles with each.
        longest_wait_s: Ceiling of every such wait.
        longest_throttle_s: Ceiling of a wait the server asks for.
        slow_s: Seconds of waiting for the server after which a connection's speed is judged.
        slow_bytes_s: A connection that brought fewer bytes a second is given up for a new one, if that can go
            on from where it was.
        longest_file_bytes: Length above which no file is believed, or taken where none was told.
    """

    batch_bytes: int = 2 << 20
    batches_bytes: int = 8 << 20
    batch_s: float = 1.0
    checkpoint_bytes: int = 64 << 20
    checkpoint_s: float = 10.0
    tries: int = 5
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0
    longest_throttle_s: float = 600.0
    slow_s: float = 120.0
    slow_bytes_s: float = 256.0
    longest_file_bytes: int = 256 << 30


@frozen(kw_only=True, eq=False)
class Workshop:
    """Clock, numbers, room and threads; made inside a running event loop.

    Attributes:
        connections: Places of the long files that come at the same time; the others wait in line.
    """

    clock: Clock
    rules: FetchRules
    room: DiskRoom
    chance: random.Random
    writers: Writers = Factory(Writers)
    connections: anyio.CapacityLimiter = Factory(lambda: anyio.CapacityLimiter(CONNECTIONS))

    def batch_bytes(self) -> int:
        """Return how many bytes a download collects before they are written, beside those that run now."""
        sharing = max(1, self.connections.borrowed_tokens)
        return min(self.rules.batch_bytes, self.rules.batches_bytes // sharing)

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, with full jitter."""
        ceiling = min(self.rules.longest_wait_s, self.rules.first_wait_s * 2.0 ** min(failures - 1, 16))
        return self.chance.uniform(0.0, ceiling)
