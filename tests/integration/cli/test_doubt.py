"""Jobs in doubt from outside: the commands that `status` prints, pasted into a shell; and callbacks."""

import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime

import aiohttp
import anyio
import anyio.to_thread
import pytest
from aiohttp import web

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.records import JobError
from avatar_async._storage.ledger import Ledger
from avatar_async.client import AvatarClient, Credentials
from avatar_async.emulator import Emulator
from avatar_async.manifests import read_manifests
from avatar_async.orchestrator import Orchestrator
from avatar_async.requests import Kind
from avatar_async.settings import Settings
from tests.integration.cli.conftest import LIMIT_S
from tests.integration.cli.test_beside import running

NAMES = ["two  spaces (1)", 'it\'s "quoted" $HOME `x`', "-rf", "--out", "任务；甲"]
SECRET = "a-long-random-word"
#: The emulator's own calls, save the list: without it only a person or a callback settles doubt.
PROFILE = f'callback_secret = "{SECRET}"\ntoken_spacing_s = 0\n[query_dialect]\nbatch = 100\n'


@pytest.fixture
def shell(tmp_path):
    """Return a function that types a line into a shell, as a person would paste it."""
    bash, programs = shutil.which("bash"), tmp_path / "programs"
    assert bash is not None
    programs.mkdir()
    command = programs / "avatar-async"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m avatar_async "$@"\n')
    command.chmod(0o755)

    def typed(line, cli):
        path = os.pathsep.join([str(programs), cli.environ["PATH"]])
        return subprocess.run(
            [bash, "-c", line],
            cwd=cli.folder,
            env=cli.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    return typed


@pytest.fixture
def free_port():
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def manifest(emulator, names):
    """Return a manifest of image previews of these names; each has a material name of its own."""
    jobs = [
        {
            "name": name,
            "kind": "image_preview",
            "material_name": f"material {number}",
            "url": f"{emulator.endpoint}/media/still-green.png?n={number}",
        }
        for number, name in enumerate(names)
    ]
    return json.dumps({"jobs": jobs})


def slowly(emulator):
    """Return a manifest of one video preview."""
    return (
        '[[jobs]]\nname = "slow"\nkind = "video_preview"\nmaterial_name = "slow"\n'
        f'url = "{emulator.endpoint}/media/presenter-green.mp4"\n'
    )


def losing(broken):
    """Return a middleware that makes tasks but answers 502, while `broken` is not empty."""

    @web.middleware
    async def middleware(request, handler):
        reply = await handler(request)
        if broken and request.path.endswith("/image/create"):
            return web.Response(status=502, text="bad gateway")
        return reply

    return middleware


def steps(document):
    """Return the commands of each job's next step, by name."""
    return {
        job["name"]: [line for line in job["next_step"].split("\n") if line.startswith("avatar-async ")]
        for job in document["jobs"]
    }


async def leave_in_doubt(client, manifest_path, out):
    """Make each job's task, and a ledger that does not know whether it did."""
    specs = read_manifests([manifest_path]).jobs
    async with Orchestrator(client, out=out) as orchestrator:
        jobs = await orchestrator.add_all(specs)
    error = JobError(code="lost", message="the connection broke")
    async with Ledger.open(out / "ledger.db") as ledger:
        for job in jobs:
            for event in (
                ev.IntentWritten(at=datetime.now(UTC), owner="an earlier run"),
                ev.OutcomeUnknown(at=datetime.now(UTC), error=error),
            ):
                [job] = await ledger.apply([change(job, event)])
    return {spec.name: await client.create(spec.request) for spec in specs}


async def test_every_command_that_status_prints_works_when_it_is_pasted(cli, demo_clips, tmp_path, shell):
    """Whatever the names of jobs and folders; at 80 columns, too."""
    out = "my models; -x 'y'"
    async with Emulator(tmp_path / "service", media_dir=demo_clips) as emulator:
        cli.for_emulator(emulator)
        (tmp_path / "avatar.toml").write_text(PROFILE)
        (tmp_path / "b.json").write_text(manifest(emulator, NAMES))
        cli.environ["AVATAR_PROFILE"] = str(tmp_path / "avatar.toml")
        account = Credentials(emulator.app_id, emulator.app_key)
        settings = Settings(token_cache_dir=tmp_path / "tokens", token_spacing_s=0.0)
        async with AvatarClient(endpoint=emulator.endpoint, credentials=account, settings=settings) as client:
            ids = await leave_in_doubt(client, tmp_path / "b.json", tmp_path / out)

        printed = steps(json.loads((await cli("status", "--out", out, "--json")).out))
        lines = {line.strip() for line in (await cli("status", "--out", out)).out.split("\n")}
        assert all(command in lines for commands in printed.values() for command in commands)
        expected = {}

        async def paste(number, name):
            by_id, resubmit, abandon = printed[name]
            line, state = [
                (by_id.replace("--task-id ID", f"--task-id {ids[name]}"), "in_flight"),
                (resubmit, "planned"),
                (abandon, "abandoned"),
            ][number % 3]
            done = await anyio.to_thread.run_sync(shell, line, cli)
            assert done.returncode == 0, (line, done.stderr)
            assert f": now {state}" in done.stdout
            expected[name] = "abandoned" if state == "abandoned" else "stored"

        async with anyio.create_task_group() as group:
            for number, name in enumerate(NAMES):
                group.start_soon(paste, number, name)
        ended = await cli("run", "b.json", "--out", out)
        assert ended.code == 0, ended
        document = json.loads((await cli("status", "--out", out, "--json")).out)
        assert {job["name"]: job["state"] for job in document["jobs"]} == expected


async def test_a_callback_settles_doubt_beside_a_run_and_garbage_does_not_disturb_it(
    cli, demo_clips, tmp_path, free_port
):
    """From the service's POST to the file on the disk, without a list call."""
    here, broken = f"http://127.0.0.1:{free_port}/callback", {"yes"}
    slow = {Kind.VIDEO_PREVIEW: (3600.0, 3600.0)}
    async with Emulator(
        tmp_path / "service",
        media_dir=demo_clips,
        middlewares=[losing(broken)],
        durations_s=slow,
        callback_url=f"{here}/{SECRET}",
    ) as emulator:
        cli.for_emulator(emulator)
        (tmp_path / "avatar.toml").write_text(PROFILE)
        (tmp_path / "a.json").write_text(manifest(emulator, ["a"]))
        (tmp_path / "slow.toml").write_text(slowly(emulator))
        cli.environ["AVATAR_PROFILE"] = str(tmp_path / "avatar.toml")
        options = ("--callback-port", free_port, "--callback-host", "127.0.0.1")
        async with running(cli, "a.json", "slow.toml", "--out", "o", *options) as (until, process):
            await until("a", "in_doubt")
            async with aiohttp.ClientSession() as session:
                assert await post(session, here, b"{}") == 404
                assert await post(session, f"{here}/{SECRET}", b"{}") == 400
                assert await post(session, f"{here}/{SECRET}", b'{"taskId": 424242}') == 200
            await until("a", "stored")
            process.terminate()
            with anyio.fail_after(LIMIT_S):
                assert await process.wait() == 143
        assert emulator.received.creates["material 0"] == 1
    [job, _] = json.loads((await cli("status", "--out", "o", "--json")).out)["jobs"]
    assert job["state"] == "stored"
    assert json.loads((tmp_path / "o" / "a" / "job.json").read_text())["settled_by"] == "callback"


async def post(session, url, body):
    """Return the status of a POST."""
    async with session.post(url, data=body) as reply:
        return reply.status


async def test_a_run_says_where_it_takes_callbacks_and_refuses_a_port_that_is_taken(
    cli, demo_clips, tmp_path, free_port
):
    """Exit 2, and nothing is sent, nor made."""
    async with Emulator(tmp_path / "service", media_dir=demo_clips) as emulator:
        cli.for_emulator(emulator)
        (tmp_path / "a.json").write_text(manifest(emulator, ["a"]))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            refused = await cli("run", "a.json", "--out", "o", "--callback-port", port)
            embedded = await cli("run", "a.json", "--out", "o", "--emulator", "--callback-port", port)
        assert (refused.code, emulator.received.creates) == (2, {})
        reason = f"callbacks cannot be taken at 127.0.0.1, port {port}: Address already in use"
        assert refused.err == f"Error: {reason}; choose another port, or 0 for a free one\n"
        assert embedded == refused
        assert not (tmp_path / "o").exists()
        lonely = await cli("run", "a.json", "--out", "o", "--callback-host", "127.0.0.1")
        assert lonely.code == 2
        assert "--callback-host needs --callback-port" in lonely.err
        free = await cli("run", "a.json", "--out", "free", "--callback-port", 0, "--json")
        assert free.code == 0
        assert "Callbacks are taken at http://127.0.0.1:" in free.err
        done = await cli("run", "a.json", "--out", "o", "--callback-port", free_port)
        assert done.code == 0, done
        assert f"Callbacks are taken at http://127.0.0.1:{free_port}/callback" in done.err


async def test_wrong_orders_are_refused_with_the_right_command(cli, demo_clips, tmp_path):
    """Each wrong use says what to type, or whose the id is."""
    async with Emulator(tmp_path / "service", media_dir=demo_clips) as emulator:
        cli.for_emulator(emulator)
        (tmp_path / "b.json").write_text(manifest(emulator, ["a", "b"]))
        account = Credentials(emulator.app_id, emulator.app_key)
        settings = Settings(token_cache_dir=tmp_path / "tokens", token_spacing_s=0.0)
        async with AvatarClient(endpoint=emulator.endpoint, credentials=account, settings=settings) as client:
            ids = await leave_in_doubt(client, tmp_path / "b.json", tmp_path / "o")

    async def refused(*args):
        ended = await cli(*args, "--out", "o")
        assert (ended.code, ended.out) == (2, "")
        return ended.err

    settled = await cli("resolve", "a", "--task-id", ids["a"], "--out", "o")
    assert settled.out == f"a: now in_flight (task {ids['a']})\n"
    assert "A run checks that id" in settled.err
    assert f"task {ids['a']} belongs to job 'a'" in await refused("resolve", "b", "--task-id", ids["a"])
    assert "avatar-async resolve b --resubmit --out o" in await refused("retry", "b")
    assert "no such job: c; status shows every job" in await refused("resolve", "c", "--abandon")
    for wrong in (0, -3, 2**63, "x", "1.5"):
        assert "is not a task id" in await refused("resolve", "b", f"--task-id={wrong}")
    table = (await cli("status", "--out", "o")).out
    assert f"a person gave task {ids['a']}, which the service has not shown yet" in table
    assert "avatar-async resolve a --task-id ID --out o" in table
    assert (await cli("resolve", "a", "--abandon", "--out", "o")).out.startswith("a: now abandoned")
    assert "'a' is abandoned, not in_doubt" in await refused("resolve", "a", "--resubmit")
