"""`check`, and the checks before a `run`: what is refused before a task exists, and what only told."""

import contextlib
import json
import re
import signal
from subprocess import PIPE

import anyio
import av
import pytest
from click.testing import CliRunner
from PIL import Image

from avatar_async.cli.app import app
from avatar_async.emulator import Emulator
from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.video import encode
from tests.integration.media.conftest import shelf_of
from tests.unit.media.mp4.film import Film

GOOD, SHORT, SILENT, MASK = (
    Film(runs=((9250, 40),), tables=False),
    Film(runs=((250, 40),), tables=False),
    Film(runs=((9250, 40),), tables=False, sound=False),
    Film(runs=((9249, 40),), tables=False, sound=False),
)


@pytest.fixture
def media(tmp_path):
    """A folder with films that have headers only, and things that are wrong."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name, film in (("good", GOOD), ("short", SHORT), ("silent", SILENT), ("mask", MASK)):
        (folder / f"{name}.mp4").write_bytes(film.written())
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "cut.mp4").write_bytes(GOOD.written()[:-100])
    (folder / "fragments.mp4").write_bytes(Film(fragmented=(250,) * 36).written())
    (folder / "text.zip").write_text("no zip")
    Image.new("RGB", (320, 180), (40, 60, 200)).save(folder / "blue.png")
    return folder


@pytest.fixture
def check(monkeypatch, media):
    """Run `check` in this process, among the media."""
    for name in ("APP_ID", "APP_KEY", "TOKEN", "ENDPOINT", "PROFILE"):
        monkeypatch.delenv(f"AVATAR_{name}", raising=False)
    monkeypatch.chdir(media)
    return lambda *args: CliRunner().invoke(app, ["check", *map(str, args)])


def training(name, video, **more):
    """Return a job of a manifest."""
    job = {"name": name, "kind": "training", "material_name": name, "video_url": video}
    return {**job, "personal": {"segment_style": 0}, **more}


def manifest(folder, *jobs):
    """Write a manifest and return it."""
    (folder / "batch.json").write_text(json.dumps({"jobs": jobs}))
    return folder / "batch.json"


def silence(seconds):
    """Yield sound that is cheap to make."""
    for _ in range(seconds * 44_100 // 1024 + 1):
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.sample_rate = 44_100
        frame.planes[0].update(bytes(2048))
        yield frame


def test_good_footage_passes_and_its_facts_are_told(check, media):
    """The first thing a user does with a new recording."""
    scene = make_still(ClipStyle(width_px=90, height_px=160))
    encode((scene for _ in range(361)), media / "real.mp4", fps=1, crf=40, sound=silence(361))
    ended = check("real.mp4")
    assert ended.exit_code == 0, ended.output
    assert "90 x 160, 361.00 s, 1 fps (constant), 361 frames, sound aac" in ended.output
    assert re.search(r"screen \(\d+, 1\d\d, \d+\) in RGB on [56]\d% of the picture", ended.output)
    assert ended.output.splitlines()[-1] == "passed: 0 errors, 0 warnings, 0 unknown"


def test_a_film_whose_pictures_cannot_be_decoded_here_is_not_passed(check):
    """Another decoder may do better."""
    ended = check("good.mp4")
    assert ended.exit_code == 1
    assert "1920 x 1080, 370.00 s, 25 fps (constant), 9250 frames, sound aac" in ended.output
    assert "unknown: good.mp4: whether it can be decoded is not known" in ended.output


@pytest.mark.parametrize("name", ["empty.mp4", "cut.mp4", "text.zip", "absent.mp4"])
def test_what_cannot_be_used_is_refused(check, name):
    """Nobody should upload it."""
    ended = check(name)
    assert ended.exit_code == 2
    assert f"error: {name}: the file cannot be used" in ended.output
    assert ended.output.splitlines()[-1].startswith("failed: 1 error")


@pytest.mark.parametrize("validation", ["warn", "off"])
def test_what_failed_is_no_pass_however_lenient_the_validation_is(check, validation):
    """A run would go on with it, so that it is not refused; a script must not take it for sound."""
    ended = check("empty.mp4", "--validation", validation)
    assert ended.exit_code == 1
    assert ended.output.splitlines()[-1].startswith("failed: 1 error")
    assert "or off lets through: that is not a pass" in check("--help").output


def test_the_document_for_programs_holds_facts_findings_and_verdict(check):
    """Null is unknown there, and every finding has all its parts."""
    ended = check("short.mp4", "empty.mp4", "--json")
    document = json.loads(ended.stdout)
    assert (document["schema"], document["verdict"]) == (1, "failed")
    short, empty = document["files"]
    assert (short["duration_s"], short["frames"], short["has_audio"]) == (10.0, 250, True)
    assert (empty["sort"], empty["failure"]) == (None, "it is empty (0 bytes)")
    assert {finding["severity"] for finding in document["findings"]} >= {"error", "warning"}
    parts = ["severity", "check", "job", "path", "file", "what", "measured", "limit", "remedy", "source"]
    for finding in document["findings"]:
        assert [*finding] == parts
        assert all(finding[part] for part in ("what", "measured", "remedy", "source"))
    assert document["counts"]["error"] == 1


def test_what_is_unknown_is_not_passed(check):
    """An exit code of 0 would be read as a pass."""
    ended = check("http://127.0.0.1:9/base.mp4")
    assert ended.exit_code == 1
    assert ended.output.splitlines()[-1] == "unknown: 0 errors, 0 warnings, 1 unknown"


def test_a_manifest_is_checked_against_the_call_that_names_the_file(check, media, monkeypatch):
    """The same short film is an error for a training on the real service, a warning on this machine."""
    (media / "batch.json").write_text("{}")
    assert check("batch.json").exit_code == 2
    address = "http://127.0.0.1:9/short.mp4"
    assert check(manifest(media, training("a", address))).exit_code == 1


@contextlib.asynccontextmanager
async def served(cli, folder):
    """Run the service, media and all, and let commands talk to it."""
    async with Emulator(folder.parent / "service", media_dir=folder) as emulator:
        yield cli.for_emulator(emulator), emulator, f"{emulator.endpoint}/media"


async def test_a_run_with_unusable_media_is_refused_before_anything_is_sent(cli, media, tmp_path):
    """Each finding with its job; a file that many jobs name is told once."""
    async with served(cli, media) as (run, emulator, url):
        auxiliary = {"segment_style": 4, "video_url": f"{url}/good.mp4", "mask_video_url": f"{url}/mask.mp4"}
        rebuild = {"kind": "rebuild", "material_name": "r", "segment_style": 0}
        batch = manifest(
            tmp_path,
            training("silent", f"{url}/silent.mp4"),
            training("masked", f"{url}/good.mp4", override=[auxiliary]),
            {**rebuild, "name": "r", "video_url": f"{url}/good.mp4", "model_url": f"{url}/text.zip"},
            *(training(f"cut-{number}", f"{url}/cut.mp4") for number in range(9)),
        )
        refused = await run("run", batch, "--out", "o", "--allow-duplicate")
        assert refused.code == 2, refused
        assert "4 checks of the media failed; nothing was sent" in refused.err
        for words in ("there is no sound", "mask 9249, video 9250", "the file cannot be used", "7 more jobs"):
            assert words in refused.err
        assert not emulator.received.creates
        assert url not in refused.out


async def test_short_films_only_warn_on_this_machine_and_three_ways_lead_past_the_checks(
    cli, media, tmp_path
):
    """A user who knows better must not be stopped."""
    async with served(cli, media) as (run, emulator, url):
        short = manifest(tmp_path, training("short", f"{url}/short.mp4"))
        ended = await run("run", short, "--out", "s", "--until", "1s")
        assert ended.code == 1, ended
        assert "warning: short: video_url" in ended.err
        assert "0:10 (10.00 s) (wanted: at least 6:00" in ended.err
        assert len(emulator.received.creates) == 1

        for number, options in enumerate((["--no-preflight"], ["--validation", "warn"]), 2):
            silent = manifest(tmp_path, training(f"silent-{number}", f"{url}/silent.mp4"))
            ended = await run("run", silent, "--out", f"o{number}", "--until", "1s", *options)
            assert ended.code == 1, ended
            assert len(emulator.received.creates) == number
            assert ("there is no sound" in ended.err) is (number == 3)


async def test_jobs_that_were_submitted_are_not_checked_again(cli, media, tmp_path):
    """Their files may be gone by now, and the task is paid for."""
    async with served(cli, media) as (run, emulator, url):
        batch = manifest(tmp_path, training("a", f"{url}/good.mp4"))
        assert (await run("run", batch, "--out", "o", "--until", "1s")).code == 1
        (media / "good.mp4").write_bytes(b"")
        again = await run("run", batch, "--out", "o", "--until", "1s")
        assert again.code == 1, again
        assert "cannot be used" not in again.err
        assert len(emulator.received.creates) == 1


async def test_ctrl_c_ends_the_checks_and_nothing_is_sent(cli, media, tmp_path):
    """A server that does not answer must not hold a person for a minute."""
    async with served(cli, media) as (run, emulator, _url), shelf_of({}) as shelf:
        batch = manifest(tmp_path, training("a", shelf.url("stuck", "a.mp4")))
        with anyio.fail_after(30):
            async with await anyio.open_process(
                run.command("run", batch, "--out", "o"),
                cwd=tmp_path,
                env=run.environ,
                stdout=PIPE,
                stderr=PIPE,
            ) as process:
                await shelf.asked.wait()
                process.send_signal(signal.SIGINT)
                assert await process.wait() == 130
        assert not emulator.received.creates


async def test_a_swapped_sample_is_told_before_a_run(cli, media, tmp_path):
    """Blue, written as RGB: nothing would be cut out."""
    async with served(cli, media) as (run, _emulator, url):
        batch = manifest(
            tmp_path,
            {
                "name": "p",
                "kind": "image_preview",
                "material_name": "p",
                "url": f"{url}/blue.png",
                "green_params_sample_point_bgr": [0, 0, 255],
                "green_params_spill_byalpha": 0.0,
            },
        )
        ended = await run("run", batch, "--out", "o")
        assert ended.code == 0, ended
        assert "looks swapped" in ended.err
