"""Count what reached the emulator."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from attrs import define, field, fields

from avatar_async.requests import Kind


class Tally(Counter[str]):
    """Count, and know which counts have changed since they were last written down."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()

    def __setitem__(self, name: str, number: int) -> None:
        super().__setitem__(name, number)
        self.changed.add(name)

    def restore(self, name: str, number: int) -> None:
        """Set a count as it stands on disk."""
        super().__setitem__(name, number)

    def take_changed(self) -> list[tuple[str, int]]:
        """Return the changed counts, which count as unchanged from now on."""
        taken = [(name, self[name]) for name in self.changed]
        self.changed.clear()
        return taken


@define(kw_only=True)
class Received:
    """Count what reached the emulator, over all its runs on the same data folder.

    Counts of create calls are on disk before the call is answered, those of other calls soon after.

    Attributes:
        paths: Calls by path; artifact and media files under their route's pattern.
        creates: Create calls by materialName or videoName, refused ones and those answered by faults
            included, those without a valid token not.
        kinds: The same by kind.
        accepted: Create calls that made a task, by materialName or videoName.
        accepted_kinds: The same by kind.
        unauthorized: Calls without a valid access token, by path.
        tokens: `issued`; `refreshed`, those of them had for a refresh token; `displaced`, those that ended
            early because there were too many; `most_alive`, the most that were valid at once.
        file_bytes: Bytes of finished files sent, by `name/file`.
        file_authorizations: Requests for finished files that carried an Authorization header, by `name/file`.
        faults: Faults that happened, by name.
        callbacks: Callbacks posted by `name`, each attempt counted.
    """

    paths: Tally = field(factory=Tally)
    creates: Tally = field(factory=Tally)
    kinds: Tally = field(factory=Tally)
    accepted: Tally = field(factory=Tally)
    accepted_kinds: Tally = field(factory=Tally)
    unauthorized: Tally = field(factory=Tally)
    tokens: Tally = field(factory=Tally)
    file_bytes: Tally = field(factory=Tally)
    file_authorizations: Tally = field(factory=Tally)
    faults: Tally = field(factory=Tally)
    callbacks: Tally = field(factory=Tally)

    def count_create(self, kind: Kind, name: str | None) -> None:
        """Count a create call."""
        self.kinds[kind.value] += 1
        if name is not None:
            self.creates[name] += 1

    def tallies(self) -> Iterator[tuple[str, Tally]]:
        """Yield every count under its name."""
        for each in fields(type(self)):
            yield each.name, getattr(self, each.name)

    def to_plain(self) -> dict[str, Any]:
        """Return the counts in JSON's own types."""
        return {name: dict(tally) for name, tally in self.tallies()}
