"""Looking at many files: each once, some at a time, and whatever goes wrong with one of them."""

from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from PIL import Image

from avatar_async.errors import MediaError, MediaOutOfReachError, NotSentError
from avatar_async.media.preflight import Asked, Looker, check_files, check_requests
from avatar_async.media.ranges import FileReader
from avatar_async.requests import ImagePreviewRequest
from tests.unit.media.mp4.film import Film

GREEN, BLUE = (0, 255, 0), (255, 0, 0)


class Files:
    """Open files of a folder, and count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[str] = []
        self.open = self.most = 0

    @asynccontextmanager
    async def __call__(self, address):
        self.opened.append(address)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await anyio.lowlevel.checkpoint()
            async with FileReader.open(self.folder / address.rpartition("/")[2]) as reader:
                yield reader
        finally:
            self.open -= 1


@pytest.fixture
def files(tmp_path):
    """A folder with a film, a picture and things that are neither."""
    (tmp_path / "a.mp4").write_bytes(Film(runs=((9, 40),)).written())
    Image.new("RGB", (64, 48), (40, 180, 60)).save(tmp_path / "b.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "b.png").read_bytes()[:60])
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film at all, but long enough to be looked into")
    return Files(tmp_path)


async def test_each_address_is_looked_at_once_however_many_jobs_name_it(files):
    """A batch of a thousand previews has a handful of pictures."""
    requests = [
        (f"job-{number}", ImagePreviewRequest(material_name="a", url="https://media.test/b.png"))
        for number in range(50)
    ]
    checked = await check_requests(requests, Looker(files))
    assert files.opened == ["https://media.test/b.png"]
    assert {finding.job for finding in checked.findings} == {name for name, _ in requests}


async def test_no_more_than_sixteen_are_looked_at_at_a_time(files):
    """Somebody else's server answers them."""
    for number in range(60):
        (files.folder / f"{number}.mp4").write_bytes((files.folder / "a.mp4").read_bytes())
    checked = await check_files([f"{number}.mp4" for number in range(60)], Looker(files))
    assert len(checked.seen) == 60
    assert 2 <= files.most <= 16


async def test_one_bad_file_does_not_hide_the_others(files):
    """All problems are told at once."""
    names = ["a.mp4", "b.png", "torn.png", "empty.mp4", "text.mp4", "absent.mp4"]
    seen = await Looker(files).look_at({name: Asked(decoded=True) for name in names})
    assert [name for name in names if seen[name].failure is None] == ["a.mp4", "b.png"]
    assert all(type(seen[name].failure) is MediaError for name in names[2:])


async def test_screens_are_measured_as_asked(files):
    """Several jobs may key one file in several colours."""
    seen = await Looker(files).look_at({"b.png": Asked(samples=frozenset({GREEN, BLUE}))})
    assert seen["b.png"].screens[GREEN].coverage == 1.0
    assert seen["b.png"].screens[BLUE].screen_rgb is None


async def test_a_host_that_cannot_be_reached_is_not_tried_for_ever():
    """A thousand addresses on a host that is down would take hours."""
    tried = []

    @asynccontextmanager
    async def refused(address):
        tried.append(address)
        if address:
            raise NotSentError("no connection")
        yield

    addresses = [f"https://down.test/{number}.mp4" for number in range(100)]
    seen = await Looker(refused, at_once=2).look_at(dict.fromkeys(addresses, Asked()))
    assert all(isinstance(each.failure, NotSentError) for each in seen.values())
    assert len(tried) <= 4


async def test_a_server_that_never_answers_costs_a_bounded_time(files):
    """The others are looked at all the same."""

    @asynccontextmanager
    async def stuck(address):
        if address == "stuck.mp4":
            await anyio.sleep_forever()
        async with files(address) as reader:
            yield reader

    seen = await Looker(stuck, patience_s=0.05).look_at({"stuck.mp4": Asked(), "a.mp4": Asked()})
    assert isinstance(seen["stuck.mp4"].failure, MediaOutOfReachError)
    assert seen["a.mp4"].footage is not None
