"""What lies in the folder already: parts of older files, changed parts, links, pipes and strangers."""

import os
from typing import Any

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs.states import ArtifactState
from avatar_async.errors import DownloadError, UnknownFileError

ETAG = '"v1"'


@pytest.fixture
def store(raw):
    """A function that serves content with ranges on a raw socket."""

    def serving(content, etag=ETAG):
        def answer(asked):
            start = int(asked.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            lines = ["HTTP/1.1 200 OK", f"ETag: {etag}", "Connection: close"]
            if start and asked.get("if-range") == etag:
                lines[0] = "HTTP/1.1 206 Partial Content"
                lines.append(f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                start = 0
            lines.append(f"Content-Length: {len(content) - start}")
            return ("\r\n".join([*lines, "", ""]).encode() + content[start:],)

        return raw(answer)

    return serving


def lay(stage, content, name="model.zip.part"):
    """Put a file into the job's folder."""
    folder = stage.out / "one"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


#: The part's bytes (of old and new content), what the journal says, and whether the rest is asked for: of
#: another file, the server sends the whole all the same.
STANDINGS: dict[str, tuple[Any, dict[str, Any], bool]] = {
    "as the journal says": (lambda old, new: new[:50_000], {"verified_offset": 50_000, "etag": ETAG}, True),
    "longer than the journal says": (
        lambda old, new: new[:50_000] + bytes(9_000),
        {"verified_offset": 50_000, "etag": ETAG},
        True,
    ),
    "shorter than the journal says": (
        lambda old, new: new[:49_999],
        {"verified_offset": 50_000, "etag": ETAG},
        False,
    ),
    "gone": (lambda old, new: b"", {"verified_offset": 50_000, "etag": ETAG}, False),
    "of another file by its ETag": (
        lambda old, new: old[:50_000],
        {"verified_offset": 50_000, "etag": '"v0"'},
        True,
    ),
    "of a file without a validator": (
        lambda old, new: old[:50_000],
        {"verified_offset": 50_000, "etag": None},
        False,
    ),
    "of an earlier attempt, which the journal has forgotten": (lambda old, new: old[:50_000], {}, False),
    "of an earlier attempt and longer than the file": (lambda old, new: old * 2, {}, False),
    "complete, of an earlier attempt": (lambda old, new: old, {}, False),
    "verified before, and changed since": (
        lambda old, new: bytes(len(new)),
        {"verified_offset": 1, "stored_bytes": "len", "sha256": "0" * 64, "etag": ETAG},
        False,
    ),
    "verified before, of another length now": (
        lambda old, new: new[:70_000],
        {"verified_offset": 90_000, "stored_bytes": "len", "sha256": "0" * 64, "etag": ETAG},
        False,
    ),
}


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "not announced"])
async def test_a_part_is_built_upon_only_if_it_is_of_this_very_file(bench, store, a_zip, standing, announced):
    """What is stored is the file as it is now, whatever lay there."""
    old, new = a_zip(90_000, 1), a_zip(90_000, 2)
    part, facts, kept = STANDINGS[standing]
    facts = {key: len(new) if value == "len" else value for key, value in facts.items()}
    async with bench() as stage:
        lay(stage, part(old, new))
        with store(new) as server:
            size = len(new) if announced else None
            stored = await stage.fetch(stage.artifact(f"{server.origin}/m", size_bytes=size, **facts))
        assert stored.state is ArtifactState.STORED
        assert stage.read() == new
        assert stage.names() == ["model.zip"]
        assert server.requests[-1].get("range") == ("bytes=50000-" if kept else None)


async def test_a_part_changed_behind_the_journals_back_is_found_out_and_fetched_anew(bench, store, a_zip):
    """The zip's own checksums notice; the next try starts over."""
    content = a_zip(90_000)
    async with bench() as stage:
        lay(stage, bytes(50_000))
        with store(content) as server:
            left = stage.artifact(f"{server.origin}/m", verified_offset=50_000, etag=ETAG)
            with pytest.raises(DownloadError, match="damaged"):
                await stage.fetch(left)
            assert stage.names() == []
            await stage.fetch(evolve(left, verified_offset=0, etag=None))
        assert stage.read() == content


async def test_a_link_a_pipe_or_a_shared_file_as_the_part_is_never_touched(bench, store, a_zip, tmp_path):
    """Nothing is written through them, nobody waits for a pipe's other end, and a person is told."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    content = a_zip(5000)

    async def refused(stage, server):
        with anyio.fail_after(5), pytest.raises(UnknownFileError, match=r"model\.zip\.part.*move it away"):
            await stage.fetch(stage.artifact(f"{server.origin}/m"))

    async with bench() as stage:
        (stage.out / "one").mkdir(parents=True)
        part = stage.out / "one" / "model.zip.part"
        with store(content) as server:
            for make in (
                lambda: part.symlink_to(precious),
                lambda: part.symlink_to(tmp_path / "nowhere"),
                lambda: os.mkfifo(part),
                lambda: part.hardlink_to(precious),
            ):
                make()
                await refused(stage, server)
                assert precious.read_bytes() == b"mine"
                assert not (tmp_path / "nowhere").exists()
                part.unlink()
            part.mkdir()
            await refused(stage, server)
            part.rmdir()
            assert server.requests == []
            await stage.fetch(stage.artifact(f"{server.origin}/m"))
        assert stage.read() == content


async def test_anything_at_the_target_is_a_persons(bench, store, a_zip, tmp_path):
    """A file, a link to nowhere, a pipe, a folder: left as it is, and nothing is fetched for it."""
    async with bench() as stage:
        (stage.out / "one").mkdir(parents=True)
        target = stage.out / "one" / "model.zip"
        with store(a_zip(5000)) as server:
            for make, remove in (
                (lambda: target.write_bytes(b"theirs"), target.unlink),
                (lambda: target.symlink_to(tmp_path / "nowhere"), target.unlink),
                (lambda: os.mkfifo(target), target.unlink),
                (target.mkdir, target.rmdir),
            ):
                make()
                known = stage.artifact(f"{server.origin}/m", sha256="0" * 64, stored_bytes=6)
                for artifact in (stage.artifact(f"{server.origin}/m"), known):
                    with anyio.fail_after(5), pytest.raises(UnknownFileError, match="move it away"):
                        await stage.fetch(artifact)
                remove()
            assert server.requests == []
        assert not (tmp_path / "nowhere").exists()


async def test_a_link_as_the_jobs_folder_is_not_followed(bench, store, a_zip, tmp_path):
    """The whole folder could be redirected that way."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with bench() as stage:
        stage.out.mkdir()
        (stage.out / "one").symlink_to(elsewhere, target_is_directory=True)
        with store(a_zip(5000)) as server, pytest.raises(DownloadError, match="move it away"):
            await stage.fetch(stage.artifact(f"{server.origin}/m"))
        assert list(elsewhere.iterdir()) == []
        assert server.requests == []
