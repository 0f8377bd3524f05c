"""Reading the headers of MP4 and MOV files: what they tell, what it costs, and files that lie."""

import struct
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar_async.errors import MediaError
from avatar_async.media.mp4 import read_movie
from avatar_async.media.ranges import Window
from tests.unit.media.mp4.film import Film, box, full


class Far:
    """A file in memory that is as costly to read as one far away, and counts."""

    near = False

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size_bytes: int | None = None

    async def read(self, offset: int, length: int) -> bytes:
        self.size_bytes = len(self.content)
        return self.content[offset : offset + length]


async def movie_of(content: bytes):
    """Return the movie, and the window it was read through."""
    window = Window.over(Far(content))
    return await read_movie(window), window


@pytest.mark.parametrize("moov_last", [False, True])
@pytest.mark.parametrize("hours", [0.1, 1, 6])
async def test_six_hours_cost_three_reads_and_less_than_a_mebibyte(hours, moov_last):
    """A person checks over a phone's connection, and a moov of hours is longer than all that may be read."""
    film = Film(runs=((int(hours * 90_000), 40),), moov_last=moov_last, sample_bytes=9)
    movie, window = await movie_of(film.written())
    assert movie.video.samples == film.frames
    assert movie.video.shown_s(movie.timescale) == pytest.approx(hours * 3600)
    assert (movie.video.fps, movie.video.constant_rate) == (25.0, True)
    assert movie.audio.codec == "aac"
    assert window.reads <= 3
    assert window.read_bytes <= 1 << 20


@pytest.mark.parametrize("moov_last", [False, True])
@pytest.mark.parametrize("minutes", [6.1, 15, 24])
async def test_a_long_take_of_variable_rate_costs_no_more(minutes, moov_last):
    """Phones record so, and then every picture has an entry of its own in three tables."""
    film = Film(runs=((1, 30), (1, 50)) * int(minutes * 750), moov_last=moov_last, sample_bytes=40)
    movie, window = await movie_of(film.written())
    assert movie.video.samples == film.frames
    assert movie.video.constant_rate is False
    assert movie.audio.codec == "aac"
    assert window.reads <= 3
    assert window.read_bytes <= 1 << 20


async def test_hours_of_variable_rate_are_counted_exactly_all_the_same():
    """Their table of durations alone is longer than what may be read."""
    film = Film(runs=((1, 30), (1, 50)) * 270_000, moov_last=True)
    movie, window = await movie_of(film.written())
    assert movie.video.samples == 540_000
    assert movie.video.constant_rate is False
    assert window.read_bytes <= 1 << 20


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
async def test_the_rotation_is_what_players_turn_clockwise(rotation_deg):
    """A phone held upright stores its pictures lying."""
    movie, _ = await movie_of(Film(rotation_deg=rotation_deg, size=(640, 360)).written())
    assert movie.video.rotation_deg == rotation_deg
    assert (movie.video.width_px, movie.video.height_px) == (640, 360)


@pytest.mark.parametrize(
    ("runs", "constant"),
    [
        (((100, 40),), True),
        (((100, 40), (1, 7)), True),
        (((50, 33), (50, 34)), True),
        (((50, 33), (50, 36)), False),
        (((50, 15), (50, 17)), False),
        (((50, 1), (50, 2)), False),
        (((1, 40),), True),
    ],
)
async def test_a_clock_too_coarse_for_a_constant_rate_does_not_make_it_variable(runs, constant):
    """Thirty frames a second do not fit a clock of milliseconds; a last frame may be held or cut."""
    movie, _ = await movie_of(Film(runs=runs).written())
    assert movie.video.constant_rate is constant


@pytest.mark.parametrize("moov_last", [False, True])
async def test_boxes_with_64_bit_sizes_are_read(moov_last):
    """Files beyond 4 GiB have them, and some programs always write them."""
    movie, _ = await movie_of(Film(long=True, moov_last=moov_last).written())
    assert movie.video.samples == 9025
    assert movie.missing_bytes == 0


async def test_samples_that_go_on_to_the_end_of_the_file_are_whole():
    """A size of 0 means just that."""
    film = Film(runs=((5, 40),))
    movie, _ = await movie_of(film.head() + film.moov() + struct.pack(">I4s", 0, b"mdat") + bytes(99))
    assert (movie.video.samples, movie.missing_bytes) == (5, 0)


@pytest.mark.parametrize(
    ("edits", "shift", "shown_s", "hides"),
    [
        ([(10_000, 0)], 0, 10.0, False),
        ([(10_000, 80)], 80, 10.0, False),
        ([(2_000, -1), (10_000, 0)], 0, 10.0, False),
        ([(5_000, 0)], 0, 5.0, True),
        ([(5_000, 5_000)], 0, 5.0, True),
        ([(5_000, 0), (5_000, 0)], 0, 10.0, True),
        ([(99_000, 0)], 0, 10.0, False),
    ],
)
async def test_edit_lists_say_which_part_is_shown(edits, shift, shown_s, hides):
    """A cut made on a phone leaves all frames in the file, and an edit cannot show more than there is."""
    movie, _ = await movie_of(Film(runs=((250, 40),), edits=edits, shift=shift).written())
    assert movie.video.shown_s(movie.timescale) == pytest.approx(shown_s, abs=0.01)
    assert movie.video.hides_samples(movie.timescale) is hides


async def test_tables_that_contradict_each_other_leave_the_count_unknown():
    """One of them lies; nobody knows which."""
    movie, _ = await movie_of(Film(runs=((50, 40),), sizes=51, tables=False).written())
    assert movie.video.samples is None
    assert movie.video.contradicts


async def test_the_length_is_what_the_frames_last_whatever_the_header_says():
    """Six minutes are paid for by the frames."""
    movie, _ = await movie_of(Film(runs=((250, 40),), told_ticks=400_000).written())
    assert movie.video.shown_s(movie.timescale) == 10.0


@pytest.mark.parametrize("fragments", [(250,), (250,) * 36])
async def test_fragments_at_hand_are_counted(fragments):
    """What a browser records has no count in its headers."""
    movie, _ = await movie_of(Film(fragmented=fragments).written())
    assert movie.fragmented
    assert movie.video.samples == sum(fragments)
    assert movie.video.media_s == sum(fragments) / 25


@pytest.mark.parametrize(
    ("lengths", "constant"),
    [
        ([810, 512, 512, 512, 512], True),
        ([512, 512, 512, 512, 99], True),
        ([810, 99], True),
        ([810], True),
        ([512, 512, 810, 512, 512], False),
        ([512, 512, 810, 810], False),
    ],
)
async def test_an_odd_first_or_last_picture_of_fragments_makes_no_rate_vary(lengths, constant):
    """Writers without edit lists hide their start in the first one; nothing bounds the last one."""
    movie, _ = await movie_of(Film(fragmented=(len(lengths),), lengths=lengths).written())
    assert movie.video.samples == len(lengths)
    assert movie.video.media_s == sum(lengths) / 1000
    assert movie.video.constant_rate is constant


async def test_fragments_out_of_reach_leave_count_and_length_unknown():
    """A guess would pass for knowledge."""
    movie, window = await movie_of(Film(fragmented=(100_000,) * 20).written())
    assert movie.video.samples is None
    assert movie.video.constant_rate is None
    assert window.read_bytes <= 1 << 20


async def broken_off(content: bytes) -> bool:
    """Tell whether a file is known to be only a part."""
    try:
        movie, _ = await movie_of(content)
    except MediaError as error:
        return "break" in str(error) or "no headers" in str(error)
    return bool(movie.missing_bytes > 0)


async def test_fragments_that_break_off_are_known_for_it():
    """A browser that crashed leaves half a fragment."""
    whole = Film(fragmented=(250, 250)).written()
    assert not await broken_off(whole)
    assert await broken_off(whole[:-100])


@pytest.mark.parametrize("moov_last", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
async def test_a_file_that_breaks_off_is_known_for_it(share, moov_last):
    """An upload that was cut has its length in its headers."""
    whole = Film(runs=((500, 40),), moov_last=moov_last, sample_bytes=50, tables=False).written()
    assert await broken_off(whole[: int(len(whole) * share)])
    assert not await broken_off(whole)


LIES = {
    "child beyond its parent": lambda moov: moov[:8] + b"\x7f" + moov[9:],
    "shorter than a header": lambda moov: moov[:8] + struct.pack(">I", 3) + moov[12:],
    "64-bit size of 2": lambda moov: moov[:8] + struct.pack(">I4sQ", 1, b"mvhd", 2) + moov[24:],
}


@pytest.mark.parametrize("lie", LIES)
async def test_sizes_that_lie_are_refused_with_words(lie):
    """The alternative is to read nonsense as tables."""
    film = Film(runs=((5, 40),))
    with pytest.raises(MediaError, match="box"):
        await movie_of(film.head() + LIES[lie](film.moov()))


@pytest.mark.parametrize("count", [2**32 - 1, 2**31])
async def test_tables_that_claim_billions_of_entries_are_read_no_further_than_they_are(count):
    """Memory must not follow a number in a file."""
    stts = full("stts", struct.pack(">I", count), struct.pack(">II", 5, 40))
    broken = Film(runs=((5, 40),), sizes=count, tables=False).moov()
    at = broken.index(b"stts") - 4
    movie, window = await movie_of(Film().head() + broken[:at] + stts + broken[at + len(stts) :])
    assert movie.video.samples == count
    assert movie.video.durations.samples is None
    assert window.read_bytes < 10_000


async def test_endless_small_boxes_end():
    """A hostile file may be all headers."""
    with pytest.raises(MediaError):
        await movie_of(box("free") * 20_000)


_SEEDS = [
    Film(runs=((50, 40),), edits=[(2000, 0)], shift=40).written(),
    Film(runs=((20, 40),), moov_last=True, long=True).written(),
    Film(fragmented=(9, 9)).written(),
]


@settings(max_examples=300)
@given(
    seed=st.sampled_from(_SEEDS),
    cuts=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=9)), max_size=6),
    end=st.integers(0, 6000),
)
@example(seed=b"", cuts=[], end=0)
async def test_whatever_the_bytes_it_ends_soon_and_with_a_known_error(seed, cuts, end):
    """Footage comes from anywhere."""
    content = bytearray(seed[: end or None])
    for at, replaced in cuts:
        content[at : at + len(replaced)] = replaced
    window = Window.over(Far(bytes(content)))
    tracks, timescale = [], 1
    with suppress(MediaError):
        movie = await read_movie(window)
        tracks, timescale = [*movie.tracks], movie.timescale
    for track in tracks:
        assert track.samples is None or track.samples >= 0
        assert track.shown_s(timescale) >= 0
        assert track.hides_samples(timescale) in (True, False)
    assert window.reads <= window.budget.reads
    assert window.read_bytes <= window.budget.size_bytes
