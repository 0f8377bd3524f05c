"""Kill the emulator at random instants while clients create: what was answered is there, once."""

import os
import random
import signal
import sys
from collections import Counter

import aiohttp
import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from avatar_async._wire.endpoints import CREATE_PATHS
from avatar_async.emulator import Emulator
from avatar_async.requests import Kind

SCRIPT = """
import sys, anyio
from pathlib import Path
from avatar_async.emulator import Emulator, serve

async def main():
    emulator = Emulator(Path(sys.argv[1]), media_dir=Path(sys.argv[2]), faults="create:reset-after@every9")
    await serve(emulator, lambda ready: print(f"{ready.endpoint} {ready.app_id} {ready.app_key}", flush=True))

anyio.run(main)
"""
CLIENTS = 4


class Storm:
    """Create from several clients, as often as the emulator lets them, and remember what it said."""

    def __init__(self, body_of):
        self.body_of = body_of
        self.attempts: Counter[str] = Counter()
        self.said: list[tuple[int, str]] = []

    async def create(self, session, url, headers, name):
        """Create until the emulator is gone."""
        while True:
            self.attempts[name] += 1
            try:
                async with session.post(url, json=self.body_of(name), headers=headers) as response:
                    answer = await response.json()
            except aiohttp.ServerDisconnectedError:
                continue
            except (aiohttp.ClientError, OSError) as error:
                if isinstance(error, aiohttp.ClientConnectorError):
                    return
                continue
            assert answer["code"] == 0
            self.said.append((answer["data"]["id"], name))


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.soak)])
async def test_no_accepted_task_is_lost_and_no_id_given_twice(caller, tmp_path, avatar_media, bodies, kills):
    """At each restart the emulator has the same port, account and tasks."""
    data = tmp_path / "data"
    remote = Emulator(data, media_dir=avatar_media)
    storm = Storm(lambda name: bodies(remote).preview(name=name))
    dice = random.Random(kills)
    endpoints = set()
    command = [sys.executable, "-c", SCRIPT, str(data), str(avatar_media)]
    for number in range(kills):
        async with await anyio.open_process(command, stderr=None) as process:
            assert process.stdout is not None
            line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 1000)
            remote.endpoint, remote.app_id, remote.app_key = line.decode().split()
            endpoints.add((remote.endpoint, remote.app_id, remote.app_key))
            async with caller(remote) as api, anyio.create_task_group() as group:
                url = remote.endpoint + CREATE_PATHS[Kind.IMAGE_PREVIEW]
                for client in range(CLIENTS):
                    name = f"{number % 3}-{client}"
                    group.start_soon(storm.create, api.session, url, dict(api.headers), name)
                await anyio.sleep(dice.uniform(0.02, 0.3))
                os.kill(process.pid, signal.SIGKILL)
            await process.wait()
    assert len(endpoints) == 1
    ids = [task_id for task_id, _ in storm.said]
    assert len(set(ids)) == len(ids) > kills
    async with Emulator(data, media_dir=avatar_media) as emulator:
        tasks = {task.id: task.name for task in emulator._store.tasks.values()}
        assert dict(storm.said).items() <= tasks.items()
        assert Counter(tasks.values()) == emulator.received.accepted
        assert all(
            emulator.received.accepted[name] <= emulator.received.creates[name] for name in storm.attempts
        )
        assert all(emulator.received.creates[name] <= storm.attempts[name] for name in storm.attempts)
        assert emulator.faults.counts["reset"] > 0
        assert len(tasks) - len(ids) >= emulator.faults.counts["reset"] - kills
        lines = (data / "faults.jsonl").read_text().splitlines()
        assert abs(len(lines) - emulator.faults.counts["reset"]) <= kills
