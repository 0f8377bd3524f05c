"""What a power cut leaves of a folder, by the journal of the disk shim.

The model is the harshest that POSIX allows: a file's bytes survive if they were synced, a name survives if
its *folder* was synced after the name was made, and everything newer may have reached the disk or not: each
sector of a write and each name on its own. A rename is one step. What is mapped into memory is not seen
(SQLite's `-shm` file, which it never trusts after a cut).
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from attrs import Factory, define, frozen

#: Bytes that a disk writes whole or not at all.
SECTOR_BYTES = 512
#: Length of a small ledger's `-shm` file, of which a cut may leave anything.
_SHM_BYTES = 32768


@frozen
class Written:
    """Bytes put at an offset."""

    offset: int
    data: bytes


@frozen
class Cut:
    """A file given a length."""

    length: int


@define(eq=False)
class File:
    """A file: its bytes as of the last sync, and what was done since."""

    durable: bytes = b""
    pending: list[Written | Cut] = Factory(list)

    def sync(self) -> None:
        """Make everything durable."""
        self.durable, self.pending = self.newest(), []

    def newest(self) -> bytes:
        """Return the bytes as the process sees them."""
        return _applied(self.durable, self.pending)

    def some(self, chance: random.Random) -> bytes:
        """Return bytes that a cut may leave: all, none, the first, or any part of what was done since."""
        way = chance.choice(("none", "all", "first", "any", "any"))
        if way == "none":
            return self.durable
        if way == "all":
            return self.newest()
        if way == "first":
            return _applied(self.durable, self.pending[: chance.randint(0, len(self.pending))])
        kept = [piece for done in self.pending for piece in _pieces(done) if chance.random() < 0.5]
        return _applied(self.durable, kept)


@define(eq=False)
class Folder:
    """A folder: its names as of the last sync, its names now, and the steps between, oldest first."""

    durable: dict[str, "Node"] = Factory(dict)
    entries: dict[str, "Node"] = Factory(dict)
    #: Each step says what becomes of one name, or of two for a rename; None is no such name.
    pending: list[dict[str, "Node | None"]] = Factory(list)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return a folder as it lies on the disk, all of it durable."""
        found: dict[str, Node] = {}
        for entry in path.iterdir():
            found[entry.name] = Folder.read(entry) if entry.is_dir() else File(entry.read_bytes())
        return cls(dict(found), found)

    def step(self, names: "dict[str, Node | None]") -> None:
        """Give names, or take them away, in one step."""
        self.pending.append(names)
        self.entries = _named(self.entries, names)

    def sync(self) -> None:
        """Make the names durable."""
        self.durable, self.pending = dict(self.entries), []

    def some(self, chance: random.Random) -> "dict[str, Node]":
        """Return names that a cut may leave: steps on other names are independent of each other."""
        names = dict(self.durable)
        for group in _independent(self.pending):
            for step in group[: chance.randint(0, len(group))]:
                names = _named(names, step)
        return names


Node = File | Folder


class Disk:
    """A folder with all that is below it, and what of that is durable.

    Args:
        root: The folder, everything in it durable; read now.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._tree = Folder.read(self._root)
        self._by_inode: dict[int, Node] = {}
        #: Number of the last operation seen.
        self.number = 0

    def replay(self, journal: Path) -> "Disk":
        """Take up what a process did, up to where it died."""
        for record in read_journal(journal):
            self._take(record)
        return self

    def _take(self, record: "Record") -> None:
        self.number = record.number
        folder, name = self._place(record.path)
        match record.kind:
            case "o":
                self._by_inode[record.inode] = folder.entries[name]
            case "c":
                made = self._by_inode[record.inode] = File()
                folder.step({name: made})
            case "m":
                folder.step({name: Folder()})
            case "u" | "d":
                folder.step({name: None})
            case "r" | "l":
                target, new = self._place(record.other)
                if record.kind == "l":
                    target.step({new: folder.entries[name]})
                else:
                    assert target is folder, "renaming into another folder is not one durable step"
                    folder.step({new: folder.entries[name], name: None})
            case "w":
                self._file(record).pending.append(Written(record.offset, record.data))
            case "t":
                self._file(record).pending.append(Cut(record.offset))
            case "s":
                self._synced(record).sync()

    def _file(self, record: "Record") -> File:
        found = self._by_inode[record.inode]
        assert isinstance(found, File)
        return found

    def _synced(self, record: "Record") -> Node:
        found = self._look(record.path)
        return found if isinstance(found, Folder) else self._by_inode.get(record.inode) or _there(found)

    def _place(self, path: Path) -> tuple[Folder, str]:
        parent = self._look(path.parent) if path != self._root else None
        return (parent if isinstance(parent, Folder) else Folder()), path.name

    def _look(self, path: Path) -> Node | None:
        here: Node | None = self._tree
        for part in path.relative_to(self._root).parts:
            here = here.entries.get(part) if isinstance(here, Folder) else None
        return here

    # ------------------------------------------------------------ after the cut
    def put_back(self, seed: int | None = None) -> None:
        """Leave in the folder what the cut left.

        Args:
            seed: Chooses what of the newer bytes and names reached the disk; None for nothing of them.
        """
        for entry in self._root.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        _write(self._tree, self._root, None if seed is None else random.Random(seed))


@frozen(kw_only=True)
class Record:
    """One operation of the journal.

    Attributes:
        kind: As in the log; `o` for an existing file that was opened.
        number: Which operation it was, from 1.
        inode: Of the file.
        offset: Of the bytes, or the new length.
        path: Where.
        other: The new name.
        data: The bytes written.
    """

    kind: str
    number: int
    inode: int
    offset: int
    path: Path
    other: Path
    data: bytes


def read_journal(journal: Path) -> Iterator[Record]:
    """Return the operations of a journal; one that the process died in is left out."""
    rest = journal.read_bytes() if journal.exists() else b""
    while rest:
        head, _, body = rest.partition(b"\n")
        fields = head.decode().split(" ")
        if len(fields) != 7:
            return
        number, inode, offset, *lengths = map(int, fields[1:])
        path_end, other_end = lengths[0], lengths[0] + lengths[1]
        end = other_end + lengths[2]
        if len(body) < end:
            return
        yield Record(
            kind=fields[0],
            number=number,
            inode=inode,
            offset=offset,
            path=Path(body[:path_end].decode()),
            other=Path(body[path_end:other_end].decode()),
            data=body[other_end:end],
        )
        rest = body[end:]


def _there(found: Node | None) -> Node:
    assert found is not None, "a file that nobody opened or made was synced"
    return found


def _applied(content: bytes, done: list[Written | Cut]) -> bytes:
    made = bytearray(content)
    for each in done:
        if isinstance(each, Cut):
            del made[each.length :]
            made.extend(bytes(each.length - len(made)))
        else:
            made.extend(bytes(max(0, each.offset - len(made))))
            made[each.offset : each.offset + len(each.data)] = each.data
    return bytes(made)


def _pieces(done: Written | Cut) -> Iterator[Written | Cut]:
    """Return the parts of an operation that reach the disk each on its own."""
    if isinstance(done, Cut):
        yield done
        return
    begin, last = done.offset, done.offset + len(done.data)
    while begin < last:
        end = min(last, (begin // SECTOR_BYTES + 1) * SECTOR_BYTES)
        yield Written(begin, done.data[begin - done.offset : end - done.offset])
        begin = end


def _named(names: dict[str, Node], step: "dict[str, Node | None]") -> dict[str, Node]:
    changed = {name: node for name, node in names.items() if name not in step}
    return changed | {name: node for name, node in step.items() if node is not None}


def _independent(steps: "list[dict[str, Node | None]]") -> "list[list[dict[str, Node | None]]]":
    """Return the steps in groups that have no name in common, in order within a group."""
    groups: list[tuple[set[str], list[tuple[int, dict[str, Node | None]]]]] = []
    for place, step in enumerate(steps):
        names, members = set(step), [(place, step)]
        for group in [group for group in groups if group[0] & names]:
            groups.remove(group)
            names |= group[0]
            members += group[1]
        groups.append((names, members))
    return [[step for _, step in sorted(members, key=lambda each: each[0])] for _, members in groups]


def _write(folder: Folder, place: Path, chance: random.Random | None) -> None:
    names = folder.durable if chance is None else folder.some(chance)
    for name, node in sorted(names.items()):
        if isinstance(node, Folder):
            (place / name).mkdir()
            _write(node, place / name, chance)
            continue
        (place / name).touch(mode=0o600)
        if chance is None:
            content = node.durable
        else:
            content = chance.randbytes(_SHM_BYTES) if name.endswith("-shm") else node.some(chance)
        (place / name).write_bytes(content)
