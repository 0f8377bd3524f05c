"""Reading parts of a file: a window kept within a budget, and a file object for libraries."""

import io
from typing import BinaryIO

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from avatar_async.errors import MediaError, MediaOutOfReachError, TransportError
from avatar_async.media.range_file import RangeFile, in_thread
from avatar_async.media.ranges import FAR, Budget, FileReader, Window

CONTENT = bytes(range(256)) * 1200


class Memory:
    """A file in memory that tells its length late, or never, and may fail."""

    near = False

    def __init__(self, content: bytes = CONTENT, *, told: bool = True, fails_at: int | None = None) -> None:
        self.content = content
        self.told = told
        self.fails_at = fails_at
        self.size_bytes: int | None = None
        self.reads = 0

    async def read(self, offset: int, length: int) -> bytes:
        self.reads += 1
        if self.fails_at is not None and offset <= self.fails_at < offset + length:
            raise TransportError("it broke off")
        self.size_bytes = len(self.content) if self.told else None
        return self.content[offset : offset + length]


SPANS = st.lists(
    st.tuples(st.integers(0, len(CONTENT) + 500), st.integers(0, 9000), st.integers(0, 70_000)), max_size=12
)


@settings(max_examples=60)
@given(spans=SPANS, told=st.booleans())
async def test_a_window_gives_what_the_file_holds(spans, told):
    """Whatever was read before, and whether or not the file's length is known."""
    reader = Memory(told=told)
    window = Window(reader, Budget(reads=50, size_bytes=1 << 24))
    for offset, length, ahead in spans:
        assert await window.at(offset, length, ahead=ahead) == CONTENT[offset : offset + length]
        assert await window.at(offset, length) == CONTENT[offset : offset + length]
    assert window.reads == reader.reads


async def test_a_window_never_reads_more_than_its_budget():
    """Neither in bytes nor in reads."""
    window = Window(Memory(), Budget(reads=2, size_bytes=100_000))
    await window.at(0, 10)
    with pytest.raises(MediaOutOfReachError):
        await window.at(200_000, 50_000)
    await window.at(200_000, 10)
    with pytest.raises(MediaOutOfReachError):
        await window.at(150_000, 10)
    assert window.reads == 2
    assert window.read_bytes <= 100_000


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([0, 1, 2]), st.integers(-400_000, 400_000), st.integers(-1, 300_000))
    )
)
async def test_the_file_object_reads_as_one_in_memory(steps):
    """Libraries seek in every way."""

    def work(stream, _file):
        plain = io.BytesIO(CONTENT)
        for whence, offset, length in steps:
            at = max(0, {0: 0, 1: plain.tell(), 2: len(CONTENT)}[whence] + offset)
            assert stream.seek(offset, whence) == plain.seek(at)
            wanted = plain.read(length)
            found = b""
            while len(found) < len(wanted) and (chunk := stream.read(len(wanted) - len(found))):
                found += chunk
            assert found == wanted
        return True

    assert await in_thread(Memory(), len(CONTENT), work, most_bytes=1 << 30)


async def test_why_a_part_could_not_be_had_is_told_whatever_the_library_says():
    """Libraries turn errors of files into their own."""

    def work(stream, _file):
        try:
            return stream.read(10)
        except TransportError:
            raise ValueError("not a picture") from None

    with pytest.raises(TransportError):
        await in_thread(Memory(fails_at=3), len(CONTENT), work, most_bytes=1 << 30)
    with pytest.raises(MediaOutOfReachError):
        await in_thread(Memory(), len(CONTENT), work, most_bytes=0)


async def test_a_library_that_breaks_on_a_hostile_file_is_a_known_error():
    """Decoders fail in any way."""

    def work(_stream, _file):
        raise IndexError("list index out of range")

    with pytest.raises(MediaError, match="IndexError"):
        await in_thread(Memory(), len(CONTENT), work, most_bytes=1)


async def test_cancelled_work_ends_at_its_next_read():
    """Ctrl-C must not wait for a slow server."""
    started = anyio.Event()

    class Slow(Memory):
        async def read(self, offset: int, length: int) -> bytes:
            started.set()
            await anyio.sleep_forever()
            return b""

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(_read_all, Slow())
            await started.wait()
            group.cancel_scope.cancel()


async def _read_all(reader: Memory) -> None:
    await in_thread(reader, len(CONTENT), lambda stream, _file: stream.read(), most_bytes=1 << 30)


async def test_local_files_are_read_as_they_are(tmp_path):
    """And cost next to nothing."""
    (tmp_path / "a.bin").write_bytes(CONTENT)
    async with FileReader.open(tmp_path / "a.bin") as reader:
        assert reader.size_bytes == len(CONTENT)
        assert await reader.read(100, 10) == CONTENT[100:110]
        assert await reader.read(len(CONTENT) - 5, 100) == CONTENT[-5:]
        assert Window.over(reader).budget != FAR


async def test_a_read_is_short_only_where_the_file_ends():
    """Pillow takes a short read for the end of the file, and a sound picture for a broken one."""
    noise = Image.effect_noise((500, 500), 80)
    content = io.BytesIO()
    noise.save(content, "PNG")
    assert len(content.getvalue()) > 140_000

    def work(stream: BinaryIO, _file: RangeFile) -> tuple[int, int, bytes]:
        whole = len(stream.read(135_000))
        end = len(stream.read(10**6))
        stream.seek(0)
        return whole, end, Image.open(stream).tobytes()

    memory = Memory(content.getvalue())
    whole, end, pixels = await in_thread(memory, len(memory.content), work, most_bytes=1 << 30)
    assert (whole, end) == (135_000, len(memory.content) - 135_000)
    assert pixels == noise.tobytes()
