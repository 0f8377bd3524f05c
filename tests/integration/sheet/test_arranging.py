"""Filtering, sorting, tables, phones, many pages, and names meant to do harm."""

import pytest
from attrs import evolve

from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.sheet import SheetSource, write_sheet, writing
from tests.sheets import cell, matte, over, sheet, swept

NASTY = "</script><img src=x onerror=window.hit=1>\"'&amp;\u202egpj.exe\x00\ud800 主播"
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def visible_cells(page):
    """Return the ids of the cells on the page, in their order."""
    return page.evaluate(
        "[...document.querySelectorAll('.cell[data-facts]:not([hidden])')].map((each) => each.id)"
    )


def overflow_px(page):
    """Return by how much the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_cells_are_filtered_by_parameter_and_score(show):
    """Of hundreds, the few that matter."""
    page = show()
    page.locator("#filter summary").click()
    page.get_by_label("Only refineth_h").select_option("160")
    assert visible_cells(page) == ["s1c3", "s1c4", "s2c1", "s2c2"]
    page.get_by_label("Only source").select_option("wide")
    page.get_by_label("Only score at most").fill("0.35")
    assert visible_cells(page) == ["s1c4"]
    assert page.locator("#count").inner_text() == "1 of 8 results"
    assert page.locator("#filter summary").inner_text() == "Filter and sort (3)"
    page.locator("#clear").click()
    assert len(visible_cells(page)) == 8


def test_cells_are_sorted_by_score_and_by_parameter(show):
    """The best first, whichever end is best."""
    page = show()
    page.locator("#filter summary").click()
    page.locator("#sort").select_option("score, low to high")
    assert visible_cells(page)[:6] == ["s1c6", "s1c5", "s1c4", "s1c3", "s1c2", "s1c1"]
    page.locator("#sort").select_option("blur_ks")
    assert visible_cells(page)[:6] == ["s1c1", "s1c3", "s1c5", "s1c2", "s1c4", "s1c6"]


def test_every_parameter_is_shown_on_demand(show):
    """Differences are what one looks for; all is what one sometimes needs."""
    page = show()
    assert page.locator(".cell .params:visible").count() == 0
    page.locator("#filter summary").click()
    page.get_by_label("every parameter").check()
    assert page.locator("#s1c1 .params tbody tr:visible").count() == 7


def test_two_parameters_that_vary_make_a_table(show):
    """Rows and columns by value, each cell where it belongs."""
    page = show()
    page.locator("#bar input[value=table]").check(force=True)
    first = page.locator("#s1 .sweep")
    assert first.get_by_role("columnheader").all_inner_texts()[1:] == ["blur_ks 1", "blur_ks 3"]
    assert first.get_by_role("rowheader").all_inner_texts() == ["120", "160", "200"]
    spots = page.evaluate(
        """[...document.querySelectorAll('#s1 .strip')].slice(1).map((strip) =>
          [...strip.querySelectorAll('.spot')].map((spot) => spot.firstElementChild.id))"""
    )
    assert spots == [["s1c1", "s1c2"], ["s1c3", "s1c4"], ["s1c5", "s1c6"]]
    assert "exactly two" in page.locator("#s2 .hint").inner_text()
    page.locator("#bar input[value=cards]").check(force=True)
    assert page.locator(".sweep").count() == 0
    assert visible_cells(page)[:3] == ["s1c1", "s1c2", "s1c3"]


def test_a_phone_never_scrolls_sideways(show):
    """In any view, with everything open."""
    page = show(**PHONE)
    assert overflow_px(page) == 0
    page.locator("#fold").click()
    assert overflow_px(page) == 0
    page.locator("#filter summary").click()
    assert overflow_px(page) == 0
    page.locator("#filter summary").click()
    page.locator("#bar input[value=table]").check(force=True)
    assert overflow_px(page) == 0
    page.locator("#s1c1 [data-act=details]").click()
    assert overflow_px(page) == 0
    assert page.evaluate("document.querySelector('#details').scrollWidth <= innerWidth")
    page.locator("#details-choose").click()
    page.locator("#leave").click()
    assert page.locator("#tray").is_visible()
    assert overflow_px(page) == 0


def test_what_is_pressed_on_a_phone_is_as_large_as_a_finger(show):
    """Forty pixels, at the least, where nothing else is near."""
    page = show(**PHONE)
    page.locator("#fold").click()
    heights = page.evaluate(
        "[...document.querySelectorAll('button, select, summary')].filter((each) => each.checkVisibility())"
        ".map((each) => each.getBoundingClientRect().height)"
    )
    assert min(heights) >= 36


def test_names_stay_text(show, tmp_path):
    """File names and notes are written by others."""
    folder = tmp_path / "p"
    folder.mkdir()
    over((0, 99, 0), matte((60, 40))).save(folder / "o.png")
    one = cell(folder, ParameterSet(), matte((60, 40)), name=NASTY, notes=(NASTY,), label=NASTY)
    source = SheetSource(name=NASTY, original=folder / "o.png", note=NASTY, cells=(one,))
    write_sheet(sheet(source, title=NASTY, label=NASTY), tmp_path / "s.html", tmp_path / "s.png")
    page = show(tmp_path / "s.html", permissions=["clipboard-write"])
    shown = "</script><img src=x onerror=window.hit=1>\"'&amp;\\u202egpj.exe\\x00\\ud800 主播"
    for where in ("h1", "#s1 > h2", "#s1 > .note", "#s1c1 h3", ".head .label", "#s1c1 .notes li"):
        assert page.locator(where).inner_text() == shown
    page.locator("#s1c1 [data-act=details]").click()
    assert page.locator("#details-name").inner_text() == f"{shown}: {shown}"
    with page.expect_download():
        page.locator("#details-choose").click()
    assert page.evaluate("window.hit ?? null") is None
    assert page.locator("img[src=x]").count() == 0


def test_missing_pictures_are_told_and_the_rest_is_shown(show, tmp_path):
    """One result that never came must not cost the sheet."""
    folder = tmp_path / "p"
    whole = swept(folder, highs=(120, 160), blurs=(3,))
    lost = cell(folder, ParameterSet().changed({"green_params_blur_ks": 9}), None, notes=("the task failed",))
    bare = cell(folder, ParameterSet().changed({"green_params_blur_ks": 7}), matte((480, 270)), matte=None)
    source = SheetSource(name="p", original=folder / "gone.png", cells=(*whole.cells, lost, bare))
    write_sheet(sheet(source), tmp_path / "s.html", tmp_path / "s.png")
    page = show(tmp_path / "s.html")
    assert "no composite to show" in page.locator("#s1c3 .view").inner_text()
    assert page.locator("#s1c3 .notes").inner_text().endswith("the task failed")
    assert "cannot be shown" in page.locator(".original .notes").inner_text()
    page.locator("#bar input[value=only-matte]").check(force=True)
    assert "no matte is known" in page.locator("#s1c4 .view").inner_text()
    page.locator("#bar input[value=matte]").check(force=True)
    assert page.locator("#s1c4 .tag:visible").inner_text() == "composite; no matte is known"
    assert page.locator(".handle:visible").count() == 2
    page.locator("#bar input[value=composite]").check(force=True)
    page.locator("[name=ground]").select_option("white")
    page.wait_for_selector("#s1c1 canvas:visible")
    assert page.locator("#s1c4 .tag:visible").inner_text() == "as made: no matte"


def test_pages_lead_to_each_other(show, tmp_path, monkeypatch):
    """More cells than a browser can hold are several pages."""
    monkeypatch.setattr(writing, "CELLS_PER_PAGE", 4)
    write_sheet(sheet(swept(tmp_path / "p", (60, 40))), tmp_path / "odd name#1.html", tmp_path / "s.png")
    page = show(tmp_path / "odd name#1.html")
    assert visible_cells(page) == ["s1c1", "s1c2", "s1c3", "s1c4"]
    page.get_by_role("link", name="2", exact=True).click()
    page.wait_for_url("**/odd%20name%231-2.html")
    assert visible_cells(page) == ["s1c5", "s1c6"]
    assert "page 2 of 2, results 5 to 6" in page.locator(".facts").inner_text()
    assert page.locator("#count").inner_text() == "2 results on this page"


def test_the_best_of_all_pages_is_found_on_the_first(show, tmp_path, monkeypatch):
    """Nobody leafs through twenty pages to compare scores."""
    monkeypatch.setattr(writing, "CELLS_PER_PAGE", 4)
    source = swept(tmp_path / "p", (60, 40))
    unknown = evolve(source.cells[0], score=None)
    made = sheet(evolve(source, cells=(unknown, *source.cells[1:])))
    write_sheet(made, tmp_path / "s.html", tmp_path / "s.png")
    page = show(tmp_path / "s.html")
    page.locator("#index summary").click()
    rows = page.locator("#index tbody tr:visible")
    scores = page.locator("#index tbody tr:visible td:nth-child(3)")
    page.get_by_role("button", name="score").click()
    assert scores.all_inner_texts() == ["0.1", "0.2", "0.3", "0.4", "0.5", ""]
    page.get_by_role("button", name="score").click()
    assert scores.all_inner_texts() == ["0.5", "0.4", "0.3", "0.2", "0.1", ""]
    page.locator("#find").fill("REFINETH_H 200")
    assert rows.count() == 2
    rows.last.get_by_role("link").click()
    page.wait_for_url("**/s-2.html#s1c6")
    page.locator("#s1c6:target").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_without_scripts_everything_can_still_be_seen(show, width):
    """Some readers run no scripts from files."""
    page = show(width=width, java_script_enabled=False)
    assert page.locator("#s1c1 img[data-layer=composite]").is_visible()
    assert page.locator("#s1c1 img[data-layer=matte]").is_visible()
    assert not page.locator("#bar").is_visible()
    assert not page.locator("#s1c1 [data-act=choose]").is_visible()
    page.locator("#s1c1 .more summary").click()
    assert page.locator("#s1c1 .toml").is_visible()
    assert "not the vendor's pixels" in page.locator("#s1c1 .label").inner_text()
