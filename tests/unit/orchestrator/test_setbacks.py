"""What the fetcher makes of servers that are slow, send half, or point to where nobody may look."""

from contextlib import asynccontextmanager

import pytest
from attrs import evolve

from avatar_async._jobs.states import ArtifactState, State
from avatar_async.errors import ConnectionLostError
from avatar_async.orchestrator import WarningEvent


@pytest.fixture
def offering(service, monkeypatch):
    """A function that changes what the service says of each job's file."""

    def offer(change):
        known = type(service).task

        def task(self, task_id):
            task = known(self, task_id)
            return evolve(task, files=tuple(change(task.name, file) for file in task.files))

        monkeypatch.setattr(type(service), "task", task)

    return offer


@pytest.fixture
def streaming(service, monkeypatch):
    """A function that lets `chunks(name, body)` send every download; resumable, with an ETag."""
    opened = []

    def stream(chunks):
        class Stream:
            def __init__(self, name, offset):
                body = service.bodies[name]
                self.status, self.offset = (206 if offset else 200), offset
                self.total_bytes, self.etag = len(body), '"v1"'
                self._name, self._body = name, body[offset:]

            async def chunks(self):
                async for chunk in chunks(self._name, self._body):
                    yield chunk

        @asynccontextmanager
        async def open_artifact(self, url, *, offset=0, etag=None):
            name = url.split("/")[3]
            opened.append((name, offset))
            yield Stream(name, offset)

        monkeypatch.setattr(type(service), "open_artifact", open_artifact)
        return opened

    return stream


async def test_slow_servers_do_not_keep_the_others_out_and_lose_nothing(
    orchestrator, service, training, clock, streaming
):
    """Four servers of a byte a second hold every slot; all others come home first, then they go on."""
    ended: list[str] = []

    async def chunks(name, body):
        if not name.startswith("slow"):
            yield body
            return
        for at in range(len(body) - 1):
            await clock.sleep(1.0)
            yield body[at : at + 1]
            if len(ended) >= len(fast):
                yield body[at + 1 :]
                return
        while len(ended) < len(fast):
            await clock.sleep(1.0)
        yield body[-1:]

    opened = streaming(chunks)
    slow = [f"slow-{number}" for number in range(4)]
    fast = [f"fast-{number}" for number in range(8)]
    service.duration_s = 0.0
    async with orchestrator(fetches=4) as runner:
        for name in slow:
            await runner.add(name, training(name))
        iterator = runner.run()
        while sum(name.startswith("slow") for name, _ in opened) < 4:
            await clock.sleep(0.5)
        events = runner.events()
        for name in fast:
            await runner.add(name, training(name))
        async for job in iterator:
            assert job.state is State.STORED
            ended.append(job.name)
    assert sorted(ended[:8]) == sorted(fast)
    assert sorted(ended[8:]) == slow
    resumed = [offset for name, offset in opened if name.startswith("slow") and offset]
    assert resumed, "no slow download went on from where it was"
    told = [event.message async for event in events if isinstance(event, WarningEvent)]
    assert any("bytes a second while others wait" in message for message in told)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd?sig=s3cret",
        "ftp://h/x?sig=s3cret",
        "/x?sig=s3cret",
        "",
        "http:///x",
        "http://[::1",
    ],
)
async def test_an_address_that_may_never_be_asked_is_a_persons(orchestrator, training, offering, url):
    """The service is asked once more for a proper one; then the job waits, with a reason that says why."""
    offering(lambda name, file: evolve(file, url=url) if name == "a" else file)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        jobs = {job.name: job async for job in runner.run()}
    assert jobs["b"].state is State.STORED
    assert jobs["a"].state is State.READY
    assert jobs["a"].error.code == "bad_address"
    assert "not http or https" in jobs["a"].hold or "not valid" in jobs["a"].hold
    assert "s3cret" not in jobs["a"].hold


async def test_half_a_file_that_calls_itself_whole_is_waited_for_and_never_suspect(
    orchestrator, service, training, streaming, monkeypatch
):
    """The announced length says that the rest is missing; it comes some day."""
    tries = []

    async def chunks(name, body):
        tries.append(name)
        yield body[: len(body) // 2] if len(tries) < 6 else body

    streaming(chunks)
    opened = type(service).open_artifact

    @asynccontextmanager
    async def short(self, url, **options):
        async with opened(self, url, **options) as stream:
            if len(tries) < 5:
                stream.total_bytes //= 2
            yield stream

    monkeypatch.setattr(type(service), "open_artifact", short)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert job.artifacts[0].state is ArtifactState.STORED
    assert job.artifacts[0].note is None
    assert len(tries) >= 6


async def test_half_a_file_that_never_gets_whole_is_kept_for_a_person_at_last(
    orchestrator, service, training, clock, offering, tmp_path
):
    """After about an hour of the same bytes, asking again helps nobody."""
    offering(lambda name, file: evolve(file, size_bytes=file.size_bytes * 2, md5=None))
    service.bodies["a"] = b"PK\x03\x04 half of a zip"
    began_s = clock.monotonic()
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.READY
    assert job.artifacts[0].state is ArtifactState.SUSPECT
    assert "only 18 of the 36 bytes" in job.hold
    assert (tmp_path / "out" / job.folder / "model.zip.suspect").read_bytes() == service.bodies["a"]
    assert clock.monotonic() - began_s > 1000.0


async def test_a_mishap_nobody_foresaw_in_one_download_does_not_end_the_run(
    orchestrator, training, streaming
):
    """Decoders, disks and transports raise what they like; the other jobs go on, and so does this one."""
    tries: list[str] = []

    async def chunks(name, body):
        if name == "a" and len(tries) < 2:
            tries.append(name)
            raise RuntimeError("http://h/x?sig=s3cret")
        yield body

    streaming(chunks)
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        jobs = {job.name: job async for job in runner.run()}
    assert [jobs[name].state for name in "ab"] == [State.STORED] * 2
    told = [event.message async for event in events if isinstance(event, WarningEvent)]
    assert any("nobody expected (RuntimeError)" in message for message in told)
    assert not any("s3cret" in message for message in told)


async def test_a_connection_that_fails_for_good_gets_a_fresh_address(
    orchestrator, service, training, streaming
):
    """Some stores say with a 400 or a cut that an address has run out: asking the service anew helps."""
    calls = []

    async def chunks(name, body):
        calls.append(len(service.queries))
        if len(calls) <= 5:
            raise ConnectionLostError("reset")
        yield body

    streaming(chunks)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert calls[5] > calls[0], "nobody asked the service for a fresh address"
