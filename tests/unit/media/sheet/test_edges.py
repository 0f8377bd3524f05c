"""Choosing where edges are compared."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.sheet.edges import SIDE_PX, contour, disputed, half_covered, middle, outline, window
from avatar_async.media.sheet.looks import edge_window
from tests.sheets import GREEN, cell, matte, over

SIZE = (1280, 720)


def marked(*boxes, size=SIZE):
    """Return a picture of marks."""
    picture = Image.new("L", size)
    for box in boxes:
        ImageDraw.Draw(picture).rectangle(box, fill=255)
    return picture


def holds(place, spot):
    """Tell whether a window holds a spot."""
    assert place is not None
    left, top, right, bottom = place.box
    return left <= spot[0] < right and top <= spot[1] < bottom


def test_the_window_is_where_most_is_half_covered():
    """Hair, not the straight edge of a shoulder."""
    picture = marked((100, 500, 103, 700), (900, 100, 960, 160))
    place = window(SIZE, [picture])
    assert holds(place, (900, 100))
    assert holds(place, (960, 160))


def test_marks_of_several_mattes_are_added_up():
    """What is soft in one set only says less than what is soft in all."""
    often, once = marked((100, 100, 130, 130)), marked((900, 500, 940, 540))
    assert holds(window(SIZE, [often, once, often]), (115, 115))
    assert holds(window(SIZE, [once]), (920, 520))


def test_without_a_mark_there_is_no_window():
    """The caller knows where else to look."""
    assert window(SIZE, []) is None
    assert window(SIZE, [marked()]) is None
    assert middle(SIZE).box == (480, 200, 800, 520)


@given(st.integers(1, 900), st.integers(1, 900), st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)))
def test_a_window_lies_in_its_picture_and_holds_the_mark(width, height, at):
    """Of any size, wherever the mark is."""
    spot = int(at[0] * width), int(at[1] * height)
    picture = marked((spot[0] - 12, spot[1] - 12, spot[0] + 12, spot[1] + 12), size=(width, height))
    place = window((width, height), [picture])
    assert place is not None
    left, top, right, bottom = place.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert (right - left, bottom - top) == (min(SIDE_PX, width), min(SIDE_PX, height))
    assert holds(place, spot)
    assert place.crop(picture).size == (right - left, bottom - top)


def test_a_picture_of_another_size_is_cropped_at_the_same_place():
    """A service may send back a smaller picture."""
    whole = over(GREEN, matte(SIZE))
    place = window(SIZE, [half_covered(matte(SIZE))])
    assert place is not None
    part, other = place.crop(whole), place.crop(whole.resize((640, 360)))
    assert part.size == other.size
    apart = ImageChops.difference(part, other).convert("L")
    assert apart.point([0] * 40 + [255] * 216).getbbox() is None
    assert part.convert("L").getbbox() is not None


def test_the_window_is_where_results_differ(tmp_path):
    """A straight edge is half covered in every set; hair is there in one and gone in another."""
    edge = Image.linear_gradient("L").rotate(90).resize((200, 720))
    first, second = Image.new("L", SIZE), Image.new("L", SIZE)
    for alpha in (first, second):
        alpha.paste(edge, (0, 0))
    second.paste(255, (1000, 200, 1030, 230))
    sets = [ParameterSet().changed({"green_params_blur_ks": blur}) for blur in (1, 5)]
    cells = [cell(tmp_path, each, alpha) for each, alpha in zip(sets, (first, second), strict=True)]
    assert holds(edge_window(cells[:1], SIZE), (100, 300))
    assert holds(edge_window(cells, SIZE), (1015, 215))
    assert not holds(edge_window([cells[0], cells[0]], SIZE), (1015, 215))


def test_mattes_of_another_size_do_not_count_as_different():
    """They are another picture; and of none nothing is known."""
    assert disputed([]) is None
    found = disputed([matte((40, 40)), matte((20, 20), 0)])
    assert found is not None
    assert found.getbbox() is None


def test_hard_mattes_are_followed_where_they_turn():
    """High and low threshold alike leave nothing half covered."""
    hard = matte(SIZE, 0)
    assert half_covered(hard).getbbox() is None
    assert contour(hard).getbbox() == (460, 180, 821, 541)
    assert contour(Image.new("L", (2, 2), 255)).getbbox() is None


def test_without_mattes_the_outline_of_the_subject_is_followed(tmp_path):
    """A service's result has no matte, but its background is known."""
    alpha = matte(SIZE, 2, (0.2, 0.3))
    found = outline(over(GREEN, alpha), GREEN)
    assert found.getbbox() is not None
    remote = cell(tmp_path, ParameterSet(), alpha, matte=None)
    left, top, right, bottom = edge_window([remote], SIZE).box
    assert left < 256 < right or top < 216 < bottom
    assert right <= 640


def test_a_source_without_results_shows_its_middle(tmp_path):
    """Nothing to compare yet is no reason to fail."""
    assert edge_window([], SIZE) == middle(SIZE)
    assert edge_window([cell(tmp_path, ParameterSet(), None)], SIZE) == middle(SIZE)


def test_some_of_thousands_of_mattes_decide(tmp_path, monkeypatch):
    """All would be decoded twice; of these, alike, the few are looked at for differences and for edges."""
    read = []
    one = cell(tmp_path, ParameterSet(), matte((64, 64)))

    def note(path):
        read.append(path)
        return matte((64, 64)).convert("RGB")

    monkeypatch.setattr("avatar_async.media.sheet.looks.load", note)
    edge_window([one] * 1000, (64, 64))
    assert 1 < len(read) <= 16
