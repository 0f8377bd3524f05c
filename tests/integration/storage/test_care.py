"""Downloads that may leave something out."""

import os

import pytest

from avatar_async._storage.care import Care
from avatar_async.errors import IntegrityError


async def test_a_file_that_need_not_be_verified_is_taken_for_its_length_alone(scene):
    """Who checks files elsewhere pays for no second look; a short one is refused all the same."""
    async with scene() as stage:
        artifact = stage.artifact("model.zip", b"no zip at all", size_bytes=13)
        stored = await stage.fetch(artifact, care=Care(verify=False))
        assert (stored.sha256, stored.stored_bytes) == (None, 13)
        assert stage.read() == b"no zip at all"
        longer = stage.artifact("other.zip", b"no zip at all", size_bytes=14)
        with pytest.raises(IntegrityError, match="13 bytes, but 14") as caught:
            await stage.fetch(longer, care=Care(verify=False))
        assert (caught.value.short, caught.value.sha256) == (True, None)
        assert stage.names() == ["model.zip"]


@pytest.mark.parametrize("size", [300, 3_000_000])
@pytest.mark.parametrize("durable", [True, False])
async def test_a_file_that_need_not_be_durable_is_never_forced_to_the_disk(scene, monkeypatch, size, durable):
    """Each forced write costs a turn of the disk; and where durability is asked for, it is there."""
    forced: list[int] = []

    def noted(force):
        def call(descriptor):
            forced.append(descriptor)
            force(descriptor)

        return call

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    async with scene() as stage:
        artifact = stage.artifact("model.bin", b"x" * size)
        await stage.fetch(artifact, care=Care(durable=durable))
        assert len(stage.read("model.bin")) == size
    assert bool(forced) is durable
