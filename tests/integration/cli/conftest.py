"""The command line as a user has it: a process of its own."""

import os
import shutil
import signal
import sys
from pathlib import Path
from subprocess import PIPE

import anyio
import pytest
from attrs import frozen

ROOT = Path(__file__).parents[3]
#: Seconds that no command of these tests may take.
LIMIT_S = 60


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Cli:
    """Start `avatar-async` in a folder of its own, with a clean environment."""

    def __init__(self, folder, cache):
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AVATAR_")}
        self.environ = kept | {
            "PYTHONPATH": str(ROOT),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "COLUMNS": "80",
            "XDG_CACHE_HOME": str(cache),
            "PYTHONUTF8": "1",
        }

    def command(self, *args):
        """Return the whole command line."""
        return [sys.executable, "-m", "avatar_async", *map(str, args)]

    def for_emulator(self, emulator):
        """Make the commands talk to an emulator that runs in the test."""
        self.environ |= {
            "AVATAR_ENDPOINT": emulator.endpoint,
            "AVATAR_APP_ID": emulator.app_id,
            "AVATAR_APP_KEY": emulator.app_key,
        }
        return self

    async def __call__(self, *args):
        """Run a command to its end."""
        with anyio.fail_after(LIMIT_S):
            done = await anyio.run_process(
                self.command(*args), check=False, cwd=self.folder, env=self.environ, stdin=None
            )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def interrupted(self, *args, at, number=signal.SIGINT):
        """Run a command, and send it a signal as soon as it has written `at`."""
        with anyio.fail_after(LIMIT_S):
            async with await anyio.open_process(
                self.command(*args), cwd=self.folder, env=self.environ, stdout=PIPE, stderr=PIPE
            ) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                text, sent = "", False
                async for chunk in process.stdout:
                    text += chunk.decode()
                    if at in text and not sent:
                        sent = True
                        process.send_signal(number)
                err = "".join([chunk.decode() async for chunk in process.stderr])
                return Ended(await process.wait(), text, err)


@pytest.fixture
def cli(tmp_path):
    """Return the command line, in the test's own folder."""
    return Cli(tmp_path, tmp_path / "cache")


@pytest.fixture(scope="session")
def demo_clips(tmp_path_factory):
    """Return a folder with the demo clips, made once."""
    from avatar_async.emulator import demo_media

    folder = tmp_path_factory.mktemp("clips")
    demo_media(folder)
    return folder


@pytest.fixture
def with_clips(demo_clips):
    """Return a function that spares an output folder the making of the clips."""

    def place(out):
        shutil.copytree(demo_clips, out / ".emulator" / "media")
        return out

    return place


@pytest.fixture
def vendor_batch():
    """Return a function that writes the vendor documents' examples as a manifest, on local media."""
    import json
    import re

    from avatar_async.cli.embedded import ORIGIN

    vendor = ROOT / "tests" / "fixtures" / "vendor"
    media = {
        "zip": "model.zip",
        "mp3": "presenter-green.mp4",
        "png": "still-green.png",
        "mp4": "presenter-green.mp4",
    }
    kinds = ("training", "rebuild", "image_preview", "video_preview", "takeover")

    def write(manifest, folder):
        import zipfile

        with zipfile.ZipFile(folder / "model.zip", "w") as archive:
            archive.writestr("model.json", "{}")
        jobs = []
        for kind in kinds:
            text = (vendor / f"{kind}.json").read_text()
            text = re.sub(
                r"https://[^\"\\]+\.(zip|mp3|mp4)", lambda found: f"{ORIGIN}/media/{media[found[1]]}", text
            )
            if kind == "image_preview":
                text = text.replace(media["mp4"], media["png"])
            jobs.append({"name": kind, "kind": kind, "request": json.loads(text)})
        manifest.write_text(json.dumps({"jobs": jobs}, indent=1))

    return write
