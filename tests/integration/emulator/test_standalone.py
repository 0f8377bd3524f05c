"""`avatar-async emulator`: faults and callbacks from the command line."""

import re
import subprocess
import sys
from contextlib import asynccontextmanager, suppress

import aiohttp
import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from avatar_async._wire.endpoints import QUERY_PATH

COMMAND = [sys.executable, "-m", "avatar_async", "emulator"]
CLIPS = (
    "presenter-green.mp4",
    "presenter-dark.mp4",
    "presenter-blue.mp4",
    "still-green.png",
    "still-blue.png",
)


def typed(*arguments, cwd):
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@asynccontextmanager
async def running(folder, *arguments):
    """Run the command for the block and give what it announces."""
    media = folder / "avatar-emulator" / "media"
    media.mkdir(parents=True, exist_ok=True)
    for name in CLIPS:
        (media / name).touch()
    async with await anyio.open_process([*COMMAND, *arguments], cwd=folder) as process:
        try:
            assert process.stdout is not None
            stream = BufferedByteReceiveStream(process.stdout)
            with anyio.fail_after(30):
                yield (await stream.receive_until(b"still-green.png\n", 10_000)).decode(), process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            with anyio.fail_after(20):
                await process.wait()


async def test_a_plan_is_announced_and_happens_and_is_counted(tmp_path):
    """Also after the emulator was killed: the same plan goes on counting."""
    spec = "query:503@2x1,create:reset-after@5%,seed=9"
    async with running(tmp_path, "--faults", spec) as (text, process), aiohttp.ClientSession() as session:
        for line in ("#   query:status(code=503)@2x1", "#   create:reset(when=after)@5%", "#   seed=9;"):
            assert line in text
        endpoint = re.findall(r"AVATAR_ENDPOINT=(\S+)", text)[0]
        statuses = []
        for _ in range(3):
            async with session.post(endpoint + QUERY_PATH, json={}) as response:
                statuses.append(response.status)
        assert statuses == [401, 503, 401]
        async with session.get(f"{endpoint}/emulator/received") as response:
            counts = await response.json()
        assert counts["faults"] == {"status": 1}
        assert counts["paths"][QUERY_PATH] == 3
        process.kill()
        await process.wait()
    async with running(tmp_path, "--faults", spec) as (text, _), aiohttp.ClientSession() as session:
        assert endpoint in text
        async with session.post(endpoint + QUERY_PATH, json={}) as response:
            assert response.status == 401
        async with session.get(f"{endpoint}/emulator/received") as response:
            assert (await response.json())["faults"] == {"status": 1}


def test_a_wrong_plan_or_callback_is_bad_usage_and_leaves_no_trace(tmp_path):
    """Exit code 2, with everything that is wrong, before a folder is made."""
    done = typed("--faults", "queri:503,query:reset@often,query:melt", cwd=tmp_path)
    assert done.returncode == 2
    assert "wrong in 3 places" in done.stderr
    assert "did you mean query?" in done.stderr
    assert "--faults list" in done.stderr
    done = typed("--callback", "http://192.0.2.1/", cwd=tmp_path)
    assert done.returncode == 2
    assert "must be on this machine" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_faults_are_listed_on_stdout(tmp_path):
    """Nothing is started, nothing made."""
    done = typed("--faults", "list", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\ntruncate  (any call)\n" in done.stdout
    assert "reset-after = reset(when=after)" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
async def test_a_host_that_is_not_loopback_is_warned_about(tmp_path, host, warned):
    """Loopback unless told, and never silently."""
    async with running(tmp_path, "--host", host) as (_, process):
        process.terminate()
        assert process.stderr is not None
        stderr = b"".join([piece async for piece in process.stderr])
        assert (b"is not loopback" in stderr) == warned
