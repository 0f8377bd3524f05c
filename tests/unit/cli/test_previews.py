"""The parts of `preview`: what media are called, how far work has come, what is shown of jobs."""

import io

import anyio
import pytest
from PIL import Image

from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import State
from avatar_async.cli.previews.media import Medium, look_at
from avatar_async.cli.previews.progress import Progress
from avatar_async.cli.previews.remote import Gathering, job_name, specs_of
from avatar_async.cli.previews.rows import Reading, beyond, rows_of
from avatar_async.errors import MediaError, NotSentError
from avatar_async.media.footage import Footage
from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.preflight import Looker, Seen
from avatar_async.media.sweeps import Wanted, read_sweeps

SETS = Wanted(sweeps=read_sweeps(["h=90,200"])[0]).sets()


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        return True


def unreachable(_address):
    """Open nothing."""
    raise MediaError("nobody opens files here")


class Scripted(Looker):
    """A looker that knows what it will see."""

    def __init__(self, seen):
        super().__init__(unreachable)
        self.seen = seen

    async def look_at(self, asked):
        return {address: self.seen[address] for address in asked}


def medium(**fields):
    """Return a medium; fields not given are those of a picture."""
    return Medium(
        **{"address": "a.png", "name": "a.png", "slug": "a-1", "digest": "1" * 64, "kind": "image"} | fields
    )


def video(duration_s=12.0):
    """Return what is learnt of a video."""
    return Seen(footage=Footage(sort="video", container="mp4", duration_s=duration_s))


async def test_media_are_named_without_what_is_secret_and_alike_in_every_run():
    """Signatures change from run to run and are nobody's business; the jobs must stay the same."""
    first = "https://u:pw@x.example/shoot/A%20clip.mp4?sign=one"
    again = "https://x.example/shoot/A%20clip.mp4?sign=two"
    names = []
    for address in (first, again):
        (found,), broken = await look_at([address], Scripted({address: video()}), trusting=False)
        assert broken == []
        names.append((found.name, found.slug))
    assert names[0] == names[1]
    assert names[0][0] == "A clip.mp4"
    assert names[0][1].startswith("a-clip-")


async def test_addresses_that_differ_in_their_query_only_are_two_media():
    """Some servers tell their files apart by it."""
    addresses = ["https://x.example/get.mp4?id=1", "https://x.example/get.mp4?id=2"]
    media, _ = await look_at(addresses, Scripted(dict.fromkeys(addresses, video())), trusting=False)
    specs = specs_of(media, SETS)
    assert len({spec.name for spec in specs}) == 6


@pytest.mark.parametrize(
    ("address", "seen", "kind"),
    [
        ("https://x/a.mp4", Seen(failure=NotSentError("no route")), "video"),
        ("https://x/a.JPG?b=c", Seen(failure=NotSentError("no route")), "image"),
        ("https://x/a", Seen(failure=NotSentError("no route")), None),
        ("https://x/a.mp4", Seen(failure=MediaError("it is empty (0 bytes)")), None),
        ("https://x/a.mp3", Seen(footage=Footage(sort="audio", container="mp3")), None),
    ],
)
async def test_only_what_the_service_may_still_reach_is_trusted_by_its_name(address, seen, kind):
    """A file that was seen to be broken is not paid for."""
    media, broken = await look_at([address], Scripted({address: seen}), trusting=True)
    assert [each.kind for each in media] == ([kind] if kind else [])
    assert len(broken) == (0 if kind else 1)
    media, broken = await look_at([address], Scripted({address: seen}), trusting=False)
    assert (media, len(broken)) == ([], 1)


def test_videos_have_a_row_for_each_instant(tmp_path):
    """By default one that shows a person at work; instants beyond the end are told."""
    long, short = medium(kind="video", duration_s=400.0), medium(kind="video", duration_s=3.0)
    unknown = medium(kind="video")
    assert [row.at_s for row in rows_of([long, short, unknown, medium()], [], tmp_path)] == [5, 1.5, 0, None]
    assert [row.at_s for row in rows_of([long, medium()], [2, 9, 2], tmp_path)] == [2, 9, None]
    assert beyond([long, short, unknown], [2, 9]) == ["--at 9 lies beyond a.png, which lasts 3.00 s"]
    one, other = rows_of([medium()], [], tmp_path), rows_of([medium()], [], tmp_path, quality=True)
    assert one[0].folder != other[0].folder


def test_progress_tells_count_rate_and_time_left(monkeypatch):
    """What was done before says nothing of the speed, and the line is taken away at the end."""
    monkeypatch.setenv("TERM", "xterm")
    now = [0.0]
    stream = Terminal()
    with Progress("Keying", 100, stream=stream, monotonic=lambda: now[0]) as progress:
        for _ in range(20):
            progress.step(reused=True)
        now[0] = 10.0
        for _ in range(20):
            progress.step()
        assert progress.text(10.0) == "Keying 40 of 100 (40 %), 2.0/s, 0:30 left"
    assert stream.getvalue().endswith("\r\x1b[K")
    assert "\n" not in stream.getvalue()


def test_progress_in_a_file_is_lines_now_and_then():
    """A log must not fill up with one line for each picture."""
    now = [0.0]
    stream, silent = io.StringIO(), io.StringIO()
    for each, quiet in ((stream, False), (silent, True)):
        now[0] = 0.0
        with Progress("Keying", 100, quiet=quiet, stream=each, monotonic=lambda: now[0]) as progress:
            for _ in range(100):
                now[0] += 0.25
                progress.step()
    assert len(stream.getvalue().splitlines()) == 5
    assert silent.getvalue() == ""


async def test_previews_that_did_not_come_home_are_cells_that_say_why(make_job, tmp_path):
    """The others are shown all the same, and so is what is known of the medium."""
    still = medium(address=str(tmp_path / "gone.png"), note="540 x 960")
    names = [job_name(still, chosen) for chosen in SETS]
    (tmp_path / "job").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "job/preview.png")
    stored = make_job(
        names[0],
        State.STORED,
        folder="job",
        artifacts=(Artifact(role="image", name="preview.png", url="https://x/p.png"),),
    )
    failed = make_job(names[1], State.FAILED, error=JobError(code="failed", message="no person in it"))
    gathering = Gathering(
        out=tmp_path,
        sets=SETS,
        jobs={job.name: job for job in (stored, failed)},
        reading=Reading(open_file=unreachable, limiter=anyio.CapacityLimiter(1)),
        label="whose",
    )
    with Progress("Reading", 3, quiet=True) as progress:
        (source,) = await gathering.sources(rows_of([still], [], tmp_path), progress)
    assert [cell.composite for cell in source.cells] == [tmp_path / "job/preview.png", None, None]
    assert [cell.notes for cell in source.cells] == [
        (),
        ("the preview is failed: no person in it",),
        ("it was not asked for yet",),
    ]
    assert source.note is not None
    assert source.note.startswith("540 x 960; the original is not shown: ")
    assert {cell.label for cell in source.cells} == {"whose"}


def test_a_set_asks_for_what_it_says():
    """The parameters stand in the request one by one, also where they are the defaults."""
    (spec,) = specs_of([medium(address="https://x/a.png")], [ParameterSet()])
    plain = spec.request.to_plain()
    assert plain["material_name"] == spec.name == "a-1.default"
    assert {key: plain[key] for key in ParameterSet().parameters} == ParameterSet().parameters
