"""`run`: a batch from a manifest, to its end, also after an interruption."""

import json
import re
import shutil

import pytest

from avatar_async.cli.embedded import ORIGIN
from avatar_async.emulator import Emulator

KEYS = ["at", "event", "job", "from", "to", "bytes", "total", "message"]
STILLS = "\n".join(
    f"""
[[jobs]]
name = "still-{n}"
kind = "image_preview"
material_name = "still {n}"
url = "{ORIGIN}/media/still-green.png"
green_params_refineth_h_bgr = {100 + n}
"""
    for n in range(8)
)


async def test_json_lines_follow_the_documented_form_and_hide_no_job(cli, with_clips, tmp_path):
    """Programs read them; nothing else may stand on stdout."""
    with_clips(tmp_path / "out")
    (tmp_path / "batch.toml").write_text(STILLS)
    ended = await cli("run", "batch.toml", "--out", "out", "--emulator", "--json", "--log-file", "run.log")
    assert ended.code == 0, ended
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert all(list(line) == KEYS for line in lines)
    stored = [line["job"] for line in lines if line["to"] == "stored"]
    assert sorted(stored) == [f"still-{n}" for n in range(8)]
    assert lines[-1]["event"] == "end"

    log = (tmp_path / "run.log").read_text()
    assert "still-3" in log
    async with Emulator(tmp_path / "out" / ".emulator") as emulator:
        assert emulator.app_key not in log
    assert not re.search(r"Bearer (?!\*)", log)


async def test_lost_replies_that_were_ordered_are_settled_and_paid_once(cli, with_clips, tmp_path):
    """A user who wants to see it before trusting it with money."""
    out = with_clips(tmp_path / "out")
    (tmp_path / "batch.toml").write_text(STILLS)
    ended = await cli(
        "run", "batch.toml", "--out", "out", "--emulator", "--faults", "create:reset-after@2+4", "--json"
    )
    assert ended.code == 0, ended
    assert ended.out.count('"to": "in_doubt"') == 2
    async with Emulator(out / ".emulator") as emulator:
        assert set(emulator.received.creates.values()) == {1}
        assert len(emulator.received.creates) == 8


@pytest.mark.parametrize("at", ['"to": "submitting"', '"to": "fetching"'])
async def test_after_ctrl_c_the_same_command_completes_and_pays_once(cli, with_clips, tmp_path, at):
    """Whatever was under way when the user lost patience."""
    out = with_clips(tmp_path / "out")
    (tmp_path / "batch.toml").write_text(STILLS)
    command = ("run", "batch.toml", "--out", "out", "--emulator", "--json")
    stopped = await cli.interrupted(*command, at=at)
    assert stopped.code == 130, stopped
    assert "Ctrl-C: stopping" in stopped.err
    again = await cli(*command)
    assert again.code == 0, again
    async with Emulator(out / ".emulator") as emulator:
        assert set(emulator.received.creates.values()) == {1}
        assert len(emulator.received.creates) == 8


async def test_a_manifest_with_ten_mistakes_is_refused_with_ten_problems(cli, tmp_path):
    """All at once, each with its place, and nothing is sent or made."""
    text = f"""
[[jobs]]
name = "a"
kind = "training"
material_name = "a"
video_url = "ftp://host/a.mp4"
personal = {{ segment_style = 9 }}
persistent = {{ video_crf_quality = 99 }}

[[jobs]]
name = "a"
kind = "image_preview"
material_name = "b"
url = "{ORIGIN}/media/still-green.png"
green_params_refineth_h_bgr = 230
green_params_blur_ks = 0

[[jobs]]
name = "c"
kind = "hologram"

[[jobs]]
name = "d"
kind = "video_preview"
material_name = "d"
url = "{ORIGIN}/media/presenter-green.mp4"
green_params_blurks = 3
needs = ["nobody"]

[[jobs]]
name = "e"
kind = "takeover"
video_name = "e"
"""
    (tmp_path / "bad.toml").write_text(text)
    ended = await cli("run", "bad.toml", "--out", "out", "--emulator")
    assert ended.code == 2, ended
    assert ended.out == ""
    places = re.findall(r"^  bad\.toml:\d+: .+$", ended.err, flags=re.MULTILINE)
    assert len(places) == 10, ended.err
    assert "10 problems; nothing was sent" in ended.err
    for path in ("video_url", "personal.segment_style", "green_params_refineth_h_bgr", "green_params_blurks"):
        assert path in ended.err
    assert not (tmp_path / "out").exists()


async def test_the_vendors_examples_are_refused_under_strict_and_stored_under_warn(
    cli, with_clips, tmp_path, vendor_batch
):
    """Their own documents exceed their own ranges."""
    out = with_clips(tmp_path / "out")
    vendor_batch(tmp_path / "vendor.json", out / ".emulator" / "media")
    command = ("run", "vendor.json", "--out", "out", "--emulator")
    strict = await cli(*command)
    assert strict.code == 2
    assert "rebuild: green_params_sample_point_bgr[1] is 275; allowed is 0 to 255" in strict.err
    for kind in ("image_preview", "video_preview"):
        assert f"{kind}: green_params_refineth_h_bgr is 230; allowed is 70 to 220" in strict.err
    assert not (out / "ledger.db").exists()
    warned = await cli(*command, "--validation", "warn")
    assert warned.code == 0, warned
    assert "275" in warned.err
    assert "5 jobs: 5 stored" in warned.out


async def test_a_dry_run_tells_what_would_be_submitted_and_makes_nothing(cli, tmp_path):
    """It needs neither credentials nor a network."""
    (tmp_path / "batch.toml").write_text(STILLS)
    ended = await cli("run", "batch.toml", "--out", "out", "--dry-run")
    assert ended.code == 0, ended
    assert "8 would be submitted" in ended.out
    assert not (tmp_path / "out").exists()


async def test_the_sample_that_init_writes_runs_as_it_is(cli, with_clips, tmp_path):
    """The second thing a new user types."""
    with_clips(tmp_path / "models")
    assert (await cli("init")).code == 0
    shutil.copy(tmp_path / "batch.toml", tmp_path / "before.toml")
    assert (await cli("init")).code == 2
    assert (tmp_path / "batch.toml").read_text() == (tmp_path / "before.toml").read_text()
    ended = await cli("run", "batch.toml", "--out", "models", "--emulator", "--profile", "avatar.toml")
    assert ended.code == 0, ended
    assert "5 jobs: 5 stored" in ended.out
    deprecated, *notes = ended.err.splitlines()
    assert deprecated.endswith("deprecated takeover synthesis: it is no longer updated or maintained")
    assert all(note.startswith("note: ") for note in notes), "what is not emulated"
