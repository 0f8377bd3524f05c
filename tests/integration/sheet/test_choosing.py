"""Choosing a cell of a contact sheet, and what becomes of it."""

import tomllib
from pathlib import Path

import pytest

from avatar_async.manifests import read_manifests
from avatar_async.media.parameter_sets import ParameterSet
from avatar_async.media.sheet import SheetSource, write_sheet
from avatar_async.requests import ImagePreviewRequest
from tests.sheets import cell, matte, over, sheet

REFUSED = """
Object.defineProperty(navigator, 'clipboard', {value: {writeText: () => Promise.reject(new Error('no'))}});
"""
ALSO_BY_SELECTION = "document.execCommand = () => false;"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def saved(page, press) -> Path:
    """Return the file that the browser saves when something is pressed."""
    with page.expect_download() as waiting:
        press()
    assert waiting.value.suggested_filename == "picked.toml"
    return Path(waiting.value.path())


def test_a_chosen_cell_is_saved_and_copied(show, two_sources, until):
    """The fragment in the file and on the clipboard is the cell's parameters, all of them."""
    page = show(**CLIPBOARD)
    file = saved(page, page.locator("#s1c5 [data-act=choose]").click)
    until(page, "document.querySelector('#said').textContent !== ''")
    chosen = two_sources.sources[0].cells[4]
    assert tomllib.loads(file.read_text("utf-8")) == {"green_screen": dict(chosen.parameters)}
    assert page.evaluate("navigator.clipboard.readText()") == file.read_text("utf-8")
    assert page.locator("#said").inner_text() == f"{chosen.name}: copied, and saved as picked.toml."
    assert page.locator("[aria-pressed=true]").count() == 1
    assert "chosen" in page.locator("#s1c5").get_attribute("class")


def test_a_saved_fragment_goes_into_a_manifest(show, tmp_path):
    """It was made to be included: the training gets what was seen."""
    folder = tmp_path / "pictures"
    picked = ParameterSet().changed(
        {
            "green_params_refineth_h_bgr": 120,
            "green_params_spill_byalpha": -0.25,
            "green_params_sample_point_bgr": (255, 0, 0),
            "green_params_sample_background": (1, 2, 3),
        }
    )
    folder.mkdir()
    over((9, 9, 200), matte((60, 40))).save(folder / "o.png")
    source = SheetSource(name="a", original=folder / "o.png", cells=(cell(folder, picked, matte((60, 40))),))
    write_sheet(sheet(source), tmp_path / "s.html", tmp_path / "s.png")
    page = show(tmp_path / "s.html", **CLIPBOARD)
    (tmp_path / "picked.toml").write_bytes(saved(page, page.locator("[data-act=choose]").click).read_bytes())
    (tmp_path / "jobs.toml").write_text(
        '[[jobs]]\nname = "one"\nkind = "image_preview"\nmaterial_name = "one"\n'
        'url = "https://media.example/a.png"\ninclude = ["picked.toml"]\n'
    )
    (job,) = read_manifests([tmp_path / "jobs.toml"]).jobs
    assert isinstance(job.request, ImagePreviewRequest)
    assert job.request.green == picked.screen
    assert job.request.problems() == []


def test_where_the_clipboard_is_refused_copying_a_selection_is_tried(show, two_sources, until):
    """Many browsers refuse pages that were opened from a file."""
    page = show(**CLIPBOARD)
    page.evaluate(f"window.reads = navigator.clipboard.readText.bind(navigator.clipboard); {REFUSED}")
    file = saved(page, page.locator("#s1c2 [data-act=choose]").click)
    until(page, "document.querySelector('#said').textContent !== ''")
    assert page.evaluate("window.reads()") == file.read_text("utf-8")
    assert page.locator("textarea").count() == 1


def test_where_all_copying_is_refused_the_text_is_there_to_copy(show, two_sources):
    """Saved all the same, and said so; the text is selected for the person's own keys."""
    page = show()
    page.evaluate(REFUSED + ALSO_BY_SELECTION)
    file = saved(page, page.locator("#s1c2 [data-act=choose]").click)
    page.wait_for_selector("#text:visible")
    assert page.locator("#said").inner_text().endswith("could not be copied, but saved as picked.toml.")
    assert page.evaluate("getSelection().toString() || document.activeElement.value") == file.read_text(
        "utf-8"
    )
    assert page.locator("#text").input_value() == file.read_text("utf-8")


def test_the_keys_alone_do_everything(show, two_sources, until):
    """From the top of the page: skip, open the details, look, choose, and back to where one was."""
    page = show(**CLIPBOARD)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link that skips to the pictures
    assert page.evaluate("document.activeElement.id") == "cells"

    def tab_to(selector):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("(name) => document.activeElement.matches(name)", selector):
                return
        pytest.fail(f"Tab never comes to {selector}")

    tab_to("#s1c2 .view")
    page.keyboard.press("Enter")
    assert page.locator("#details").is_visible()
    assert page.locator("#details-name").inner_text() == f"wide: {two_sources.sources[0].cells[1].name}"
    tab_to("#details-choose")
    file = saved(page, lambda: page.keyboard.press("Enter"))
    until(page, "document.querySelector('#details-said').textContent !== ''")
    assert tomllib.loads(file.read_text())["green_screen"] == two_sources.sources[0].cells[1].parameters
    page.keyboard.press("Escape")
    assert not page.locator("#details").is_visible()
    assert page.evaluate("document.activeElement.closest('.cell').id") == "s1c2"


def test_the_details_show_every_parameter_and_the_label(show, two_sources):
    """What differs stands out, and whose pixels these are is said beside them."""
    page = show()
    page.locator("#s1c1 [data-act=details]").click()
    body = page.locator("#details-body")
    assert body.locator(".label").inner_text() == two_sources.sources[0].cells[0].label
    assert body.locator("tbody tr").count() == len(two_sources.sources[0].cells[0].parameters)
    changed = [
        row.split("\t")[0].split(",")[0].strip() for row in body.locator("tr.changed").all_inner_texts()
    ]
    assert changed == ["refineth_h", "blur_ks"]
    assert body.locator(".score").inner_text() == "0.6"
    page.locator("#after").click()
    assert page.locator("#details-name").inner_text().endswith(two_sources.sources[0].cells[1].name)
    page.locator("#details [data-mirror=pair]").select_option("only-matte")
    assert page.locator("#bar input[value=only-matte]").is_checked()
    page.locator("#leave").click()
    assert not page.locator("#details").is_visible()


def test_any_cell_can_be_what_others_are_compared_with(show):
    """The default is, until another is."""
    page = show()
    assert page.locator(".badge.reference:visible").count() == 2
    assert page.locator("#s1c4 .badge.reference").is_visible()
    page.locator("#s1c6 [data-act=details]").click()
    page.locator("#details-reference").click()
    page.locator("#leave").click()
    assert page.locator("#s1c6 .badge.reference").is_visible()
    assert not page.locator("#s1c4 .badge.reference").is_visible()
    page.locator("#bar input[value=reference]").check(force=True)
    page.wait_for_selector("#s1c1 .half.over img[src]")
    shown, own = page.evaluate(
        """['#s1c1 .half.under img', '#s1c6 img[data-layer=composite]']
          .map((name) => document.querySelector(name).getAttribute('src'))"""
    )
    assert shown == own
