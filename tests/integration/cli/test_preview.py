"""`preview`: many media times many parameter sets, here and by the service, picked and carried on."""

import json
import re
import shutil
import tomllib
import zipfile

import pytest

from avatar_async.emulator import Emulator
from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.keyer import LABEL, KeyParameters, key
from avatar_async.media.parameter_sets import WORDS
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
    encode((small for _ in range(20)), tmp_path / "clip.mp4", fps=10)
    return tmp_path


async def creates(out):
    """Return how often each task name was asked for, over all runs."""
    async with Emulator(out / ".emulator") as emulator:
        return dict(emulator.received.creates)


async def test_after_ctrl_c_the_same_command_goes_on(cli, media):
    """Whole files only, and those are not made again."""
    command = ("preview", "clip.mp4", "--out", "o", "--local", "--clips", "--json")
    stopped = await cli.interrupted(*command, "--sweep", "h=72..220:4", "--workers", "1", at='"preview"')
    assert stopped.code == 130, stopped
    assert re.search(r"Stopped after \d+ of 76 previews; the same command goes on", stopped.err)
    assert list((media / "o").rglob("*.part")) == []
    again = await cli(*command, "--sweep", "h=72..220:4")
    assert again.code == 0, again
    reused = [cell["reused"] for cell in lines(again.out)[:-1]]
    assert len(reused) == 76
    assert True in reused
    assert False in reused


async def test_the_service_previews_local_files_on_the_emulator_and_is_asked_once(cli, media):
    """Jobs like any others: durable, named after medium and set, never sent twice."""
    command = ("preview", "still.png", "clip.mp4", "--out", "o", "--emulator", *SWEEP)
    done = await cli(*command)
    assert done.code == 0, done
    assert "6 jobs: 6 stored" in done.out
    sent = await creates(media / "o")
    assert len(sent) == 6
    assert all(re.fullmatch(r"(still|clip)-[0-9a-f]{8}\.(default|h90|h200)", name) for name in sent)

    still, clip = index(media / "o")["sources"]
    still_picture = picture(media / "still.png")
    for cell, high in zip(still["cells"], (160, 90, 200), strict=True):
        keyed = key(still_picture, KeyParameters(refineth_h=high))
        assert picture(media / "o" / cell["composite"]).tobytes() == keyed.image.tobytes()
        assert (cell["matte"], cell["label"]) == (None, LABEL)
    assert clip["name"] == "clip.mp4 at 1 s"
    assert all((media / "o" / cell["clip"]).suffix == ".mp4" for cell in clip["cells"])
    assert all((media / "o" / cell["composite"]).is_file() for cell in clip["cells"])

    again = await cli(*command)
    assert again.code == 0, again
    assert "submitting" not in again.out
    assert await creates(media / "o") == sent
    assert set(sent.values()) == {1}


async def test_after_ctrl_c_the_service_is_not_asked_again(cli, media):
    """The promise of `run` holds for previews."""
    command = ("preview", "still.png", "--out", "o", "--emulator", "--sweep", "h=80..200:20", "--json")
    stopped = await cli.interrupted(*command, at='"to": "in_flight"')
    assert stopped.code == 130, stopped
    again = await cli(*command)
    assert again.code == 0, again
    assert lines(again.out)[-1]["event"] == "sheet"
    sent = await creates(media / "o")
    assert len(sent) == 7
    assert set(sent.values()) == {1}


async def test_urls_are_read_by_the_service_and_from_here(cli, media, tmp_path):
    """A service somewhere, media on a web server."""
    async with Emulator(tmp_path / "data", media_dir=media) as emulator:
        url = emulator.media_url("still.png")
        remote = await cli.for_emulator(emulator)("preview", url, "--out", "o", *SWEEP)
        assert remote.code == 0, remote
        local = await cli("preview", f"{url}?signed=secret", "--out", "l", "--local", *SWEEP)
        assert local.code == 0, local
        assert len(emulator.received.creates) == 3
    there, here = index(tmp_path / "o")["sources"], index(tmp_path / "l")["sources"]
    assert there[0]["name"] == here[0]["name"] == "still.png"
    for one, other in zip(there[0]["cells"], here[0]["cells"], strict=True):
        pictures = [
            picture(tmp_path / folder / cell["composite"]).tobytes()
            for folder, cell in (("o", one), ("l", other))
        ]
        assert pictures[0] == pictures[1]
    assert not any("secret" in file.read_text() for file in (tmp_path / "l").glob("*.[hj]*"))


async def test_a_picked_set_reaches_a_training(cli, media):
    """From the sheet into the manifest, to what the service works with."""
    folder = media / "models/.emulator/media"
    folder.mkdir(parents=True)
    for name in ("green", "dark", "blue"):
        shutil.copy(media / "clip.mp4", folder / f"presenter-{name}.mp4")
        shutil.copy(media / "still.png", folder / f"still-{name}.png")
    sweeps = ("--sweep", "h=180", "--sweep", "spill=-0.3")
    made = await cli("preview", "still.png", "--out", "o", "--local", *sweeps, "--pick", "h180-spill-0.3")
    assert made.code == 0, made
    picked = tomllib.loads((media / "picked.toml").read_text())["green_screen"]
    assert set(picked) == set(WORDS)
    (media / "batch.toml").write_text(
        """
        [[jobs]]
        name = "model"
        kind = "training"
        material_name = "m"
        video_url = "http://emulator.test/media/presenter-green.mp4"
        include = ["picked.toml"]
        [jobs.personal]
        segment_style = 1
        """
    )
    done = await cli("run", "batch.toml", "--out", "models", "--emulator", "--no-preflight")
    assert done.code == 0, done
    sent = json.loads((media / "models/model/job.json").read_text())["request"]["personal"]
    assert sent["green_params_refineth_h_bgr"] == 180
    with zipfile.ZipFile(media / "models/model/model.zip") as model:
        told = model.read("model.json").decode()
    assert '"greenParamsRefinethHBgr": 180' in told
    assert '"greenParamsSpillByalpha": -0.3' in told
