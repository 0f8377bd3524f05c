"""`preview --fix` and `--auto`: advice on one medium, told, shown and carried on."""

import json
import tomllib

import pytest

from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.video import encode


@pytest.fixture
def media(tmp_path):
    """Put pictures, and a clip of two seconds, where the commands run."""
    white = make_still(ClipStyle(width_px=270, height_px=480))
    white.save(tmp_path / "still.png")
    make_still(ClipStyle(width_px=180, height_px=320, screen="blue")).save(tmp_path / "blue.png")
    encode((white for _ in range(20)), tmp_path / "clip.mp4", fps=10)
    return tmp_path


def events(ended, name):
    """Return the JSON lines of one event."""
    return [each for each in map(json.loads, ended.out.splitlines()) if each["event"] == name]


def cells(folder):
    """Return the cells of the sheet's one source, by the name of their set."""
    index = json.loads((folder / "contact-sheet.json").read_text())
    (source,) = index["sources"]
    return {cell["set"]: cell for cell in source["cells"]}


async def test_a_complaint_gets_the_recipe_with_its_source_beside_what_was_used(cli, media):
    """Both are on the sheet, before and after."""
    done = await cli("preview", "still.png", "--out", "o", "--local", "--fix", "black-edges")
    assert done.code == 0, done
    assert "green_params_refineth_h_bgr = 90" in done.out
    assert "Parameter\n    Notes: Black Edges" in done.out
    assert "dark fringe" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    shown = cells(media / "o")
    assert list(shown) == ["default", "h90-l10-spill-0.3"]
    assert any("against black-edges" in note for note in shown["h90-l10-spill-0.3"]["notes"])


async def test_what_is_found_can_be_picked_and_every_set_has_a_score(cli, media):
    """The search, its score and the defaults' are there for people and for programs."""
    command = ("preview", "clip.mp4", "--out", "o", "--local", "--auto", "--sweep", "h=70", "--json")
    done = await cli(*command, "--pick", "auto")
    assert done.code == 0, done
    (told,) = events(done, "auto")
    assert told["trace"][0] == {"set": "default", "score": told["score_at_defaults"]["total"]}
    assert told["score"]["total"] <= told["score_at_defaults"]["total"]
    shown = cells(media / "o")
    assert shown[told["set"]]["score"] == pytest.approx(told["score"]["total"], abs=0.01)
    assert shown["h70"]["score"] > shown["default"]["score"]
    picked = tomllib.loads((media / "picked.toml").read_text())["green_screen"]
    (name,) = [each["set"] for each in events(done, "picked")]
    assert name == told["set"]
    assert f"h{picked['green_params_refineth_h_bgr']}" in name or name == "default"


async def test_advice_comes_before_the_service_is_asked_for_previews(cli, media):
    """What is found here is previewed there, and each result says how it was emulated."""
    done = await cli("preview", "clip.mp4", "--out", "o", "--emulator", "--fix", "green-tint", "--json")
    assert done.code == 0, done
    assert [each["set"] for each in events(done, "advice")] == ["spill-0.3"]
    shown = cells(media / "o")
    assert list(shown) == ["default", "spill-0.3"]
    assert any("up to 10 s and 540p" in note for note in shown["spill-0.3"]["notes"])


async def test_what_a_preview_cannot_show_is_told(cli, media):
    """Style 3 and the encoding quality are fields of a training; loss by encoding is shown apart."""
    done = await cli(
        "preview", "still.png", "--out", "o", "--local", "--fix", "grey-cheeks", "--fix", "unclear", "--json"
    )
    assert done.code == 0, done
    cheeks, unclear = events(done, "advice")
    assert (cheeks["set"], cheeks["beyond"]) == (None, {"segment_style": 3, "remove_green_edge": False})
    assert (unclear["set"], unclear["beyond"]) == (None, {"video_crf_quality": 14})
    assert (media / unclear["before"]).read_bytes() != (media / unclear["after"]).read_bytes()
    assert list(cells(media / "o")) == ["default"]


async def test_measuring_a_screen_of_another_colour_tells_nothing_but_why(cli, media):
    """Unknown is an answer, and so is what to do about it."""
    done = await cli("preview", "blue.png", "--out", "o", "--local", "--fix", "measured", "--auto")
    assert done.code == 0, done
    assert "measured in blue.png: unknown" in done.out
    assert "auto for blue.png: cannot be told" in done.out
    assert "green_params_sample_point_bgr to [255, 0, 0]" in " ".join(done.out.split())


async def test_wrong_wishes_are_all_told_at_once(cli, media):
    """Nothing is made of half of what was asked."""
    done = await cli(
        "preview", "still.png", "blue.png", "--out", "o", "--local", "--fix", "black-edge", "--auto"
    )
    assert done.code == 2
    assert "--fix black-edge: there is no such complaint (did you mean black-edges?)" in done.err
    assert "look at one picture or video, 2 are named" in done.err
    assert not (media / "o").exists()
