"""Downloads against a real server that misbehaves."""

import asyncio
import errno
import hashlib
import io
import os

import anyio
import pytest
from attrs import evolve
from blockbuster import blockbuster_ctx

from avatar_async._jobs.states import ArtifactState
from avatar_async._storage import partfile
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.findings import StoppedError
from avatar_async._storage.paths import JobFolder
from avatar_async.errors import (
    ArtifactRefusedError,
    DiskSpaceError,
    DownloadError,
    IntegrityError,
    TransportError,
    UnknownFileError,
)


def sha256(content):
    """Return the digest as the ledger writes it."""
    return hashlib.sha256(content).hexdigest()


async def test_a_file_arrives_verified_under_its_name(scene, make_zip):
    """The plain way: nothing but the file is left, and its digest was recorded before its name."""
    content = make_zip()
    async with scene() as stage:
        seen = []
        stage.journal._after = lambda entry: seen.append(stage.names())
        artifact = stage.artifact(
            content=content, size_bytes=len(content), md5=hashlib.md5(content).hexdigest()
        )
        stored = await stage.fetch(artifact)
        assert stored.state is ArtifactState.STORED
        assert (stored.stored_bytes, stored.sha256, stored.note) == (len(content), sha256(content), None)
        assert stage.read() == content
        assert stage.names() == ["model.zip"]
        assert seen == [["model.zip.part"]]
        assert stage.journal.entries[-1] == evolve(stored, state=ArtifactState.FETCHING)
        assert stage.progress[-1] == (len(content), len(content))
        assert "Authorization" not in stage.server.requests[0]


async def test_an_empty_folder_name_or_one_that_leads_out_is_refused(scene, make_zip):
    """A job's folder must lie in the output folder."""
    async with scene() as stage:
        artifact = stage.artifact(content=make_zip())
        for stage.folder in ("", ".", "..", "../x", "a/b", "/etc", "a\0b"):
            with pytest.raises(DownloadError, match="file name"):
                await stage.fetch(artifact)
        assert stage.server.requests == []


@pytest.mark.parametrize("name", ["../evil.zip", "..", "a/b.zip", "/tmp.zip", "a\\b.zip", "a\0.zip", ""])
async def test_hostile_file_names_are_refused(scene, make_zip, name):
    """The service's names are not to be trusted, even if they got past everything else."""
    async with scene() as stage:
        artifact = evolve(stage.artifact(content=make_zip()), name=name)
        with pytest.raises(DownloadError):
            await stage.fetch(artifact)
        assert stage.server.requests == []
        assert not (stage.out / "evil.zip").exists()


@pytest.mark.parametrize("where", ["folder", "target", "part"])
async def test_links_are_never_followed(scene, make_zip, tmp_path, where):
    """A link laid into the output folder must not redirect writes."""
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "victim"
    victim.write_text("mine")
    async with scene() as stage:
        stage.out.mkdir()
        if where == "folder":
            (stage.out / "one").symlink_to(outside, target_is_directory=True)
        else:
            (stage.out / "one").mkdir()
            name = "model.zip" if where == "target" else "model.zip.part"
            (stage.out / "one" / name).symlink_to(victim)
        with pytest.raises(DownloadError):
            await stage.fetch(stage.artifact(content=make_zip()))
        assert victim.read_text() == "mine"
        assert list(outside.iterdir()) == [victim]


async def test_a_cut_connection_goes_on_where_it_broke(scene, make_zip):
    """Bytes that arrived are not paid for twice."""
    content = make_zip()
    async with scene(cuts=[100_000, 50_000]) as stage:
        stored = await stage.fetch(stage.artifact(content=content))
        assert stored.sha256 == sha256(content)
        assert stage.read() == content
        assert stage.server.served == len(content)
        assert stage.server.requests[1]["Range"] == "bytes=100000-"
        assert stage.server.requests[1]["If-Range"] == '"v1"'


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
async def test_without_a_strong_validator_a_cut_download_starts_over(scene, make_zip, etag):
    """Two halves of different files must never be joined."""
    content = make_zip()
    async with scene(cuts=[100_000], etag=etag) as stage:
        await stage.fetch(stage.artifact(content=content))
        assert stage.read() == content
        assert all("Range" not in request for request in stage.server.requests)
        assert stage.server.served == len(content) + 100_000


async def test_a_server_that_ignores_range_makes_the_file_start_over(scene, make_zip):
    """A 200 sends the whole file: appending it would spoil the file."""
    content = make_zip()
    async with scene(cuts=[100_000], ignore_range=True) as stage:
        await stage.fetch(stage.artifact(content=content))
        assert "Range" in stage.server.requests[1]
        assert stage.read() == content


async def test_a_file_that_changed_meanwhile_starts_over(scene, make_zip):
    """The old half belongs to the old file."""
    old, new = make_zip(300_000), make_zip(299_000)
    async with scene(cuts=[100_000]) as stage:
        artifact = stage.artifact(content=old)

        async def change(delay_s):
            stage.server.files["model.zip"], stage.server.etag = new, '"v2"'

        stage.clock.sleep = change
        stored = await stage.fetch(artifact)
        assert stage.read() == new
        assert stored.etag == '"v2"'


async def test_a_new_process_goes_on_from_the_verified_offset(scene, make_zip):
    """A restart loses only what was not yet durable."""
    content = make_zip()
    async with scene(cuts=[200_000, 0]) as stage:
        stage.rules = {"tries": 1}
        artifact = stage.artifact(content=content, size_bytes=len(content))
        with pytest.raises(TransportError):
            await stage.fetch(artifact)
        left = stage.journal.entries[-1]
        assert left.verified_offset == 200_000
        with (stage.out / "one" / "model.zip.part").open("ab") as handle:
            handle.write(b"not durable")
        stored = await stage.fetch(left)
        assert stage.server.served == len(content)
        assert stored.sha256 == sha256(content)
        assert stage.read() == content


async def test_a_cancelled_download_goes_on_later(scene, make_zip):
    """Ctrl-C must not throw away what arrived."""
    content = make_zip()
    async with scene(cuts=[200_000]) as stage:
        artifact = stage.artifact(content=content)
        with anyio.CancelScope() as scope:

            async def interrupt(delay_s):
                scope.cancel()
                await anyio.lowlevel.checkpoint()

            sleep, stage.clock.sleep = stage.clock.sleep, interrupt
            await stage.fetch(artifact)
        assert scope.cancelled_caught
        stage.clock.sleep = sleep
        await stage.fetch(stage.journal.entries[-1])
        assert stage.server.served == len(content)
        assert stage.read() == content


async def test_checkpoints_are_recorded_on_the_way(scene, make_zip):
    """A kill in the middle of a long download loses one checkpoint's worth."""
    content = make_zip(3_000_000)
    async with scene() as stage:
        stage.rules = {"batch_bytes": 100_000, "checkpoint_bytes": 1_000_000}
        await stage.fetch(stage.artifact(content=content))
        offsets = [entry.verified_offset for entry in stage.journal.entries]
        assert offsets == sorted(offsets)
        assert len(offsets) >= 3
        assert offsets[-1] == len(content)
        assert all(entry.etag == '"v1"' for entry in stage.journal.entries)


async def test_a_lost_partial_file_starts_over(scene, make_zip):
    """The journal may know of bytes that somebody deleted."""
    content = make_zip()
    async with scene() as stage:
        artifact = stage.artifact(content=content, verified_offset=200_000, etag='"v1"')
        await stage.fetch(artifact)
        assert stage.journal.entries[0].verified_offset == 0
        assert stage.read() == content
        assert stage.server.served == len(content)


async def test_a_complete_partial_file_is_verified_without_asking(scene, make_zip):
    """A kill after the last byte costs no second download, even if the address is gone."""
    content = make_zip()
    async with scene() as stage:
        artifact = stage.artifact(content=content, size_bytes=len(content), verified_offset=len(content))
        (stage.out / "one").mkdir(parents=True)
        (stage.out / "one" / "model.zip.part").write_bytes(content)
        stored = await stage.fetch(artifact)
        assert stored.state is ArtifactState.STORED
        assert stage.server.requests == []
        assert stage.names() == ["model.zip"]


@pytest.mark.parametrize("renamed", [False, True], ids=["before the rename", "after the rename"])
async def test_a_kill_around_the_rename_is_made_good_without_asking(scene, make_zip, renamed):
    """What the journal calls verified is adopted, under either name."""
    content = make_zip()
    async with scene() as stage:
        artifact = stage.artifact(content=content, stored_bytes=len(content), sha256=sha256(content))
        (stage.out / "one").mkdir(parents=True)
        (stage.out / "one" / ("model.zip" if renamed else "model.zip.part")).write_bytes(content)
        stored = await stage.fetch(artifact)
        assert (stored.state, stored.sha256) == (ArtifactState.STORED, sha256(content))
        assert stage.server.requests == []
        assert stage.names() == ["model.zip"]


@pytest.mark.parametrize("known", [None, "other digest", "other length"])
async def test_an_unknown_file_at_the_target_is_left_alone(scene, make_zip, known):
    """Somebody's file must never be overwritten."""
    async with scene() as stage:
        (stage.out / "one").mkdir(parents=True)
        (stage.out / "one" / "model.zip").write_bytes(b"somebody's")
        artifact = stage.artifact(content=make_zip())
        if known:
            artifact = evolve(artifact, sha256="0" * 64, stored_bytes=10 if known == "other digest" else 11)
        with pytest.raises(UnknownFileError, match="move it away"):
            await stage.fetch(artifact)
        assert stage.read() == b"somebody's"
        assert stage.server.requests == []


async def test_a_file_put_there_during_the_download_is_left_alone(scene, make_zip):
    """The look at the start is not enough."""
    content = make_zip()
    async with scene() as stage:

        def intrude(entry):
            (stage.out / "one" / "model.zip").write_bytes(b"somebody's")

        stage.journal._after = intrude
        with pytest.raises(UnknownFileError):
            await stage.fetch(stage.artifact(content=content))
        assert stage.read() == b"somebody's"


async def test_a_wrong_length_is_refused(scene, make_zip):
    """A whole file of another length is not the file that was announced."""
    content = make_zip()
    async with scene() as stage:
        for announced in (len(content) - 5, len(content) + 5):
            with pytest.raises(IntegrityError) as caught:
                await stage.fetch(stage.artifact(content=content, size_bytes=announced))
            assert caught.value.sha256 == sha256(content)
        assert stage.names() == []


async def test_a_chunked_reply_that_ends_early_is_noticed_by_the_zip_itself(scene, make_zip):
    """A clean early end leaves a file that looks whole."""
    content = make_zip()
    async with scene(chunked=True) as stage:
        with pytest.raises(IntegrityError, match="zip"):
            await stage.fetch(stage.artifact(content=content[:-40_000]))
        assert stage.names() == []


async def test_an_endless_chunked_reply_is_cut_at_the_announced_length(scene, make_zip):
    """A server must not be able to fill the disk."""
    content = make_zip()
    async with scene(chunked=True) as stage:
        with pytest.raises(IntegrityError, match="more than"):
            await stage.fetch(stage.artifact(content=content * 4, size_bytes=len(content)))


async def test_a_damaged_zip_is_fetched_again_and_kept_when_it_comes_twice(scene, make_zip):
    """Chance is retried; a server that always sends the same bad bytes needs a person."""
    content = bytearray(make_zip())
    content[150_000] ^= 1
    async with scene() as stage:
        artifact = stage.artifact(content=bytes(content), size_bytes=len(content))
        with pytest.raises(IntegrityError, match="zip") as caught:
            await stage.fetch(artifact)
        assert stage.names() == []
        with pytest.raises(IntegrityError) as again:
            await stage.fetch(evolve(artifact, bad_sha256=caught.value.sha256))
        assert again.value.sha256 == caught.value.sha256
        assert stage.names() == ["model.zip.suspect"]
        assert stage.read("model.zip.suspect") == content


async def test_a_wrong_md5_alone_on_a_sound_zip_is_noted(scene, make_zip):
    """The zip's own checksums prove more than an announced digest."""
    content = make_zip()
    async with scene() as stage:
        stored = await stage.fetch(stage.artifact(content=content, md5="0" * 32))
        assert stored.state is ArtifactState.STORED
        assert "MD5" in (stored.note or "")


async def test_a_wrong_md5_on_a_file_that_cannot_prove_itself_is_refused(scene):
    """A video's first bytes say nothing of its end."""
    async with scene() as stage:
        content = b"\0\0\0\x18ftypisom" + bytes(1000)
        with pytest.raises(IntegrityError, match="MD5"):
            await stage.fetch(stage.artifact("clip.mp4", content, role="video", md5="0" * 32))


async def test_a_truncated_picture_is_refused(scene):
    """A picture is decoded, not only looked at."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 40).save(buffer, "PNG")
    content = buffer.getvalue()
    async with scene() as stage:
        stored = await stage.fetch(stage.artifact("thumb.png", content, role="thumbnail"))
        assert stored.state is ArtifactState.STORED
        with pytest.raises(IntegrityError):
            await stage.fetch(stage.artifact("cut.png", content[:-200], role="thumbnail"))


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refused_address_is_told_at_once(scene, make_zip, status):
    """Only a fresh query can help, so no time is lost on retries; no empty file is left, either."""
    async with scene(statuses=[status]) as stage:
        with pytest.raises(ArtifactRefusedError):
            await stage.fetch(stage.artifact(content=make_zip()))
        assert stage.clock.slept == []
        assert stage.names() == []


async def test_a_busy_server_is_given_the_time_it_asks_for(scene, make_zip):
    """Retry-After is honoured."""
    async with scene(statuses=[429, 503]) as stage:
        await stage.fetch(stage.artifact(content=make_zip()))
        assert stage.clock.slept[0] == 7.0
        assert len(stage.clock.slept) == 2


async def test_tries_without_a_new_byte_are_counted_and_others_are_not(scene, make_zip):
    """A slow line that moves is never given up; a dead one is."""
    content = make_zip()
    async with scene(cuts=[10_000] * 12) as stage:
        stage.rules = {"tries": 3}
        await stage.fetch(stage.artifact(content=content))
        assert stage.read() == content
    async with scene(statuses=[503] * 9) as stage:
        stage.rules = {"tries": 3}
        with pytest.raises(TransportError):
            await stage.fetch(stage.artifact("other.zip", content))
        assert len(stage.server.requests) == 3
    async with scene(cuts=[10_000] * 12, etag=None) as stage:
        stage.rules = {"tries": 3}
        with pytest.raises(TransportError):
            await stage.fetch(stage.artifact("third.zip", content))
        assert len(stage.server.requests) == 4


async def test_too_little_room_is_told_before_a_byte_is_written(scene, make_zip):
    """A full disk hurts everybody on the machine."""
    content = make_zip()
    async with scene() as stage:
        stage.reserve = 1 << 60
        with pytest.raises(DiskSpaceError, match=r"needs .* in reserve, but the disk has .* free"):
            await stage.fetch(stage.artifact(content=content))
        assert stage.names() == []


async def test_a_disk_that_fills_up_keeps_what_arrived(scene, make_zip, monkeypatch):
    """The download goes on once there is room again."""
    content = make_zip()
    async with scene(cuts=[100_000]) as stage:
        artifact = stage.artifact(content=content)
        write = os.pwritev

        def full(descriptor, blocks, offset):
            if offset >= 100_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, blocks, offset)

        with monkeypatch.context() as patch:
            patch.setattr(os, "pwritev", full)
            with pytest.raises(DiskSpaceError, match="disk is full"):
                await stage.fetch(artifact)
        left = stage.journal.entries[-1]
        assert left.verified_offset == 100_000
        await stage.fetch(left)
        assert stage.read() == content


async def test_the_speed_limit_is_shared(scene, make_zip):
    """All downloads together stay below the limit; what passes last is not waited for."""
    content = make_zip()
    async with scene() as stage:
        artifacts = [stage.artifact(f"{number}.zip", content) for number in range(4)]
        limited = DownloadFolder(
            stage.out, clock=stage.clock, disk_reserve_bytes=0, bandwidth_bytes_s=100_000
        )
        job, before = stage.job(), stage.clock.monotonic()
        async with anyio.create_task_group() as tasks:
            for artifact in artifacts:
                tasks.start_soon(limited.fetch, job, artifact, stage.source, stage.journal, lambda *_: None)
        assert stage.clock.monotonic() - before >= 0.9 * 3 * len(content) / 100_000


async def test_the_loop_is_never_blocked(scene, make_zip):
    """Files are opened, written, hashed and checked in worker threads."""
    content = make_zip(2_000_000)
    async with scene(cuts=[500_000]) as stage:
        artifact = stage.artifact(content=content, size_bytes=len(content))
        with blockbuster_ctx("avatar_async._storage"):
            await stage.fetch(artifact)
        assert stage.read() == content


async def test_leaving_closes_every_descriptor(scene, make_zip, monkeypatch):
    """A long run fetches thousands of files."""
    folders: list[JobFolder] = []
    opened: list[JobFolder] = []
    real_init, real_close = JobFolder.__init__, JobFolder.close

    def close(folder):
        folders.append(folder)
        real_close(folder)
        with pytest.raises(OSError, match="Bad file descriptor"):
            folder.sync()

    def init(folder, *arguments, **settings):
        opened.append(folder)
        real_init(folder, *arguments, **settings)

    monkeypatch.setattr(JobFolder, "__init__", init)
    monkeypatch.setattr(JobFolder, "close", close)
    async with scene(statuses=[404]) as stage:
        artifact = stage.artifact(content=make_zip())
        with pytest.raises(ArtifactRefusedError):
            await stage.fetch(artifact)
        await stage.fetch(artifact)
    assert len(folders) >= 2
    assert set(folders) == set(opened)


async def test_leaving_does_not_wait_for_a_long_check(scene, make_zip, monkeypatch):
    """The second Ctrl-C must not wait for gigabytes of checksums."""
    started, ended, loop = anyio.Event(), [], asyncio.get_running_loop()

    def slow(handle, name, role, *, length_known, stop):
        loop.call_soon_threadsafe(started.set)
        ended.append(stop.wait(30))
        raise StoppedError

    monkeypatch.setattr(partfile, "examine", slow)
    async with scene() as stage:
        artifact = stage.artifact(content=make_zip())
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stage.fetch, artifact)
                await started.wait()
                tasks.cancel_scope.cancel()
        monkeypatch.undo()
        assert ended == [True]
        assert stage.names() == ["model.zip.part"]
        stored = await stage.fetch(stage.journal.entries[-1])
        assert stored.state is ArtifactState.STORED
        assert len(stage.server.requests) == 1


async def test_many_downloads_at_once_all_arrive(scene, make_zip):
    """Threads, room and journal are shared."""
    content = make_zip(200_000)
    async with scene() as stage:
        downloads = DownloadFolder(stage.out, clock=stage.clock, disk_reserve_bytes=0)
        stored = []

        async def bring(number):
            artifact = stage.artifact(f"{number}.zip", content, size_bytes=len(content))
            job = stage.job(folder=f"job-{number % 7}")
            stored.append(await downloads.fetch(job, artifact, stage.source, stage.journal, lambda *_: None))

        async with anyio.create_task_group() as tasks:
            for number in range(60):
                tasks.start_soon(bring, number)
        assert {each.sha256 for each in stored} == {sha256(content)}
        assert len(list(stage.out.glob("*/*"))) == len(stored) == 60
