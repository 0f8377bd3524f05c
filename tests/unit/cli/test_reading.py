"""Manifests of the command line, however long they are."""

import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import anyio
import pytest

from avatar_async.cli import given
from avatar_async.errors import ManifestError
from avatar_async.manifests import ManifestBatch

ROOT = Path(__file__).parents[3]


@pytest.fixture
def released(monkeypatch):
    """That the reading of a manifest has begun, and what ends it."""
    begun, event = threading.Event(), threading.Event()

    def read_manifests(_paths, *, validation):
        begun.set()
        assert event.wait(30)
        return ManifestBatch(jobs=(), warnings=())

    monkeypatch.setattr(given, "read_manifests", read_manifests)
    yield begun, event
    event.set()


async def test_a_long_manifest_keeps_nobody_from_leaving(tmp_path, released):
    """A hundred thousand lines take half a minute, and Ctrl-C was only heeded after them."""
    begun, event = released
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(partial(given.read, [tmp_path / "batch.jsonl"], "strict", quiet=False))
            while not begun.is_set():
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    assert not event.is_set()


_ENDLESS = """
import os, signal, sys, time
from avatar_async.cli import app, given, stopped

def read_manifests(*_paths, **_how):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)

given.read_manifests = read_manifests
stopped.end_like_ctrl_c()
sys.argv = ["avatar-async", "run", sys.argv[1], "--out", sys.argv[1] + ".out", "--emulator"]
app.run()
"""


def test_the_process_does_not_wait_for_what_it_was_reading(tmp_path):
    """A thread that is joined at the end would keep it for as long as the reading takes."""
    manifest = tmp_path / "batch.jsonl"
    manifest.touch()
    command = [sys.executable, "-c", _ENDLESS, str(manifest)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 143, done.stderr
    assert done.stderr.startswith("Interrupted by SIGTERM: nothing was sent")


async def test_a_person_is_told_of_a_long_manifest(tmp_path, monkeypatch, released):
    """Nothing on the screen for half a minute looks like a program that hangs."""
    monkeypatch.setattr(given, "_LONG_S", 0.0)
    said: list[str] = []

    def say(text):
        said.append(text)
        released[1].set()

    assert await given.read([tmp_path / "batch.jsonl"], "strict", quiet=False, say=say) == []
    assert said == [f"Reading {tmp_path / 'batch.jsonl'} ..."]


async def test_problems_come_as_they_are(tmp_path):
    """Who reads beside the loop gets the same error, in no group of errors."""
    path = tmp_path / "batch.jsonl"
    path.write_text('{"kind": "training"}\n')
    with pytest.raises(ManifestError):
        await given.read([path], "strict", quiet=False)
