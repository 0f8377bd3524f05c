"""Tokens: one request for any number of callers and processes, renewed in time, shared safely."""

import json
import os
import stat
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from aiohttp import web
from blockbuster import blockbuster_ctx

from avatar_async._wire.tokens import sign
from avatar_async.client import AvatarClient, Credentials
from avatar_async.errors import AuthError, ReplyError, ServiceError, TransportError
from avatar_async.requests import ImagePreviewRequest
from avatar_async.settings import Settings

APP_ID, APP_KEY = "app-1", "k3y"
TOKEN, REFRESH = "/api/uc/v1/access/api/token", "/api/uc/v1/access/api/token/refresh"
QUERY = "/api/2dvh/v1/material/task/query"
CREATE = "/api/2dvh/v1/material/2davatar/model/green/segment/image/create"


class Service:
    """The token calls and a query that takes the latest token only."""

    def __init__(self) -> None:
        self.granted = 0
        self.revoked: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.expires_in = 28800
        self.refresh_status = 200
        self.token_reply: dict[str, Any] | None = None
        #: Set when the token call is made; it is answered once the gate is open.
        self.asked, self.gate = anyio.Event(), anyio.Event()
        self.gate.set()
        app = self.app = web.Application()
        app.router.add_post(TOKEN, self.token)
        app.router.add_post(REFRESH, self.refresh)
        app.router.add_post(QUERY, self.query)
        app.router.add_post(CREATE, self.create)

    def grant(self) -> web.Response:
        self.granted += 1
        data = {
            "accessToken": f"access-{self.granted}",
            "expiresIn": self.expires_in,
            "refreshToken": f"refresh-{self.granted}",
            "refreshTokenExpiresIn": 86400,
        }
        return web.json_response({"code": 0, "message": "success", "data": data})

    async def token(self, request: web.Request) -> web.Response:
        self.calls["token"] += 1
        self.asked.set()
        await self.gate.wait()
        if self.token_reply is not None:
            return web.Response(**self.token_reply)
        body = await request.json()
        if body["sign"] != sign(APP_ID, body["timestamp"], APP_KEY):
            return web.json_response({"code": 1001, "message": "sign error", "data": None})
        return self.grant()

    async def refresh(self, request: web.Request) -> web.Response:
        self.calls["refresh"] += 1
        assert await request.json() == {"appId": APP_ID, "grantType": "refreshToken"}
        assert request.headers["Authorization"] == f"Bearer refresh-{self.granted}"
        if self.refresh_status != 200:
            return web.Response(status=self.refresh_status)
        return self.grant()

    def refused(self, request: web.Request) -> bool:
        return request.headers["Authorization"].removeprefix("Bearer ") in self.revoked

    async def query(self, request: web.Request) -> web.Response:
        self.calls["query"] += 1
        if self.refused(request):
            return web.Response(status=401)
        ids = (await request.json())["taskIds"]
        data = [{"taskId": number, "status": "RUNNING"} for number in ids]
        return web.json_response({"code": 0, "message": "success", "data": data})

    async def create(self, request: web.Request) -> web.Response:
        self.calls["create"] += 1
        if self.refused(request):
            return web.Response(status=401)
        return web.json_response({"code": 0, "message": "success", "data": 7})


@pytest.fixture
def service() -> Service:
    """Return a service that has given no token yet."""
    return Service()


@pytest.fixture
def client_of(tmp_path, clock):
    """Return a maker of clients that share one token folder."""

    def make(
        endpoint: str, *, key: str = APP_KEY, folder: Path = tmp_path / "tokens", **changes
    ) -> AvatarClient:
        settings = Settings(endpoint=endpoint, token_cache_dir=folder, total_timeout_s=5.0, **changes)
        return AvatarClient(settings=settings, credentials=Credentials(APP_ID, key), clock=clock)

    return make


async def test_a_thousand_callers_make_one_token_request(service, app_server, client_of):
    """At most two tokens are valid at once: a second request would make others' invalid."""
    service.gate = anyio.Event()
    async with (
        app_server(service.app) as endpoint,
        client_of(endpoint) as client,
        anyio.create_task_group() as group,
    ):
        for _ in range(1000):
            group.start_soon(client.prepare)
        await service.asked.wait()
        service.gate.set()
    assert service.calls == {"token": 1}


async def test_a_thousand_callers_share_one_refusal(service, app_server, client_of):
    """A wrong appKey must not be sent a thousand times, nor be waited for."""
    errors = []

    async def prepare(client) -> None:
        try:
            await client.prepare()
        except AuthError as error:
            errors.append(error)

    async with (
        app_server(service.app) as endpoint,
        client_of(endpoint, key="wrong") as client,
        anyio.create_task_group() as group,
    ):
        for _ in range(1000):
            group.start_soon(prepare, client)
    assert service.calls == {"token": 1}
    assert len(errors) == 1000
    assert "AVATAR_APP_ID and AVATAR_APP_KEY" in str(errors[-1])
    assert errors[-1].code == 1001


async def test_four_processes_make_one_token_request(service, app_server, tmp_path):
    """Each process has its own memory; the file and its lock are what they share."""
    script = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from avatar_async.client import AvatarClient, Credentials
        from avatar_async.settings import Settings

        async def main():
            settings = Settings(endpoint=sys.argv[1], token_cache_dir=Path(sys.argv[2]))
            async with AvatarClient(settings=settings, credentials=Credentials("app-1", "k3y")) as client:
                print((await client.query(5)).status)

        asyncio.run(main())
        """
    )
    outputs = []

    async def run(endpoint: str) -> None:
        done = await anyio.run_process(
            [sys.executable, "-W", "error", "-c", script, endpoint, str(tmp_path / "tokens")],
            stderr=subprocess.STDOUT,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        outputs.append(done.stdout.decode().strip())

    async with app_server(service.app) as endpoint, anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(run, endpoint)
    assert outputs == ["RUNNING"] * 4
    assert service.calls == {"token": 1, "query": 4}


async def test_token_file_is_private_and_named_a_token(service, app_server, client_of, tmp_path):
    """Backups and scanners know such names; nobody else may read it; the appKey is not in it."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
    (file,) = (tmp_path / "tokens").glob("*.json")
    assert file.name.startswith("token-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["access_token"] == "access-1"
    assert APP_KEY not in file.read_text()
    assert not list((tmp_path / "tokens").glob("*.tmp"))


async def test_next_process_takes_the_token_of_the_last(service, app_server, client_of):
    """A command started every minute must not ask every minute."""
    async with app_server(service.app) as endpoint:
        for _ in range(3):
            async with client_of(endpoint) as client:
                await client.query(5)
    assert service.calls["token"] == 1


async def test_token_of_another_app_key_is_not_taken(service, app_server, client_of):
    """A mistyped appKey must be told, not hidden by a token of the right one."""
    async with app_server(service.app) as endpoint:
        async with client_of(endpoint) as client:
            await client.prepare()
        async with client_of(endpoint, key="wrong") as client:
            with pytest.raises(AuthError):
                await client.prepare()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"credentials": 3}', b"[" * 9000])
async def test_damaged_token_file_is_replaced(service, app_server, client_of, tmp_path, content):
    """A full disk or a curious editor must not stop every run."""
    async with app_server(service.app) as endpoint:
        async with client_of(endpoint) as client:
            await client.prepare()
        (file,) = (tmp_path / "tokens").glob("*.json")
        file.write_bytes(content)
        async with client_of(endpoint) as client:
            await client.prepare()
    assert json.loads(file.read_text())["access_token"] == "access-2"


async def test_drafts_of_killed_processes_are_swept(service, app_server, client_of, tmp_path):
    """Each holds a token that nobody would ever remove."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        (file,) = (tmp_path / "tokens").glob("*.json")
        draft = file.with_name(f"{file.stem}.q1w2e3r4.tmp")
        draft.write_text("{")
        file.unlink()
        async with client_of(endpoint) as other:
            await other.prepare()
    assert json.loads(file.read_text())["access_token"] == "access-2"
    assert not draft.exists()


async def test_folder_that_cannot_be_written_keeps_the_token_in_memory(
    service, app_server, client_of, tmp_path, caplog
):
    """A read-only home is no reason to fail; it is a reason to warn, once."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with app_server(service.app) as endpoint, client_of(endpoint, folder=blocked / "x") as client:
        await client.prepare()
        await client.query(5)
    assert service.calls["token"] == 1
    assert caplog.text.count("cannot be shared") == 1


async def test_token_is_renewed_ahead_of_its_end_by_refresh_token(service, app_server, client_of, clock):
    """Every 3.5 hours, as recommended."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.query(5)
        await clock.sleep(3.4 * 3600)
        await client.query(5)
        assert service.calls == {"token": 1, "query": 2}
        await clock.sleep(0.2 * 3600)
        await client.query(5)
    assert service.calls == {"token": 1, "refresh": 1, "query": 3}


async def test_short_lived_token_is_renewed_ahead_of_its_own_end(service, app_server, client_of, clock):
    """The reply's expiresIn counts, not only the recommendation."""
    service.expires_in = 1000
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        await clock.sleep(800)
        await client.prepare()
    assert service.calls == {"token": 1, "refresh": 1}


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_refused_refresh_token_falls_back_to_a_signature(service, app_server, client_of, clock, status):
    """A refresh token may be gone long before it says so."""
    service.refresh_status = status
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        await clock.sleep(4 * 3600)
        await client.prepare()
    assert service.calls == {"token": 2, "refresh": 1}


async def test_renewal_that_fails_ahead_of_the_end_keeps_the_token(
    service, app_server, client_of, clock, caplog
):
    """The old one is still good for hours."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        service.refresh_status = 500
        service.token_reply = {"status": 503}
        await clock.sleep(4 * 3600)
        await client.query(5)
        await client.query(5)
        assert service.calls["token"] == 2
        assert "ahead of its end" in caplog.text
        await clock.sleep(5 * 3600)
        with pytest.raises(ServiceError):
            await client.query(5)


async def test_refused_token_is_renewed_once_for_all_callers(service, app_server, client_of, clock):
    """A hundred polls see the same 401."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        await clock.sleep(60)
        service.revoked.add("access-1")
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(client.query, 5)
    assert service.calls["token"] + service.calls["refresh"] == 2
    assert service.granted == 2


async def test_two_token_requests_are_thirty_seconds_apart(service, app_server, client_of, clock):
    """Two machines that fight over two valid tokens must not storm the service."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        await clock.sleep(10)
        service.revoked.add("access-1")
        clock.slept.clear()
        await client.query(5)
    assert clock.slept == [20.0]
    assert service.granted == 2


async def test_refusal_of_an_old_token_takes_the_newer_one(service, app_server, client_of, clock):
    """Another process renewed it meanwhile: no request is needed."""
    async with (
        app_server(service.app) as endpoint,
        client_of(endpoint) as first,
        client_of(endpoint) as second,
    ):
        await first.prepare()
        await second.prepare()
        await clock.sleep(60)
        service.revoked.add("access-1")
        await first.query(5)
        await second.query(5)
        await second.renew_token(1)
    assert service.granted == 2
    assert clock.slept == [60]


async def test_second_refusal_is_an_auth_error(service, app_server, client_of, clock):
    """A new token that is refused, too, will not get better."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        service.revoked |= {f"access-{number}" for number in range(9)}
        with pytest.raises(AuthError):
            await client.query(5)
    assert service.granted == 2


async def test_create_is_sent_again_after_the_first_refusal_of_its_token_only(service, app_server, client_of):
    """The token is checked before any work, so this one resend is safe."""
    request = ImagePreviewRequest(material_name="a", url="https://x.example/p.png")
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        service.revoked.add("access-1")
        assert await client.create(request) == 7
        assert service.calls["create"] == 2
        service.revoked |= {f"access-{number}" for number in range(9)}
        with pytest.raises(AuthError):
            await client.create(request)
    assert service.calls["create"] == 4


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"status": 500}, ServiceError),
        ({"text": "<html>"}, ReplyError),
        ({"text": "{}"}, ReplyError),
        ({"status": 404}, ServiceError),
    ],
)
async def test_errors_of_the_token_call_are_mapped_and_submit_reports_not_sent(
    service, app_server, client_of, reply, error
):
    """Without a token no create call can leave."""
    service.token_reply = reply
    async with app_server(service.app) as endpoint, client_of(endpoint, token_spacing_s=0.0) as client:
        with pytest.raises(error):
            await client.prepare()
        report = await client.submit(ImagePreviewRequest(material_name="a", url="https://x.example"))
    assert not report.sent
    assert service.calls["create"] == 0


async def test_unreachable_token_service_may_be_tried_again_at_once(client_of, clock):
    """The spacing is for requests that arrived."""
    async with client_of("http://127.0.0.1:1") as client:
        for _ in range(2):
            with pytest.raises(TransportError):
                await client.prepare()
    assert clock.slept == []


async def test_cancelled_request_does_not_fail_those_who_wait_for_it(service, app_server, client_of):
    """One impatient caller must not spoil the others."""
    service.gate = anyio.Event()
    impatient = anyio.CancelScope()
    answers = []

    async def leave_early(client) -> None:
        with impatient:
            await client.prepare()

    async def wait_for_it(client) -> None:
        answers.append((await client.query(5)).status)

    async with (
        app_server(service.app) as endpoint,
        client_of(endpoint) as client,
        anyio.create_task_group() as group,
    ):
        group.start_soon(leave_early, client)
        await service.asked.wait()
        group.start_soon(wait_for_it, client)
        await anyio.lowlevel.checkpoint()
        impatient.cancel()
        service.gate.set()
    assert impatient.cancelled_caught
    assert answers == ["RUNNING"]
    assert service.granted <= 2


async def test_printing_a_client_shows_no_secret(service, app_server, client_of):
    """Clients end in tracebacks."""
    async with app_server(service.app) as endpoint, client_of(endpoint) as client:
        await client.prepare()
        text = (
            repr(client)
            + repr(client._keeper)
            + repr(await client._token_keeper().current())
            + repr(client.settings)
        )
    assert "access-1" not in text
    assert APP_KEY not in text


async def test_nothing_blocks_the_loop(service, app_server, client_of):
    """A client lives in other people's loops: files and locks are for threads."""
    request = ImagePreviewRequest(material_name="a", url="https://x.example/p.png")
    async with app_server(service.app) as endpoint:
        with blockbuster_ctx("avatar_async"):
            async with client_of(endpoint) as client:
                await client.query(5)
                service.revoked.add("access-1")
                assert await client.create(request) == 7
    assert service.granted == 2
