"""Room on the disk: what was measured a moment ago still counts what was written since."""

import random
from contextlib import closing

import pytest

from avatar_async._jobs.records import Artifact
from avatar_async._storage.bandwidth import Bandwidth
from avatar_async._storage.fetching import Fetch
from avatar_async._storage.partfile import PartFile
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.workshop import FetchRules, Workshop
from avatar_async.errors import DiskSpaceError
from avatar_async.testing import VirtualClock


def test_only_promised_bytes_count_as_spent():
    """What a download writes beyond its promise was never set aside."""
    room = DiskRoom(0)
    room.claim("one", 100, 1000, "here")
    room.spend("one", 60)
    room.spend("one", 60)
    room.spend("other", 10)
    assert room.spent_bytes == 100


class Unasked:
    """A journal and a source that nobody needs."""

    async def record(self, artifact):
        """Do nothing."""

    def open_artifact(self, url, **options):
        """Never be called."""
        raise AssertionError(url)


@pytest.mark.parametrize(("waited_s", "asked"), [(0.1, 0), (1.0, 1)])
async def test_bytes_that_others_wrote_meanwhile_are_no_room(tmp_path, monkeypatch, waited_s, asked):
    """Asking the disk anew is left out for a moment; what was written in it by other downloads is known."""
    clock, asks = VirtualClock(), []
    shop = Workshop(clock=clock, rules=FetchRules(), room=DiskRoom(0), chance=random.Random(1))

    def free_bytes(part):
        asks.append(part)
        return 400

    monkeypatch.setattr(PartFile, "free_bytes", free_bytes)
    part = PartFile(
        tmp_path, "one", Artifact(role="model", name="m", url="https://example.test/m", size_bytes=500)
    )
    source = Unasked()
    fetch = Fetch(shop, Bandwidth(None, clock).lane((0.0, "")), part, part._artifact, source, source, print)
    part.begin()
    shop.room.claim("other", 600, 1000, "here")
    fetch._note_room(1000)
    shop.room.spend("other", 600)
    clock.leap(waited_s)
    with closing(part), pytest.raises(DiskSpaceError, match="disk has 400 bytes free"):
        await fetch._claim_room()
    assert len(asks) == asked


def test_a_file_that_has_its_name_holds_nothing_open(tmp_path):
    """Nobody has to come back to let go of it."""
    part = PartFile(tmp_path, "one", Artifact(role="model", name="m.bin", url="https://example.test/m"))
    part.begin()
    held = [part.closed]
    part.publish()
    held.append(part.closed)
    assert held == [False, True]
    assert (tmp_path / "one" / "m.bin").exists()
    assert not (tmp_path / "one" / "m.bin.part").exists()
    part.close()
