"""The examples in the repository run as they are printed."""

import sys
from typing import Any

import aiohttp
import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from attrs import evolve

from avatar_async import Settings
from avatar_async._wire.dialect import QueryDialect
from avatar_async.emulator import Emulator
from avatar_async.manifests import read_manifests
from tests.integration.cli.conftest import LIMIT_S, ROOT


def test_the_readme_prints_the_library_example():
    """What is printed is what is tested, in fifteen lines."""
    code = (ROOT / "examples" / "library.py").read_text()
    assert f"```python\n{code}```" in (ROOT / "README.md").read_text()
    assert sum(1 for line in code.splitlines() if line.strip()) <= 15


def test_the_readmes_manifest_is_sound(tmp_path):
    """Copied as it stands, it must not be refused."""
    manifest = tmp_path / "batch.toml"
    manifest.write_text(toml_block("[[jobs]]"))
    batch = read_manifests([manifest])
    assert [job.name for job in batch.jobs] == ["anchor-01", "anchor-01-short", "look"]


def test_the_readmes_query_dialect_is_the_default_one(tmp_path):
    """A person changes what differs, so the starting point must be what the code does."""
    profile = tmp_path / "avatar.toml"
    profile.write_text(toml_block("[query_dialect]"))
    described = QueryDialect.from_mapping(Settings.load({}, profile).query_dialect or {})
    assert evolve(described, list=QueryDialect().list, trusted=False) == QueryDialect()


def toml_block(text):
    """Return the README's block of TOML that holds this text."""
    parts = (ROOT / "README.md").read_text().split("```toml\n")[1:]
    blocks = [part.split("```")[0] for part in parts]
    return next(block for block in blocks if text in block)


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
    assert (tmp_path / "results" / "anchor-01" / "model.zip").is_file()


async def test_the_callback_example_hands_on_what_is_posted_and_refuses_the_rest(
    cli, demo_clips, tmp_path, free_tcp_port
):
    """Its handler is copied into services that others can reach."""
    url = f"http://127.0.0.1:{free_tcp_port}/done"
    options: dict[str, Any] = {"callback_url": url, "faults": "query:say(status=RUNNING)"}
    async with (
        Emulator(tmp_path / "service", media_dir=demo_clips, time_scale=100, **options) as emulator,
        aiohttp.ClientSession() as session,
    ):
        cli.for_emulator(emulator)
        video = emulator.media_url("presenter-green.mp4")
        command = [sys.executable, str(ROOT / "examples" / "callbacks.py"), video, str(free_tcp_port)]
        with anyio.fail_after(LIMIT_S):
            async with await anyio.open_process(command, cwd=tmp_path, env=cli.environ) as process:
                assert process.stdout is not None
                told = BufferedByteReceiveStream(process.stdout)
                task_id = int((await told.receive_until(b"\n", 100)).removeprefix(b"task "))
                for body, status in ((b"not JSON", 400), (b'{"task": 1}', 400)):
                    async with session.post(url, data=body) as reply:
                        assert reply.status == status
                emulator.faults.clear()
                async with session.post(url, json={"taskId": task_id}) as reply:
                    assert reply.status == 200
                rest = b"".join([chunk async for chunk in told]).decode()
    assert rest == f"task {task_id}\nanchor-02 stored\n"
    assert emulator.received.creates == {"anchor-02": 1}
    assert (tmp_path / "results" / "anchor-02" / "model.zip").is_file()
