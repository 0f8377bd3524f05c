"""Completion callbacks: posted at the finish, retried, and subject to faults."""

import json

import anyio
import pytest
from aiohttp import web

from avatar_async.emulator import Emulator
from avatar_async.errors import EmulatorError
from avatar_async.requests import Kind

PREVIEW = Kind.IMAGE_PREVIEW


class Receiver:
    """Take callbacks and answer with the statuses told, then with 200."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.bodies = []

    async def __aenter__(self):
        async def take(request):
            self.bodies.append(await request.read())
            status = self.statuses.pop(0) if self.statuses else 200
            return web.Response(status=status, headers={"Location": "/elsewhere"})

        app = web.Application()
        app.router.add_post("/{path:.*}", take)
        self.runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/done"
        return self

    async def __aexit__(self, *_error):
        await self.runner.cleanup()

    @property
    def told(self):
        return [json.loads(body) for body in self.bodies]


async def test_a_callback_comes_when_the_task_has_finished(
    avatar_emulator, caller, bodies, virtual_clock, until
):
    """Not when its work is done: the clock decides."""
    durations = {PREVIEW: (100.0, 100.0)}
    async with Receiver() as receiver:
        options = {"callback_url": receiver.url, "clock": virtual_clock, "durations_s": durations}
        async with avatar_emulator(**options) as emulator, caller(emulator) as api:
            task_id = await api.create(PREVIEW, bodies(emulator).preview())
            await emulator.settle()
            await until(lambda: virtual_clock._sleepers)
            await virtual_clock.advance(99)
            assert not receiver.bodies
            await virtual_clock.advance(1)
            await until(lambda: receiver.bodies)
            assert receiver.told == [{"taskId": task_id, "status": "SUCCESS"}]
            assert (await api.query(task_id))[0]["status"] == "SUCCESS"


async def test_a_failed_task_calls_back_too(avatar_emulator, caller, bodies, until):
    """The status says so."""
    async with Receiver() as receiver:
        options = {"callback_url": receiver.url, "faults": "result:fail"}
        async with avatar_emulator(**options) as emulator, caller(emulator) as api:
            task_id = await api.create(PREVIEW, bodies(emulator).preview())
            await until(lambda: receiver.bodies)
            assert receiver.told == [{"taskId": task_id, "status": "FAILED"}]


async def test_a_callback_is_tried_four_times_and_redirects_are_not_followed(
    avatar_emulator, caller, bodies, until
):
    """Waits of 1, 5 and 25 seconds, scaled."""
    async with Receiver(500, 307, 404, 200) as receiver:
        options = {"callback_url": receiver.url, "time_scale": 1000}
        async with avatar_emulator(**options) as emulator, caller(emulator) as api:
            await api.create(PREVIEW, bodies(emulator).preview())
            await until(lambda: len(receiver.bodies) == 4)
            await until(lambda: all(task.outcome.called_back for task in emulator._store.tasks.values()))
            assert len(set(receiver.bodies)) == 1
            assert emulator.received.callbacks == {"look": 4}


async def test_a_callback_that_is_not_taken_is_told_once_for_each_reason(
    avatar_emulator, caller, bodies, until
):
    """A wrong path would else be searched for in vain; the path itself may end with a secret."""
    said: list[str] = []
    async with Receiver(404, 404, 500, 200) as receiver:
        options = {"callback_url": f"{receiver.url}/secret", "time_scale": 1000, "tell": said.append}
        async with avatar_emulator(**options) as emulator, caller(emulator) as api:
            await api.create(PREVIEW, bodies(emulator).preview())
            await until(lambda: len(receiver.bodies) == 4)
    origin = receiver.url.removesuffix("/done")
    assert said == [
        f"warning: a callback was not taken by {origin}: HTTP 404; check the path (a run prints its own)",
        f"warning: a callback was not taken by {origin}: HTTP 500",
    ]


async def test_a_callback_still_owed_is_sent_after_a_restart(avatar_emulator, caller, bodies, until):
    """Whoever was told nothing must be told later; whoever was told is not told again."""
    async with Receiver() as receiver:
        async with avatar_emulator(callback_url="http://127.0.0.1:9/") as emulator, caller(emulator) as api:
            owed = await api.create(PREVIEW, bodies(emulator).preview())
            await until(lambda: emulator.received.callbacks)
        async with avatar_emulator(callback_url=receiver.url) as emulator:
            await until(lambda: receiver.bodies)
            await until(lambda: emulator._store.tasks[owed].outcome.called_back)
        async with avatar_emulator(callback_url=receiver.url):
            await anyio.sleep(0.05)
        assert [each["taskId"] for each in receiver.told] == [owed]


async def test_callbacks_come_twice_late_wrong_or_never(
    avatar_emulator, caller, bodies, virtual_clock, until
):
    """A callback is a hint only, and this is why."""
    faults = (
        "callback[twice]:duplicate(times=3, gap_s=10),callback[late]:delay(seconds=3600),"
        "callback[never]:leave-out,"
        "callback[garbage]:garbage(what=deep),callback[other]:wrong-id,callback[odd]:unknown-status,"
        'callback[text]:put(field=taskId, value="x")'
    )
    async with Receiver() as receiver:
        options = {"callback_url": receiver.url, "faults": faults, "clock": virtual_clock}
        async with avatar_emulator(**options) as emulator, caller(emulator) as api:
            make = bodies(emulator)
            names = ("late", "never", "twice", "garbage", "other", "odd", "text")
            ids = {name: await api.create(PREVIEW, make.preview(name=name)) for name in names}
            await emulator.settle()
            await until(lambda: len(receiver.bodies) == 5)
            assert sum(body.startswith(b'{"code":0,"message":"","data":[[[') for body in receiver.bodies) == 1
            told = [json.loads(body) for body in receiver.bodies if len(body) < 1000]
            assert [each for each in told if each["taskId"] == ids["twice"]] == [
                {"taskId": ids["twice"], "status": "SUCCESS"}
            ]
            assert {"taskId": ids["odd"], "status": "MELTING"} in told
            assert {"taskId": "x", "status": "SUCCESS"} in told
            assert sum(each["taskId"] not in {*ids.values(), "x"} for each in told) == 1
            await virtual_clock.advance(10)
            await until(lambda: len(receiver.bodies) == 6)
            await until(lambda: len(virtual_clock._sleepers) == 2)
            await virtual_clock.advance(10)
            await until(lambda: len(receiver.bodies) == 7)
            await virtual_clock.advance(3600)
            await until(lambda: len(receiver.bodies) == 8)
            assert json.loads(receiver.bodies[-1])["taskId"] == ids["late"]
            assert "never" not in emulator.received.callbacks


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/done",
        "http://[2001:db8::1]/done",
        "http://0.0.0.0/done",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://",
        "http://127.0.0.1:99999/",
        "none",
    ],
)
def test_a_callback_address_elsewhere_is_refused_at_once(tmp_path, url):
    """The emulator must not become a way to reach other machines."""
    with pytest.raises(EmulatorError, match="callback address"):
        Emulator(tmp_path, callback_url=url)


async def test_a_name_that_leads_elsewhere_is_not_called(avatar_emulator, caller, bodies, until, monkeypatch):
    """What a name means is only known when it is resolved."""

    async def elsewhere(_self, host, port=0, family=0):
        return [
            {"hostname": host, "host": "192.0.2.1", "port": port, "family": 2, "proto": 0, "flags": 0},
        ]

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", elsewhere)
    told: list[str] = []
    options = {"callback_url": "http://inside.test/", "time_scale": 1000, "tell": told.append}
    async with avatar_emulator(**options) as emulator, caller(emulator) as api:
        await api.create(PREVIEW, bodies(emulator).preview())
        await until(lambda: emulator.received.callbacks["look"] == 4)
        await until(lambda: all(task.outcome.called_back for task in emulator._store.tasks.values()))
    assert told == [
        "warning: a callback was not taken by http://inside.test: inside.test is not on this machine"
    ]
