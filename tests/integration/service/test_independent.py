"""The whole program against a service written from the documents alone, in a process of its own."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

APP_ID, APP_KEY = "app-17", "key-of-app-17"
JOBS = 200
SOURCE = "http://127.0.0.1:9/sources"
SCENE = {"version": "0.0.13", "video_format": "MP4", "digital_role": {"id": 4051}, "title": {"text": "标题"}}


class Service:
    """The running server, seen through its private paths."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def counts(self) -> dict[str, Any]:
        """Return what the server counted."""
        return self._read("counts")

    def digests(self) -> dict[str, dict[str, str]]:
        """Return the SHA-256 of every file of every task."""
        return self._read("files")

    def _read(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.origin}/private/{what}", timeout=10) as reply:
            found: dict[str, Any] = json.load(reply)
            return found


@pytest.fixture
def service():
    """Start the server in its own process, with nothing of ours on its path."""
    program = Path(__file__).with_name("independent.py")
    command = [sys.executable, "-I", str(program), APP_ID, APP_KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Service(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()


class CommandLine:
    """The command line as a user of that service calls it, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AVATAR_", "XDG_"))}
        self.folder = folder
        self.environment = ours | {
            "HOME": str(folder / "home"),
            "AVATAR_APP_ID": APP_ID,
            "AVATAR_APP_KEY": APP_KEY,
        }

    def start(self, *arguments: str | Path, **changed: str) -> subprocess.Popen[str]:
        """Begin a command; keyword arguments change its environment."""
        return subprocess.Popen(
            [sys.executable, "-m", "avatar_async", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str | Path, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*arguments, **changed) as process:
            try:
                output, errors = process.communicate(timeout=100)
            finally:
                process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


@pytest.fixture
def avatar_async(tmp_path):
    """Offer the command line."""
    return CommandLine(tmp_path)


def vendor_request(kind: str, name: str, number: int) -> dict[str, Any]:
    """Return a request as the vendor's documents write it."""
    green = {"segmentStyle": 1, "greenParamsRefinethHBgr": 100 + number % 100}
    match kind:
        case "training":
            persistent = {"videoCrfQuality": 23, "stage1Config": [0, 1], "dev": {"stage2": {"config": 0}}}
            param = {"personal": green, "persistent": persistent}
            return {"materialName": name, "videoUrl": f"{SOURCE}/{number}.mp4", "param": json.dumps(param)}
        case "rebuild":
            urls = {"videoUrl": f"{SOURCE}/{number}.mp4", "modelUrl": f"{SOURCE}/{number}.zip"}
            return {"materialName": name, **urls, **green, "videoCrfQuality": 21}
        case "takeover":
            return {"videoName": name, "param": json.dumps(SCENE, ensure_ascii=False)}
        case _:
            param = {"green_params_refineth_h_bgr": 100 + number % 100}
            return {"materialName": name, "url": f"{SOURCE}/{number}.jpg", "param": json.dumps(param)}


def typed_fields(kind: str, name: str, number: int) -> dict[str, Any]:
    """Return the same kind of request in the manifest's own fields."""
    green = {"segment_style": 1, "green_params_refineth_h_bgr": 100 + number % 100}
    match kind:
        case "training":
            persistent = {"video_crf_quality": 23, "stage1_config": [0]}
            fields = {"personal": green, "persistent": persistent}
            return {"material_name": name, "video_url": f"{SOURCE}/{number}.mp4", **fields}
        case "rebuild":
            urls = {"video_url": f"{SOURCE}/{number}.mp4", "model_url": f"{SOURCE}/{number}.zip"}
            return {"material_name": name, **urls, **green}
        case "takeover":
            return {"video_name": name, "param": SCENE}
        case _:
            fields = {"green_params_refineth_h_bgr": 100 + number % 100}
            return {"material_name": name, "url": f"{SOURCE}/{number}.jpg", **fields}


def write_manifest(path: Path, jobs: int) -> list[str]:
    """Write a mixed batch, every other job in the vendor's own JSON; return the task names."""
    kinds = ["training", "rebuild", "image_preview", "video_preview", "takeover"]
    listed, names = [], []
    for number in range(jobs):
        kind = kinds[number % len(kinds)]
        name = f"任务 {number:03}/{kind}"
        if number // len(kinds) % 2:
            fields = typed_fields(kind, name, number)
        else:
            fields = {"request": vendor_request(kind, name, number)}
        listed.append({"name": f"{kind}-{number:03}", "kind": kind, **fields})
        names.append(name)
    path.write_text(json.dumps({"jobs": listed}, ensure_ascii=False))
    return names


def check_results(out: Path, status: dict[str, Any], digests: dict[str, dict[str, str]]) -> None:
    """Compare every stored file, byte for byte by its hash, with what the server offered."""
    seen = {}
    for job in status["jobs"]:
        assert job["state"] == "stored", job
        files = {}
        for artifact in job["artifacts"]:
            body = (out / artifact["path"]).read_bytes()
            assert artifact["bytes"] == len(body)
            assert artifact["sha256"] == hashlib.sha256(body).hexdigest()
            files[artifact["name"]] = artifact["sha256"]
            if artifact["name"].endswith(".zip"):
                with zipfile.ZipFile(out / artifact["path"]) as archive:
                    assert archive.testzip() is None
        seen[job["task_id"]] = files
    assert seen == digests
    assert not list(out.rglob("*.part"))


def test_two_hundred_jobs_of_all_kinds_come_home_and_are_paid_for_once(tmp_path, service, avatar_async):
    """The promise of the project, kept against a server that shares no code with it."""
    manifest, out = tmp_path / "batch.json", tmp_path / "models"
    names = write_manifest(manifest, JOBS)
    run = ("run", manifest, "--endpoint", service.origin, "--out", out, "--no-preflight")

    first = avatar_async(*run, "--json")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-4000:]
    counts = service.counts()
    assert counts["creates"] == dict.fromkeys(names, 1)
    assert (counts["tokens"], counts["refused"]) == (1, 0)
    ended = Counter(
        event["to"] for event in map(json.loads, first.stdout.splitlines()) if event["event"] == "state"
    )
    assert ended["stored"] == JOBS

    told = avatar_async("status", "--out", out, "--json")
    assert told.returncode == 0, told.stderr
    status = json.loads(told.stdout)
    assert status["counts"]["stored"] == len(status["jobs"]) == JOBS
    check_results(out, status, service.digests())

    again = avatar_async(*run)
    assert again.returncode == 0, again.stderr
    assert service.counts()["creates"] == counts["creates"]
    assert service.counts()["files"] == counts["files"]


def test_a_wrong_key_sends_no_create_call(tmp_path, service, avatar_async):
    """The setting is wrong, not the jobs: they stay planned, and the right key completes them."""
    manifest, out = tmp_path / "batch.json", tmp_path / "models"
    names = write_manifest(manifest, 5)
    run = ("run", manifest, "--endpoint", service.origin, "--out", out, "--no-preflight")

    refused = avatar_async(*run, AVATAR_APP_KEY="another key")
    assert refused.returncode in {1, 2}, refused.stderr
    assert "another key" not in refused.stdout + refused.stderr
    assert service.counts()["creates"] == {}

    done = avatar_async(*run)
    assert done.returncode == 0, done.stderr
    assert service.counts()["creates"] == dict.fromkeys(names, 1)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_goes_on_without_paying_twice(tmp_path, service, avatar_async, stop):
    """Asked to leave, it answers for every call it made; killed, it never sends one again by itself."""
    manifest, out = tmp_path / "batch.json", tmp_path / "models"
    names = write_manifest(manifest, 40)
    run = ("run", manifest, "--endpoint", service.origin, "--out", out, "--no-preflight")

    with avatar_async.start(*run) as process:
        while len(service.counts()["creates"]) < 8:
            assert process.poll() is None
        process.send_signal(stop)
        process.communicate(timeout=90)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}.get(stop, -stop)
    assert len(service.counts()["creates"]) < len(names)

    again = avatar_async(*run)
    created = service.counts()["creates"]
    assert set(created.values()) == {1}
    told = json.loads(avatar_async("status", "--out", out, "--json").stdout)
    in_doubt = told["counts"]["in_doubt"]
    assert told["counts"]["stored"] + in_doubt == len(names)
    assert again.returncode == (1 if in_doubt else 0), again.stderr
    if stop is not signal.SIGKILL:
        assert in_doubt == 0
        assert created == dict.fromkeys(names, 1)
        check_results(out, told, service.digests())
