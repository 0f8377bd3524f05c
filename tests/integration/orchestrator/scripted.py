"""A service on a real socket whose create calls go as each test says; it keeps its own count of them."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from tests.integration.transport.peers import Conversation, Peer, http, peer

TOKENS = "/api/uc/v1/access/api/token"
QUERY = "/api/2dvh/v1/material/task/query"

Create = Callable[["ScriptedService", Conversation, str], Awaitable[None]]


def reply(data: Any = None, *, code: int = 0, status: str = "200 OK", extra: tuple[str, ...] = ()) -> bytes:
    """Return an envelope as a raw reply; the connection ends with it."""
    body = json.dumps({"code": code, "message": "as scripted", "data": data}).encode()
    return http(body, status, "Connection: close", *extra)


async def accept(service: "ScriptedService", conversation: Conversation, name: str) -> None:
    """Make a task."""
    await conversation.send(reply(service.make(name)))


class ScriptedService:
    """Whose tasks fail as soon as they are asked for, so that runs end without downloads.

    Attributes:
        creates: Create calls that arrived whole, by material name.
        made: Task ids, by material name in the order they were made.
        open_now: Create calls it has not answered yet.
        open_most: The most of them at a time.
        queries: Query calls that arrived.
        granted: Access tokens given.
        token_requests: Requests for one.
        queried: Set once the first of them arrived.
        may_query: Set while query calls are answered.
        alive: Access tokens that are taken; None takes any.
    """

    def __init__(self, *plans: Create) -> None:
        self._plans = list(plans)
        self.creates: Counter[str] = Counter()
        self.made: dict[str, list[int]] = {}
        self.open_now = self.open_most = self.queries = self.granted = self.token_requests = 0
        self.queried, self.may_query = anyio.Event(), anyio.Event()
        self.may_query.set()
        self.alive: set[str] | None = None
        self.peer: Peer | None = None
        self._next_id = 9000

    def make(self, name: str) -> int:
        """Make a task and return its id."""
        self._next_id += 1
        self.made.setdefault(name, []).append(self._next_id)
        return self._next_id

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[str]:
        """Serve for the block; yields the origin."""
        async with peer(self._serve) as self.peer:
            yield self.peer.origin

    async def _serve(self, conversation: Conversation) -> None:
        request = await conversation.read_request()
        head, _, raw = request.partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        body = json.loads(raw)
        if path.startswith(TOKENS):
            await self._grant(conversation)
        elif not self._token_taken(head):
            if path != QUERY:
                self.creates[body["materialName"]] += 1
            await conversation.send(reply(code=4010, status="401 Unauthorized"))
        elif path == QUERY:
            await self._answer(conversation, body["taskIds"])
        else:
            await self._create(conversation, body["materialName"])

    def _token_taken(self, head: bytes) -> bool:
        return self.alive is None or any(f"Bearer {token}\r\n".encode() in head for token in self.alive)

    async def _grant(self, conversation: Conversation) -> None:
        self.token_requests += 1
        self.granted += 1
        token = f"access-{self.granted}"
        if self.alive is not None:
            self.alive.add(token)
        await conversation.send(reply({"accessToken": token, "expiresIn": 28800}))

    async def _create(self, conversation: Conversation, name: str) -> None:
        self.creates[name] += 1
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            plan = self._plans.pop(0) if len(self._plans) > 1 else (self._plans or [accept])[0]
            await plan(self, conversation, name)
        finally:
            self.open_now -= 1

    async def _answer(self, conversation: Conversation, ids: list[int]) -> None:
        self.queries += 1
        self.queried.set()
        await self.may_query.wait()
        known = {task_id: name for name, made in self.made.items() for task_id in made}
        tasks = [
            {"taskId": task_id, "taskType": "image_preview", "materialName": known[task_id]}
            | {"status": "FAILED", "failReason": "as scripted"}
            for task_id in ids
            if task_id in known
        ]
        await conversation.send(reply(tasks))
