"""A downloading process is killed again and again: what was verified is never fetched twice."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from aiohttp import web

from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger

SCRIPT = Path(__file__).with_name("downloading.py")


@pytest.fixture
def service():
    """A function that serves the query of one finished task whose file lies at an address."""

    @asynccontextmanager
    async def serving(files):
        asked = []

        async def query(request: web.Request) -> web.Response:
            asked.append(await request.json())
            task = {
                "taskId": 77,
                "taskType": "training",
                "materialName": "one",
                "status": "SUCCESS",
                "progress": 100,
                "finishTime": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
                "files": files(len(asked)),
            }
            return web.json_response({"code": 0, "message": "success", "data": [task]})

        app = web.Application()
        app.router.add_post("/api/2dvh/v1/material/task/query", query)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    return serving


async def standing(out):
    """Return what the ledger knows of the only job."""
    async with Ledger.open(out / "ledger.db") as ledger:
        [job] = await ledger.jobs()
        return job


async def part_reaches(out, size, process, name="model.zip.part"):
    """Wait until the partial file is that long."""
    part = anyio.Path(out / "one" / name)
    with anyio.fail_after(30):
        while not await part.exists() or (await part.stat()).st_size < size:
            assert process.poll() is None, "it ended before it could be killed"
            await anyio.sleep(0.005)


async def test_a_download_killed_at_many_offsets_never_fetches_what_was_verified(
    nginx, service, a_zip, tmp_path
):
    """Each new process asks from the ledger's offset on; the final name appears with the last byte only."""
    content = a_zip(600_000)
    nginx.put("killed.zip", content)
    url = f"{nginx.origin}/slow/killed.zip?signature=s3cret"
    file = {"type": "model", "name": "model.zip", "url": url, "size": len(content)}
    file["md5"] = hashlib.md5(content).hexdigest()
    out, verified = tmp_path / "out", []
    async with service(lambda _: [file]) as endpoint:

        def start():
            command = [sys.executable, str(SCRIPT), endpoint, "77", str(out)]
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        for size in (1, 70_000, 200_000, 330_000, 480_000):
            process = start()
            await part_reaches(out, size, process)
            os.kill(process.pid, signal.SIGKILL)
            await anyio.to_thread.run_sync(process.communicate)
            assert not (out / "one" / "model.zip").exists()
            [artifact] = (await standing(out)).artifacts
            assert artifact.verified_offset <= (out / "one" / "model.zip.part").stat().st_size
            verified.append(artifact.verified_offset)
        process = start()
        said, errors = await anyio.to_thread.run_sync(lambda: process.communicate(timeout=60))
    assert (said.split(), process.returncode) == (["stored"], 0), errors
    assert (out / "one" / "model.zip").read_bytes() == content
    assert sorted(path.name for path in (out / "one").iterdir()) == ["job.json", "model.zip"]
    rows = nginx.requests("/slow/killed.zip", 6)
    begins = [0 if row[3] == "-" else int(row[3].removeprefix("bytes=").removesuffix("-")) for row in rows]
    assert begins == [0, *verified]
    assert verified == sorted(verified)
    assert verified[-1] > 400_000
    job = await standing(out)
    assert job.state is State.STORED
    assert job.artifacts[0].sha256 == hashlib.sha256(content).hexdigest()
