"""`demo`: the first thing a new user types."""

import json
import zipfile

from PIL import Image

from avatar_async.emulator import Emulator
from avatar_async.requests import Kind

JOB_KEYS = {
    *("name", "kind", "state", "remote_status", "task_id", "attempt", "created_at", "submitted_at"),
    *("finished_at", "expires_at", "stored_at", "flags", "error", "artifacts", "next_step"),
}
ARTIFACT_KEYS = {"role", "name", "path", "bytes", "sha256", "state"}


async def creates(out):
    """Return how often each task name was asked for, over all runs."""
    async with Emulator(out / ".emulator") as emulator:
        return dict(emulator.received.creates)


async def test_the_demo_stores_all_kinds_and_a_second_one_submits_nothing(cli, with_clips, tmp_path):
    """The promise of the two commands, as a user checks it."""
    out = with_clips(tmp_path / "avatar-demo")
    first = await cli("demo", "--jobs", "10")
    assert first.code == 0, first
    assert all(line.startswith("note: ") for line in first.err.splitlines()), "what is not emulated"
    assert "10 jobs: 10 stored" in first.out
    assert "What to try next:" in first.out

    status = await cli("status", "--out", "avatar-demo", "--json")
    document = json.loads(status.out)
    assert set(document) == {"schema", "jobs", "counts"}
    assert document["counts"]["stored"] == 10
    assert {job["kind"] for job in document["jobs"]} == set(Kind)
    for job in document["jobs"]:
        assert set(job) == JOB_KEYS
        for artifact in job["artifacts"]:
            assert set(artifact) == ARTIFACT_KEYS
            path = out / artifact["path"]
            assert path.stat().st_size == artifact["bytes"]
            if path.suffix == ".zip":
                assert zipfile.ZipFile(path).testzip() is None
            elif path.suffix in {".png", ".jpg"}:
                Image.open(path).load()

    table = await cli("status", "--out", "avatar-demo")
    assert all(len(line) <= 80 for line in table.out.splitlines())

    second = await cli("demo", "--jobs", "10")
    assert second.code == 0
    assert "submitting" not in second.out
    counted = await creates(out)
    assert len(counted) == 10
    assert set(counted.values()) == {1}
