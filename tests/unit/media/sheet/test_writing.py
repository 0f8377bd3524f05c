"""Writing a contact sheet: pages, their bounds, and files that are whole or not there."""

import gc
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.sheet import SheetSource, write_sheet, writing
from avatar_async.media.sheet.edges import middle
from avatar_async.media.sheet.looks import look_at_cell
from tests.sheets import cell, matte, over, sheet, swept

ASSETS = sorted(files("avatar_async.media.sheet").joinpath("page").iterdir(), key=lambda file: file.name)


LISTED = [
    "sheet.html#s1c1",
    "sheet.html#s1c2",
    "sheet-2.html#s1c3",
    "sheet-2.html#s1c4",
    "sheet-3.html#s1c5",
    "sheet-3.html#s1c6",
]


class Page(HTMLParser):
    """The tags of a page, with the text of its script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inside: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inside.setdefault(self.tags[-1][0], data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def small(tmp_path):
    """A sheet of six cells of small pictures."""
    return sheet(swept(tmp_path / "p", (60, 40)))


def write(made, tmp_path, name="sheet", **options):
    """Write a sheet and return its first page."""
    write_sheet(made, tmp_path / f"{name}.html", tmp_path / f"{name}.png", **options)
    return tmp_path / f"{name}.html"


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 20))
def test_every_cell_stands_on_one_page_in_order(counts, most):
    """None twice, none lost, none too many on a page; a source without cells is shown too."""
    one = cell(Path(), ParameterSet(), None)
    blank = (SheetSource(name="", original=Path(), cells=(one,) * count) for count in counts)
    pages = writing.split(sheet(*blank), most)
    parts = [part for page in pages for part in page]
    assert [(part.source, number) for part in parts for number in range(part.first, part.last)] == [
        (source, number) for source, count in enumerate(counts) for number in range(count)
    ]
    assert {part.source for part in parts} == set(range(len(counts)))
    assert all(sum(max(1, part.last - part.first) for part in page) <= most for page in pages)
    assert len(pages) >= 1


def test_a_page_is_bound_to_its_own_script_and_style(small, tmp_path):
    """Nothing else runs, whatever gets into the page."""
    page = Page(write(small, tmp_path).read_text("utf-8"))
    (policy,) = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv")]
    for tag in ("script", "style"):
        digest = b64encode(sha256(page.inside[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in policy
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert [
        each for _, each in page.tags if any(name.startswith("on") or name == "style" for name in each)
    ] == []


def test_every_picture_stands_in_the_page_once(small, tmp_path):
    """A picture written twice doubles the page."""
    pictures = [image["src"] for image in Page(write(small, tmp_path).read_text("utf-8")).all("img")]
    assert len(pictures) == 2 + 6 * 4
    assert all(picture.startswith("data:image/") for picture in pictures)


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_parts_of_the_page_are_short_and_cannot_end_themselves(asset):
    """A style or script that names its own end tag would end there."""
    text = asset.read_text("utf-8")
    assert len(text.splitlines()) <= 350
    if asset.name.endswith((".js", ".css")):
        assert re.search(r"</(script|style)|<!--", text, re.IGNORECASE) is None
    assert "http:" not in text
    assert "https:" not in text


def test_pictures_are_reduced_and_edges_are_exact(tmp_path):
    """A page of 4K pictures opens nowhere; edges are looked at pixel by pixel."""
    alpha = matte((2000, 1000))
    look = look_at_cell(cell(tmp_path, ParameterSet(), alpha), middle(alpha.size), 100)
    assert {name: picture.size for name, picture in look.pictures.items()} == {
        "composite": (960, 480),
        "composite-edges": (320, 320),
        "matte": (960, 480),
        "matte-edges": (320, 320),
    }
    assert look.thumbnail is not None
    assert look.thumbnail.size == (100, 50)
    whole = over((0, 255, 0), alpha)
    for name, picture in (("composite-edges", whole), ("matte-edges", alpha)):
        part = Image.open(BytesIO(b64decode(look.pictures[name].uri.partition(",")[2])))
        assert part.tobytes() == middle(alpha.size).crop(picture).tobytes()


def test_what_cannot_be_read_is_told(tmp_path):
    """A file that was cut off must not cost the other thousand."""
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    broken = cell(
        tmp_path, ParameterSet(), matte((60, 40)), composite=tmp_path / "cut.png", matte=tmp_path / "no"
    )
    look = look_at_cell(broken, middle((60, 40)), 100)
    assert look.pictures == {}
    assert [problem.partition(":")[0] for problem in look.problems] == [
        "the composite cannot be shown",
        "the matte cannot be shown",
    ]


def test_a_number_that_is_none_is_no_trap(small, tmp_path):
    """JSON has no NaN; one score that is none would stop the whole page."""
    source = small.sources[0]
    cells = tuple(evolve(each, score=float("nan")) for each in source.cells)
    made = evolve(small, sources=(evolve(source, cells=cells),))
    articles = Page(write(made, tmp_path).read_text("utf-8")).all("article")
    facts = [json.loads(each["data-facts"], parse_constant=pytest.fail) for each in articles[1:]]
    assert [each["score"] for each in facts] == [None] * 6


def test_progress_is_told_cell_by_cell(small, tmp_path):
    """Thousands of cells take minutes."""
    told = []
    write(small, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 6) for number in range(1, 7)]


def test_few_pictures_are_held_at_a_time(tmp_path):
    """Thousands of them would not fit."""
    held = []

    def count(done, total):
        if done not in (2, total):
            return
        gc.collect()
        alive = [each for each in gc.get_objects() if isinstance(each, Image.Image)]
        held.append(sum(1 for each in alive if each.size == (700, 500)))

    write(sheet(swept(tmp_path / "p", (700, 500))), tmp_path, progress=count)
    assert len(held) == 2
    assert max(held) <= 2


def test_more_cells_than_a_page_holds_make_more_pages(small, tmp_path, monkeypatch):
    """Linked with each other, and a shorter sheet later leaves none of them behind."""
    monkeypatch.setattr(writing, "CELLS_PER_PAGE", 2)
    own = tmp_path / "sheet-9.html"
    own.write_text("a page of one's own")
    first = write(small, tmp_path)
    names = ["sheet.html", "sheet-2.html", "sheet-3.html"]
    for name in names:
        page = Page((tmp_path / name).read_text("utf-8"))
        assert [link["href"] for link in page.all("a") if "#" not in link["href"]] == names
        listed = [link["href"] for link in page.all("a") if "#s" in link["href"]]
        assert listed == (LISTED if name == "sheet.html" else [])
        assert len([each for each in page.all("article") if each.get("data-facts")]) == 2
    monkeypatch.setattr(writing, "CELLS_PER_PAGE", 150)
    write(small, tmp_path)
    left = sorted(path.name for path in tmp_path.glob("*.html"))
    assert left == ["sheet-9.html", "sheet.html"]
    assert own.read_text() == "a page of one's own"
    assert "sheet-2" not in first.read_text("utf-8")


def test_a_sheet_that_breaks_off_leaves_the_last_one_whole(small, tmp_path):
    """Half a page looks like a page."""
    page = write(small, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    def stop(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(evolve(small, title="Another"), tmp_path, progress=stop)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert page in before


def test_a_folder_that_cannot_be_written_is_told(small, tmp_path):
    """The caller names the folder; nothing is left in it."""
    with pytest.raises(FileNotFoundError):
        write(small, tmp_path / "nowhere")


def test_videos_stand_for_their_first_frame(tmp_path, clip):
    """A preview of a video is a video."""
    folder = tmp_path / "p"
    one = cell(folder, ParameterSet(), matte((180, 320)), composite=clip)
    page = write(sheet(SheetSource(name="clip", original=clip, cells=(one,))), tmp_path)
    sizes = [(image["width"], image["height"]) for image in Page(page.read_text("utf-8")).all("img")]
    assert sizes[0] == ("180", "320")
    assert sizes[2] == ("180", "320")


def test_a_disk_that_fails_while_reading_is_told_as_media(monkeypatch, tmp_path):
    """The sheet tells it of the one cell."""
    from avatar_async.media.sheet import pictures

    def fail(source):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(pictures, "first_frame", fail)
    with pytest.raises(MediaError, match=r"a\.png cannot be read: Input/output error"):
        pictures.load(tmp_path / "a.png")
