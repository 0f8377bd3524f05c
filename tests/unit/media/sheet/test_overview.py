"""The overview picture of a contact sheet."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from avatar_async.media.sheet.layout import SIDE_MOST_PX, plan
from avatar_async.media.sheet.overview import Overview, shortened
from tests.sheets import LABEL, SUBJECT, matte, over, sheet, swept


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.floats(0.1, 10)), max_size=60),
    st.integers(1, 9),
)
def test_whatever_there_is_fits_into_bounds(sources, lines):
    """Thousands of cells must not make a picture that nothing opens."""
    counts, ratios = [count for count, _ in sources], [ratio for _, ratio in sources]
    layout = plan(counts, ratios, lines)
    assert max(layout.size) <= SIDE_MOST_PX
    placed = sum(len(place.tiles) - 1 for place in layout.sources)
    assert placed + layout.left_out == sum(counts)
    below = 0
    for place in layout.sources:
        assert place.top >= below
        for left, top in place.tiles:
            assert layout.margin <= left <= layout.size[0] - layout.margin - layout.tile_px
            assert place.top < top
            assert top + place.height <= layout.foot
        assert len(set(place.tiles)) == len(place.tiles)
        below = place.tiles[-1][1] + place.height
    assert layout.foot < layout.size[1]


def test_few_are_shown_large_and_many_small():
    """All there is room for, none of it wasted."""
    widths = [plan([count], [0.5625], 2).tile_px for count in (5, 60, 300, 900)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 3 * widths[-1]
    assert plan([900], [0.5625], 2).left_out == 0


def drawn(made, tmp_path):
    """Draw a sheet with every cell the same, and return the picture."""
    overview = Overview(made)
    picture = over((0, 0, 255), matte((120, 80)))
    for number, source in enumerate(made.sources):
        overview.put_original(number, picture)
        for index, cell in enumerate(source.cells):
            overview.put_cell(number, index, cell, None if index == 1 else picture)
    overview.save(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        image.load()
        return overview.layout, image


def test_pictures_stand_at_their_places_and_the_label_is_in_the_file(tmp_path):
    """Whose pixels these are goes with the picture, wherever it is sent."""
    made = sheet(swept(tmp_path / "a", (60, 40)), swept(tmp_path / "b", (40, 60)), title="Überblick")
    layout, image = drawn(made, tmp_path)
    assert image.text == {"Title": "Überblick", "Comment": LABEL}
    assert image.size == layout.size
    for place in layout.sources:
        for number, (left, top) in enumerate(place.tiles):
            centre = image.getpixel((left + layout.tile_px // 2, top + place.height // 2))
            assert (centre == SUBJECT) == (number != 2), number


def test_other_labels_are_told_and_marked(tmp_path):
    """A service's own pixels stand beside reproduced ones."""
    source = swept(tmp_path / "a", (60, 40))
    other = evolve(source.cells[0], label="the service's own result")
    plain, _ = drawn(sheet(source), tmp_path)
    layout, image = drawn(sheet(evolve(source, cells=(other, *source.cells[1:]))), tmp_path)
    assert image.text["Comment"] == f"{LABEL}; the service's own result"
    assert layout.size[1] > plain.size[1]


@pytest.mark.parametrize("name", ["主播-春.mp4", "\ud800\x00\u202e", "x" * 5000, ""])
def test_any_name_can_be_drawn(tmp_path, name):
    """The letters at hand are Latin."""
    source = evolve(swept(tmp_path / "a", (60, 40)), name=name)
    cells = tuple(evolve(cell, name=name, label=f"{name}!") for cell in source.cells)
    _, image = drawn(sheet(evolve(source, cells=cells), title=name, label=name), tmp_path)
    assert max(image.size) <= SIDE_MOST_PX


def test_a_sheet_without_anything_is_a_picture(tmp_path):
    """Nothing came back yet."""
    _, image = drawn(sheet(), tmp_path)
    assert image.size[0] >= 900


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)), st.integers(20, 400))
def test_text_is_cut_to_its_room(text, room):
    """It would run into the next picture."""
    font = ImageFont.load_default(14)
    cut = shortened(text, font, room)
    assert font.getlength(cut) <= room
    assert cut == text or cut.endswith("...")
