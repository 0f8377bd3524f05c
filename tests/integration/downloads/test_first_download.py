"""What the first download of a process finds ready."""

import subprocess
import sys

_PROGRAM = """
import asyncio, sys
from avatar_async import AvatarClient, RemoteFile, Settings

async def main(url, folder):
    async with AvatarClient(settings=Settings(endpoint="http://127.0.0.1:1", token="unused")) as client:
        before = set(sys.modules)
        await client.download(RemoteFile(role="model", name="first.bin", url=url), folder, verify=False)
        print("loaded:", *sorted(set(sys.modules) - before))

asyncio.run(main(*sys.argv[1:]))
"""


def test_an_entered_client_loads_nothing_more_for_its_first_download(nginx, tmp_path):
    """Imports in the middle of calls hold all of them up, for tens of milliseconds."""
    nginx.put("first.bin", b"\x01" * 20_000)
    told = subprocess.run(
        (sys.executable, "-c", _PROGRAM, f"{nginx.origin}/plain/first.bin", str(tmp_path)),
        check=True,
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "first.bin").stat().st_size == 20_000
    assert told.stdout.split() == ["loaded:"]
