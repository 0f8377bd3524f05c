"""What faults may ask of the emulator and do to it."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from avatar_async._jobs.ports import Clock
from avatar_async.emulator.artifacts import Artifacts
from avatar_async.emulator.auth import Tokens
from avatar_async.emulator.pauses import Pauses
from avatar_async.emulator.service import Service
from avatar_async.emulator.store import Store


class EmulatedWorld:
    """Let faults reach the parts of the emulator."""

    def __init__(
        self,
        endpoint: Callable[[], str],
        clock: Clock,
        pauses: Pauses,
        tokens: Tokens,
        artifacts: Artifacts,
        store: Store,
        service: Service,
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._tokens = tokens
        self._artifacts = artifacts
        self._store = store
        self._service = service
        self._pauses = pauses

    @property
    def endpoint(self) -> str:
        """Origin of the service."""
        return self._endpoint()

    def now(self) -> datetime:
        """Return the emulator's time."""
        return self._clock.now()

    async def wait(self, seconds: float) -> None:
        """Wait on the emulator's clock, or until it closes."""
        await self._pauses.wait(seconds)

    async def until_gone(self, request: web.Request) -> None:
        """Wait until the other side has left, or until the emulator closes."""
        await self._pauses.until_gone(request)

    async def end_token(self, authorization: str | None) -> None:
        """Make a token invalid from now on."""
        await self._tokens.end(authorization)

    def revoke(self, address: str) -> None:
        """Refuse an artifact's address (path and query) from now on."""
        self._artifacts.revoke(address)

    def other_task(self, task_id: Any, dice: random.Random) -> dict[str, Any] | None:
        """Return what the service would show of another task, or None if there is none."""
        others = [each for each in self._store.tasks.values() if each.id != task_id]
        return self._service.described(dice.choice(others)) if others else None
