"""Commands beside a run, and runs against a service of its own."""

import json
import os
import signal
from contextlib import asynccontextmanager
from subprocess import PIPE

import anyio
import anyio.to_thread
import pytest
from aiohttp import web

from avatar_async.emulator import Emulator
from avatar_async.requests import Kind
from tests.integration.cli.conftest import LIMIT_S


def manifest(emulator, **jobs):
    """Return a manifest of image previews: name to the file's name."""
    return "".join(
        f'[[jobs]]\nname = "{name}"\nkind = "{kind}"\nmaterial_name = "{name}"\n'
        f'url = "{emulator.endpoint}/media/{file}"\n'
        for name, (kind, file) in jobs.items()
    )


@asynccontextmanager
async def running(cli, *args):
    """Start a run with JSON lines; yields a reader of its events and its process."""
    async with await anyio.open_process(
        cli.command("run", *args, "--json"), cwd=cli.folder, env=cli.environ, stdout=PIPE, stderr=PIPE
    ) as process:
        rest = ""
        assert process.stdout is not None
        stdout = process.stdout

        async def until(job, state):
            nonlocal rest
            with anyio.fail_after(LIMIT_S):
                while True:
                    while "\n" not in rest:
                        rest += (await stdout.receive()).decode()
                    line, _, rest = rest.partition("\n")
                    event = json.loads(line)
                    if (event["job"], event["to"]) == (job, state):
                        return event

        try:
            yield until, process
        finally:
            if process.returncode is None:
                process.kill()


async def test_retry_and_abandon_work_beside_a_run_which_notices_them(cli, demo_clips, tmp_path):
    """A person must not have to stop a run that watches a thousand jobs."""
    slow = {Kind.VIDEO_PREVIEW: (3600.0, 3600.0)}
    async with Emulator(tmp_path / "service", media_dir=demo_clips, durations_s=slow) as emulator:
        cli.for_emulator(emulator)
        jobs = manifest(
            emulator,
            slow=("video_preview", "presenter-green.mp4"),
            late=("image_preview", "not-yet.png"),
        )
        (tmp_path / "b.toml").write_text(jobs)
        async with running(cli, "b.toml", "--out", "o") as (until, process):
            await until("late", "failed")

            second = await cli("run", "b.toml", "--out", "o")
            assert second.code == 2
            assert "in use by another run" in second.err

            refused = await cli("retry", "slow", "--out", "o")
            assert refused.code == 2
            assert "only rejected, failed, expired or held jobs" in refused.err
            assert (await cli("retry", "nobody", "--out", "o")).code == 2

            retried = await cli("retry", "late", "--out", "o")
            assert retried.code == 0, retried
            assert retried.out == "late: now planned\n"
            await until("late", "failed")

            status = json.loads((await cli("status", "--out", "o", "--json")).out)
            assert [(job["state"], job["attempt"]) for job in status["jobs"]] == [
                ("in_flight", 1),
                ("failed", 2),
            ]
            table = await cli("status", "--out", "o")
            assert "avatar-async retry late --out o" in table.out

            given_up = await cli("abandon", "slow", "late", "--out", "o")
            assert given_up.code == 0, given_up
            with anyio.fail_after(LIMIT_S):
                assert await process.wait() == 0
        assert emulator.received.creates == {"slow": 1, "late": 2}


async def test_a_job_in_doubt_waits_for_resolve_and_then_goes_on(cli, demo_clips, tmp_path):
    """Never sent again by itself: a person decides, beside the run."""
    broken = {"still broken"}

    @web.middleware
    async def losing(request, handler):
        if request.path.endswith("/image/create") and broken & {(await request.json())["materialName"]}:
            return web.Response(status=502, text="bad gateway")
        return await handler(request)

    async with Emulator(tmp_path / "service", media_dir=demo_clips, middlewares=[losing]) as emulator:
        cli.for_emulator(emulator)
        jobs = manifest(emulator, doubt=("image_preview", "still-green.png"))
        (tmp_path / "b.toml").write_text(
            jobs.replace('material_name = "doubt"', 'material_name = "still broken"')
        )
        async with running(cli, "b.toml", "--out", "o") as (until, process):
            await until("doubt", "in_doubt")
            table = (await cli("status", "--out", "o")).out.replace("\n", "")
            assert "avatar-async resolve doubt --task-id ID --out o" in table

            broken.clear()
            resolved = await cli("resolve", "doubt", "--resubmit", "--out", "o")
            assert resolved.code == 0, resolved
            assert resolved.out == "doubt: now planned\n"
            await until("doubt", "stored")
            with anyio.fail_after(LIMIT_S):
                assert await process.wait() == 0
        assert emulator.received.accepted == {"still broken": 1}


async def test_ctrl_c_twice_leaves_at_once_and_the_open_create_is_in_doubt_afterwards(
    cli, demo_clips, tmp_path
):
    """Nobody is made to wait, and nothing is sent twice for it."""

    @web.middleware
    async def hanging(request, handler):
        if request.path.endswith("/image/create"):
            await anyio.sleep_forever()
        return await handler(request)

    async with Emulator(tmp_path / "service", media_dir=demo_clips, middlewares=[hanging]) as emulator:
        cli.for_emulator(emulator)
        (tmp_path / "b.toml").write_text(manifest(emulator, still=("image_preview", "still-green.png")))
        async with running(cli, "b.toml", "--out", "o") as (until, process):
            await until("still", "submitting")
            for told in ("stopping", "Leaving now"):
                process.send_signal(signal.SIGINT)
                text = ""
                with anyio.fail_after(LIMIT_S):
                    while told not in text:
                        text += (await process.stderr.receive()).decode()
            with anyio.fail_after(LIMIT_S):
                last = b"".join([chunk async for chunk in process.stdout]).splitlines()[-1]
                assert await process.wait() == 130
            assert json.loads(last)["event"] == "end", "who reads along must see that it ended"
        again = await cli("run", "b.toml", "--out", "o", "--max-creates", "0", "--until", "1s")
        assert again.code == 1
        assert "in_doubt" in again.out


async def test_fetch_brings_home_tasks_that_were_made_elsewhere(cli, demo_clips, tmp_path):
    """Nothing is created, and a second fetch has nothing to do."""
    async with Emulator(tmp_path / "service", media_dir=demo_clips) as emulator:
        cli.for_emulator(emulator)
        (tmp_path / "b.toml").write_text(manifest(emulator, still=("image_preview", "still-green.png")))
        assert (await cli("run", "b.toml", "--out", "there", "--quiet")).code == 0
        [job] = json.loads((await cli("status", "--out", "there", "--json")).out)["jobs"]
        for _ in range(2):
            fetched = await cli("fetch", job["task_id"], "--out", "here")
            assert fetched.code == 0, fetched
            assert "1 job: 1 stored" in fetched.out
        original = (tmp_path / "there" / job["artifacts"][0]["path"]).read_bytes()
        copies = list((tmp_path / "here").glob("task-*/*.png"))
        assert [copy.read_bytes() for copy in copies] == [original]
        unknown = await cli("fetch", "77", "--out", "here")
        assert unknown.code == 2
        assert "knows no task 77" in unknown.err
        assert sum(emulator.received.creates.values()) == 1


async def test_until_and_max_creates_end_a_run_that_the_same_command_goes_on_with(cli, demo_clips, tmp_path):
    """Bounds stop a run tidily, with exit code 1 and the command to go on."""
    async with Emulator(tmp_path / "service", media_dir=demo_clips) as emulator:
        cli.for_emulator(emulator)
        jobs = {f"still-{n}": ("image_preview", "still-green.png") for n in range(3)}
        (tmp_path / "b.toml").write_text(manifest(emulator, **jobs))
        bounded = await cli("run", "b.toml", "--out", "o", "--max-creates", "1")
        assert bounded.code == 1, bounded
        assert sum(emulator.received.creates.values()) == 1
        assert "Stopped early: --max-creates 1 reached: the other jobs stay planned" in bounded.out
        assert "To go on: avatar-async run b.toml --out o --max-creates 1" in bounded.out
        assert (await cli("run", "b.toml", "--out", "o", "--quiet")).code == 0
        assert sum(emulator.received.creates.values()) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_emulator_command_tells_how_to_use_it_and_leaves_tidily(cli, tmp_path, demo_clips, number):
    """Its output can be pasted into a shell."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "media").symlink_to(demo_clips)
    ended = await cli.interrupted(
        "emulator", "--data", "data", "--time-scale", "10", at="still-green.png", number=number
    )
    assert ended.code == 0, ended
    exported = dict(
        line.removeprefix("export ").split("=", 1)
        for line in ended.out.splitlines()
        if line.startswith("export")
    )
    assert list(exported) == ["AVATAR_ENDPOINT", "AVATAR_APP_ID", "AVATAR_APP_KEY"]
    assert exported["AVATAR_ENDPOINT"].startswith("http://127.0.0.1:")
    assert f"{exported['AVATAR_ENDPOINT']}/media/presenter-blue.mp4" in ended.out


async def test_a_reader_that_leaves_stops_the_run_and_leaves_no_job_in_doubt(cli, demo_clips, tmp_path):
    """`| head` in the middle of a batch must not cost a person's attention for each create call under way."""

    @web.middleware
    async def slow(request, handler):
        answer = await handler(request)
        if request.path.endswith("/image/create"):
            await anyio.sleep(1)
        return answer

    async with Emulator(tmp_path / "service", media_dir=demo_clips, middlewares=[slow]) as emulator:
        cli.for_emulator(emulator)
        jobs = {f"still-{n}": ("image_preview", "still-green.png") for n in range(4)}
        (tmp_path / "b.toml").write_text(manifest(emulator, **jobs))
        reading, writing = os.pipe()
        async with await anyio.open_process(
            cli.command("run", "b.toml", "--out", "o"),
            cwd=cli.folder,
            env=cli.environ,
            stdout=writing,
            stderr=PIPE,
        ) as process:
            os.close(writing)
            text = b""
            with anyio.fail_after(LIMIT_S):
                while b"still-1: planned -> submitting" not in text:
                    text += await anyio.to_thread.run_sync(os.read, reading, 65536)
                os.close(reading)
                assert await process.wait() == 1
            assert process.stderr is not None
            assert b"".join([chunk async for chunk in process.stderr]) == b""
        status = json.loads((await cli("status", "--out", "o", "--json")).out)
        assert status["counts"]["in_doubt"] == 0
        assert (await cli("run", "b.toml", "--out", "o", "--quiet")).code == 0
        assert set(emulator.received.creates.values()) == {1}
