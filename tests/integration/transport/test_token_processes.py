"""Several processes of one account, and a service that keeps two tokens alive and no more."""

import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiohttp import web

HERE = Path(__file__).parent
SPACING_S = 0.25


class Account:
    """Give tokens as the service does: a third one kills the oldest; each dies by itself at some moment.

    Attributes:
        granted: Tokens given.
        died: Tokens that came to their end by themselves.
        killed: Tokens that were alive when a third one was asked for.
        asked_at_s: When each token request arrived (monotonic seconds).
        asking_most: The most token requests under way at a time.
        refused: Calls whose token was dead.
        refresh_refused: Refresh tokens that were not the latest.
    """

    def __init__(self, enough: int) -> None:
        self.granted = self.died = self.killed = self.refused = self.refresh_refused = 0
        self.asked_at_s: list[float] = []
        self.asking = self.asking_most = 0
        self._alive: dict[str, float] = {}
        self._enough = enough
        self._chance = random.Random(3)
        app = self.app = web.Application()
        app.router.add_post("/api/uc/v1/access/api/token", self._sign)
        app.router.add_post("/api/uc/v1/access/api/token/refresh", self._refresh)
        app.router.add_post("/api/2dvh/v1/material/task/query", self._query)

    async def _sign(self, _request: web.Request) -> web.Response:
        return await self._grant()

    async def _refresh(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bearer refresh-{self.granted}":
            self.refresh_refused += 1
            return web.Response(status=401)
        return await self._grant()

    async def _grant(self) -> web.Response:
        self.asked_at_s.append(time.monotonic())
        self.asking += 1
        self.asking_most = max(self.asking_most, self.asking)
        await anyio.sleep(0.03)
        self.asking -= 1
        self._bury()
        if len(self._alive) == 2:
            self._alive.pop(next(iter(self._alive)))
            self.killed += 1
        self.granted += 1
        self._alive[f"access-{self.granted}"] = time.monotonic() + 0.15 + 0.3 * self._chance.random()
        data = {
            "accessToken": f"access-{self.granted}",
            "expiresIn": 28800,
            "refreshToken": f"refresh-{self.granted}",
        }
        return web.json_response({"code": 0, "message": "success", "data": data})

    def _bury(self) -> None:
        for token in [token for token, end_s in self._alive.items() if end_s <= time.monotonic()]:
            del self._alive[token]
            self.died += 1

    async def _query(self, request: web.Request) -> web.Response:
        if self.granted >= self._enough:
            return self._answer("ENOUGH")
        self._bury()
        if request.headers["Authorization"].removeprefix("Bearer ") not in self._alive:
            self.refused += 1
            return web.Response(status=401)
        return self._answer("RUNNING")

    def _answer(self, status: str) -> web.Response:
        data: list[dict[str, Any]] = [{"taskId": 5, "status": status}]
        return web.json_response({"code": 0, "message": "success", "data": data})


async def started(script: str, *arguments: str) -> str:
    """Run a script of this folder with warnings as errors, and return what it printed."""
    done = await anyio.run_process(
        [sys.executable, "-W", "error", str(HERE / script), *arguments],
        stderr=subprocess.STDOUT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[2])},
    )
    output = done.stdout.decode()
    assert done.returncode == 0, output
    return output


@pytest.mark.parametrize("processes", [2, 3])
async def test_processes_of_one_account_never_kill_a_live_token(app_server, tmp_path, processes):
    """Each death of a token costs one request for the next, whoever notices it first."""
    account = Account(enough=6)
    answered: list[int] = []

    async def work(endpoint: str) -> None:
        answered.append(
            int(await started("token_worker.py", endpoint, str(tmp_path / "tokens"), str(SPACING_S)))
        )

    with anyio.fail_after(60):
        async with app_server(account.app) as endpoint, anyio.create_task_group() as group:
            for _ in range(processes):
                group.start_soon(work, endpoint)
    assert account.granted == 6
    assert account.killed == 0
    assert account.granted <= account.died + 1
    assert account.asking_most == 1
    assert account.refresh_refused == 0
    assert account.refused >= 5
    gaps = [later - sooner for sooner, later in zip(account.asked_at_s, account.asked_at_s[1:], strict=False)]
    assert min(gaps) >= SPACING_S
    assert sum(answered) > 0
    (file,) = (tmp_path / "tokens").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_a_kill_while_the_token_file_is_written_leaves_a_whole_one(tmp_path):
    """The next process reads the old token or the new one, and waits for nobody."""
    with anyio.fail_after(60):
        found = json.loads(await started("token_storm.py", str(tmp_path), "40"))
    assert found == {"whole": 40}
    (file,) = tmp_path.glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
