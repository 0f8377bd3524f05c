"""Reading footage on web servers: few requests, few bytes, and servers that do it badly."""

import io
import random

import pytest
from PIL import Image

from avatar_async._transport.ranges import RangeSession
from avatar_async.errors import (
    ArtifactRefusedError,
    AvatarError,
    MediaError,
    MediaOutOfReachError,
    ReplyError,
    ThrottledError,
    TransportError,
)
from avatar_async.media.footage import look
from avatar_async.media.ranges import Window
from avatar_async.settings import Settings
from tests.unit.media.mp4.film import Film

#: Six minutes of a film: its headers are longer than the first read, its samples than all that may be read.
FIRST = Film(sample_bytes=400)
LAST = Film(sample_bytes=400, moov_last=True)
SMALL_LAST = Film(runs=((9025, 40),), sample_bytes=200, moov_last=True, tables=False)
FILES = {"first.mp4": FIRST.written(), "last.mp4": LAST.written(), "small.mp4": SMALL_LAST.written()}


async def looked_at(shelf, manner, name):
    """Return what was learnt, and the reader."""
    async with RangeSession(Settings()) as session:
        reader = session.file(shelf.url(manner, name))
        return await look(Window.over(reader)), reader


@pytest.mark.parametrize("name", ["first.mp4", "last.mp4"])
@pytest.mark.parametrize("manner", ["ranges", "moved"])
async def test_six_minutes_cost_three_requests_and_less_than_a_mebibyte(shelf, manner, name):
    """Wherever the headers lie; a redirect is followed once and remembered."""
    async with shelf_with(shelf) as served:
        footage, reader = await looked_at(served, manner, name)
        assert (footage.frames, footage.duration_s, footage.has_audio) == (9025, 361.0, True)
        assert reader.requests == len(served.requests) <= 3 + (manner == "moved")
        assert reader.received_bytes == served.sent_bytes <= 1 << 20
        assert not any("Authorization" in request.headers for request in served.requests)


def shelf_with(shelf, **files):
    """Serve the films, and more."""
    return shelf({**FILES, **files})


@pytest.mark.parametrize("manner", ["whole", "chunked", "lengthless"])
async def test_a_server_without_ranges_gives_the_start_only(shelf, manner):
    """A gigabyte must not be fetched to learn how long it is."""
    async with shelf_with(shelf) as served:
        footage, reader = await looked_at(served, manner, "first.mp4")
        assert footage.frames == 9025
        assert reader.received_bytes <= 1 << 20
        assert len(served.requests) == 1


async def test_headers_at_the_end_of_a_short_file_are_read_without_ranges_too(shelf):
    """The simplest servers have none, and the clip of a preview is small."""
    async with shelf_with(shelf) as served:
        footage, reader = await looked_at(served, "whole", "small.mp4")
        assert footage.frames == 9025
        assert len(served.requests) == 2
        assert reader.received_bytes <= (1 << 20) + len(FILES["small.mp4"])


@pytest.mark.parametrize(("manner", "size"), [("chunked", 1 << 21), ("whole", 17 << 20)])
async def test_headers_at_the_end_of_a_long_file_stay_unknown_without_ranges(shelf, manner, size):
    """What would have to be fetched whole is said to be unknown."""
    film = Film(runs=((1000, 40),), sample_bytes=size // 1000, moov_last=True).written()
    async with shelf_with(shelf, **{"long.mp4": film}) as served:
        with pytest.raises(MediaOutOfReachError):
            await looked_at(served, manner, "long.mp4")
        assert len(served.requests) == 1


@pytest.mark.parametrize(
    ("manner", "error"),
    [
        ("shifted", ReplyError),
        ("unsaid", ReplyError),
        ("changing", ReplyError),
        ("packed", ReplyError),
        ("short", ReplyError),
        ("broken", TransportError),
        ("404", ArtifactRefusedError),
        ("403", ArtifactRefusedError),
        ("429", ThrottledError),
        ("500", TransportError),
        ("302", TransportError),
    ],
)
async def test_wrong_answers_are_told_for_what_they_are(shelf, manner, error):
    """Bytes from another place would be read as headers."""
    async with shelf_with(shelf) as served:
        with pytest.raises(AvatarError) as raised:
            await looked_at(served, manner, "last.mp4")
        assert type(raised.value) is error or error in type(raised.value).__mro__
        assert served.origin not in str(raised.value)


@pytest.mark.parametrize("manner", ["ranges", "whole", "chunked"])
async def test_an_empty_file_is_said_to_be_empty(shelf, manner):
    """An upload that failed leaves one."""
    async with shelf({"none.mp4": b""}) as served:
        with pytest.raises(MediaError, match="empty"):
            await looked_at(served, manner, "none.mp4")


@pytest.mark.parametrize("manner", ["ranges", "whole", "chunked"])
async def test_pictures_and_zips_are_known_from_their_ends_and_starts(shelf, manner):
    """They are small enough, whatever the server."""
    picture = io.BytesIO()
    noise = random.Random(4).randbytes(300 * 200 * 3)
    Image.frombytes("RGB", (300, 200), noise).save(picture, "PNG")
    zipped = b"PK\x03\x04" + bytes(5000) + b"PK\x05\x06" + bytes(18)
    async with shelf({"a.png": picture.getvalue(), "b.zip": zipped, "c.zip": zipped[:-30]}) as served:
        footage, _ = await looked_at(served, manner, "a.png")
        assert (footage.sort, footage.codec, footage.width_px, footage.height_px) == (
            "image",
            "png",
            300,
            200,
        )
        footage, _ = await looked_at(served, manner, "b.zip")
        assert footage.sort == "zip"
        with pytest.raises(MediaError, match="breaks off"):
            await looked_at(served, manner, "c.zip")


async def test_an_error_page_is_not_taken_for_a_video(shelf):
    """Some hosts answer 200 to an address that is gone."""
    async with shelf({"page.mp4": b"\n<!DOCTYPE html><title>Gone</title>"}) as served:
        with pytest.raises(MediaError, match="page"):
            await looked_at(served, "ranges", "page.mp4")
