"""What the first download of a process finds ready."""

import subprocess
import sys
from pathlib import Path

import pytest

CERTIFICATE = Path(__file__).parents[1] / "transport" / "tls" / "test-only-cert.pem"

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from avatar_async import AvatarClient, RemoteFile, Settings

async def main(url, folder, ca_file):
    settings = Settings(endpoint="http://127.0.0.1:1", token="unused", ca_file=Path(ca_file))
    async with AvatarClient(settings=settings) as client:
        before = set(sys.modules)
        await client.download(RemoteFile(role="model", name="first.bin", url=url), folder, verify=False)
        print("loaded:", *sorted(set(sys.modules) - before))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("length", [20_000, 3_000_000])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_entered_client_loads_nothing_more_for_its_first_download(nginx, tmp_path, scheme, length):
    """Imports in the middle of calls hold all of them up, for tens of milliseconds."""
    nginx.put("first.bin", b"\x01" * length)
    origin = nginx.origin if scheme == "http" else nginx.tls_origin
    told = subprocess.run(
        (sys.executable, "-c", _PROGRAM, f"{origin}/plain/first.bin", str(tmp_path), str(CERTIFICATE)),
        check=True,
        capture_output=True,
        text=True,
    )
    assert (tmp_path / "first.bin").stat().st_size == length
    assert told.stdout.split() == ["loaded:"]
