"""`preview --local`: what is made, what is used again, what is refused, and what is picked."""

import html
import re

import pytest
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngImageFile

from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.keyer import LABEL, KeyParameters, key
from avatar_async.media.video import encode
from tests.previewing import index, lines, picture

SWEEP = ("--sweep", "refineth_h=90,200")


@pytest.fixture(scope="module")
def small():
    """Return a small picture of a person before a screen."""
    return make_still(ClipStyle(width_px=180, height_px=320))


@pytest.fixture
def media(small, tmp_path):
    """Put a picture and a clip of two seconds where the commands run."""
    small.save(tmp_path / "still.png")
    frames = (small.rotate(number, fillcolor=small.getpixel((0, 0))) for number in range(20))
    encode(frames, tmp_path / "clip.mp4", fps=10)
    return tmp_path


def test_local_previews_are_the_keyers_pixels_and_differ_where_parameters_do(typed, media):
    """What is looked at is what the parameters do, and every picture says whose it is."""
    done = typed("preview", "still.png", "--out", "o", "--local", *SWEEP, "--json")
    assert done.exit_code == 0, done.output
    *cells, sheet = lines(done.stdout)
    assert [cell["set"] for cell in sorted(cells, key=lambda cell: cell["set"])] == ["default", "h200", "h90"]
    assert sheet == {
        "event": "sheet",
        "html": "o/contact-sheet.html",
        "index": "o/contact-sheet.json",
        "cells": 3,
    }
    still = picture(media / "still.png")
    composites = {}
    for cell in cells:
        high = cell["parameters"]["green_params_refineth_h_bgr"]
        keyed = key(still, KeyParameters(refineth_h=high))
        with Image.open(media / cell["composite"]) as image:
            assert isinstance(image, PngImageFile)
            assert image.text["Comment"] == LABEL == cell["label"]
            composites[cell["set"]] = image.convert("RGB")
        assert composites[cell["set"]].tobytes() == keyed.image.tobytes()
        with Image.open(media / cell["matte"]) as matte:
            assert matte.tobytes() == keyed.alpha.tobytes()
    assert ImageChops.difference(composites["h90"], composites["h200"]).getbbox() is not None

    page = html.unescape((media / "o/contact-sheet.html").read_text())
    assert LABEL in page
    assert picture(media / "o/contact-sheet.png").width > 100
    assert [each["name"] for each in index(media / "o")["sets"]] == ["default", "h90", "h200"]


def test_what_is_there_is_used_again_unless_the_picture_changed(typed, media):
    """The same command goes on; a picture of the same name with other pixels is another picture."""
    command = ("preview", "still.png", "--out", "o", "--local", "--json")
    first = typed(*command, "--sweep", "h=90")
    more = typed(*command, "--sweep", "h=90,200")
    assert [first.exit_code, more.exit_code] == [0, 0]
    assert {cell["set"]: cell["reused"] for cell in lines(more.stdout)[:-1]} == {
        "default": True,
        "h90": True,
        "h200": False,
    }
    quality = typed(*command, "--quality")
    assert [cell["reused"] for cell in lines(quality.stdout)[:-1]] == [False]
    assert "quality mode" in lines(quality.stdout)[0]["label"]
    assert "quality mode" in (media / "o/contact-sheet.html").read_text()

    still = picture(media / "still.png")
    still.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(media / "still.png")
    changed = typed(*command)
    assert [cell["reused"] for cell in lines(changed.stdout)[:-1]] == [False]


def test_a_damaged_preview_is_made_anew(typed, media):
    """A file that was cut short by a full disk or a careless hand."""
    command = ("preview", "still.png", "--out", "o", "--local", "--json")
    (cell, _) = lines(typed(*command).stdout)
    whole = (media / cell["composite"]).read_bytes()
    (media / cell["composite"]).write_bytes(whole[:20])
    (again, _) = lines(typed(*command).stdout)
    assert again["reused"] is False
    assert (media / cell["composite"]).read_bytes() == whole


def test_broken_media_are_told_and_the_others_go_on(typed, media):
    """One bad file among many must not cost the rest."""
    (media / "torn.mp4").write_bytes((media / "clip.mp4").read_bytes()[:900])
    (media / "notes.txt").write_text("no picture")
    (media / "empty.png").write_bytes(b"")
    files = ["torn.mp4", "notes.txt", "empty.png", "still.png"]
    done = typed("preview", *files, "--out", "o", "--local", *SWEEP)
    assert done.exit_code == 1, done.output
    for name in files[:3]:
        assert re.search(rf"^error: {name}: \S", done.stderr, re.MULTILINE), done.stderr
    assert "Contact sheet: o/contact-sheet.html" in done.stdout
    assert [source["name"] for source in index(media / "o")["sources"]] == ["still.png"]


def test_nothing_but_broken_media_ends_badly(typed, media):
    """No sheet of nothing."""
    (media / "empty.png").write_bytes(b"")
    done = typed("preview", "empty.png", "--out", "o", "--local")
    assert done.exit_code == 1
    assert "No preview could be made" in done.stderr
    assert not (media / "o/contact-sheet.html").exists()


def test_videos_show_frames_and_make_clips(typed, media):
    """A frame at each instant, and whole clips where they are wanted, with the cap told in the help."""
    done = typed("preview", "clip.mp4", "--out", "o", "--local", "--at", "0.5", "--at", "1.5", "--clips")
    assert done.exit_code == 0, done.output
    names = [source["name"] for source in index(media / "o")["sources"]]
    assert names == ["clip.mp4 at 0.5 s", "clip.mp4 at 1.5 s"]
    first, second = (source["cells"][0] for source in index(media / "o")["sources"])
    one, two = (picture(media / "o" / cell["composite"]) for cell in (first, second))
    assert ImageChops.difference(one, two).getbbox() is not None
    assert (media / "o" / first["clip"]).read_bytes()[4:8] == b"ftyp"


def test_a_set_is_picked_later_without_making_anything(typed, media):
    """By its name or its title; never over a file that says something else."""
    typed("preview", "still.png", "--out", "o", "--local", "--preset", "black_edges")
    done = typed("preview", "--out", "o", "--pick", "black_edges", "--to", "p.toml")
    assert done.exit_code == 0, done.output
    assert "Saved h90-l10-spill-0.3 to p.toml" in done.stdout
    same = typed("preview", "--out", "o", "--pick", "h90-l10-spill-0.3", "--to", "p.toml")
    assert same.exit_code == 0, same
    other = typed("preview", "--out", "o", "--pick", "default", "--to", "p.toml")
    assert other.exit_code == 2
    assert "p.toml is there already" in other.stderr
    unknown = typed("preview", "--out", "o", "--pick", "black_edge")
    assert unknown.exit_code == 2
    assert "did you mean black_edges?" in unknown.stderr
    nothing = typed("preview", "--out", "elsewhere", "--pick", "default")
    assert nothing.exit_code == 2
    assert "there is no contact sheet in elsewhere" in nothing.stderr


def refusal(ended):
    """Return the lines of a refusal."""
    assert ended.exit_code == 2, ended.output
    return [line.strip() for line in ended.stderr.splitlines()]


def test_everything_wrong_is_told_at_once_and_nothing_is_made(typed, media):
    """Before anything is sent or written."""
    told = refusal(
        typed(
            *("preview", "still.png", "gone.png", ".", "ftp://x/a.png", "--out", "o"),
            *("--sweep", "h=10,300", "--sweep", "blurs=1", "--preset", "sharper", "--set", "gone.toml"),
            *("--quality", "--to", "p.toml"),
        )
    )
    assert told[0] == "Error: 10 problems, nothing was made or sent:"
    for field, said in (
        ("--preset sharper", "it changes nothing in a preview; give one of general, black_edges"),
        ("gone.toml", "cannot be read: No such file or directory"),
        ("--sweep h=10,300", "green_params_refineth_h_bgr is 10; allowed is 70 to 220"),
        ("--sweep blurs=1", "did you mean blur?"),
        ("gone.png", "there is no such file"),
        (".", "is a folder; name the pictures and videos in it"),
        ("ftp://x/a.png", "is neither a file nor an http or https address"),
        ("--quality", "add --local, or leave it out"),
        ("still.png, gone.png and 2 more", "the service reads URLs only"),
        ("--to p.toml", "needs --pick SET"),
    ):
        assert any(field in line and said in line for line in told), (field, told)
    assert not (media / "o").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--local"], "name pictures or videos to preview"),
        (["still.png", "--local", "--emulator"], "--emulator is for previews by the service"),
        (["still.png", "--local", "--max-creates", "3"], "--max-creates is for previews by the service"),
        (["still.png"], "add --local (at once, here) or --emulator (to try)"),
        (["https://x/a.png"], "there are no credentials"),
        (["still.png", "--local", "--pick", "h9"], "--pick h9: there is no such set; there are default"),
        (["clip.mp4", "--local", "--at", "3"], "--at 3 lies beyond clip.mp4, which lasts 2.00 s"),
        (
            ["still.png", "--local", "--sweep", "h=70..220:1", "--sweep", "blur=1,3"],
            "302 sets x 1 media = 302 previews; more than 200 need --yes",
        ),
        (
            ["still.png", "--local", "--sweep", "h=70..220:1", "--sweep", "l=10..80:1", "--yes"],
            "at most 10000",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_to_do(typed, media, options, said):
    """Exit code 2, and nothing made."""
    assert any(said in line for line in refusal(typed("preview", *options, "--out", "o")))
    assert not (media / "o").exists()


def test_a_dry_run_lists_sets_and_media_and_makes_nothing(typed, media):
    """The names are those that --pick takes."""
    options = ("--sweep", "h=70..220:1", "--sweep", "blur=1,3", "--base", "blue_screen", "--dry-run")
    done = typed("preview", "still.png", "clip.mp4", "--out", "o", "--local", *options)
    assert done.exit_code == 0, done.output
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "default" in shown
    assert "spill0-sample255.0.0 blue_screen" in shown
    assert "h70-blur1-spill0-sample255.0.0" in shown
    assert "clip.mp4 video, 180 x 320, 2.00 s" in shown
    assert shown[-1] == "606 previews would be made here. Nothing was made."
    assert not (media / "o").exists()


def test_the_defaults_are_always_among_the_sets_and_a_base_begins_the_others(typed, media):
    """Everything is judged beside the reference; a picked file is a base like a preset."""
    (media / "mine.toml").write_text("[green_screen]\ngreen_params_blur_ks = 6\n")
    done = typed("preview", "still.png", "--out", "o", "--local", "--include", "mine.toml", "--sweep", "h=90")
    assert done.exit_code == 0, done.output
    sets = index(media / "o")["sets"]
    assert [(each["name"], each["titles"]) for each in sets] == [
        ("default", ["default"]),
        ("blur6", ["mine"]),
        ("h90-blur6", []),
    ]
    assert sets[2]["differences"] == {"green_params_refineth_h_bgr": 90, "green_params_blur_ks": 6}


def test_files_of_one_name_are_told_apart(typed, media):
    """Two folders of a shoot often name their clips alike."""
    for folder, angle in (("a", 0), ("b", 5)):
        (media / folder).mkdir()
        picture(media / "still.png").rotate(angle).save(media / folder / "still.png")
    done = typed("preview", "a/still.png", "b/still.png", "a/still.png", "--out", "o", "--local")
    assert done.exit_code == 0, done.output
    sources = index(media / "o")["sources"]
    assert [source["name"] for source in sources] == ["a/still.png", "b/still.png"]
    assert sources[0]["original"] != sources[1]["original"]
