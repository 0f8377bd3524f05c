"""The examples in the repository run as they are printed."""

import sys

import anyio

from avatar_async.emulator import Emulator
from tests.integration.cli.conftest import LIMIT_S, ROOT


async def test_the_library_example_trains_and_goes_on(cli, demo_clips, tmp_path):
    """It is the first code a developer copies."""
    async with Emulator(tmp_path / "service", media_dir=demo_clips) as emulator:
        cli.for_emulator(emulator)
        command = [
            sys.executable,
            str(ROOT / "examples" / "library.py"),
            emulator.media_url("presenter-green.mp4"),
        ]
        for _ in range(2):
            with anyio.fail_after(LIMIT_S):
                done = await anyio.run_process(command, cwd=tmp_path, env=cli.environ)
            assert done.stdout.decode() == "anchor-01 stored ['model.zip', 'thumbnail.jpg']\n"
        assert emulator.received.creates == {"anchor-01": 1}
    assert (tmp_path / "models" / "anchor-01" / "model.zip").is_file()
