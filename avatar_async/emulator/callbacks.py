"""Tell the account's callback address of finished tasks (design: query dialect)."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from anyio.abc import TaskGroup
from attrs import evolve
from yarl import URL

from avatar_async._jobs.ports import Clock
from avatar_async.emulator.faults.base import Delivery, ShownFault, World
from avatar_async.emulator.faults.live import Faults
from avatar_async.emulator.faults.shown import Twice
from avatar_async.emulator.loopback import LoopbackResolver, is_elsewhere
from avatar_async.emulator.records import EmulatedTask
from avatar_async.emulator.store import Store
from avatar_async.errors import EmulatorError

_log = logging.getLogger(__name__)

#: Waits before the second, third and fourth attempt, in seconds.
_RETRIES_S = (1.0, 5.0, 25.0)
_TIMEOUT_S = 10.0


class Callbacks:
    """Post `{"taskId", "status"}` when a task has finished, up to four times until a 2xx is answered.

    What was not delivered when the emulator stopped is tried again at the next start, so that a callback may
    come more than once, or not at all. Redirects are not followed.

    Args:
        url: Where to, as `checked_address` returns it; None sends nothing.
        allow_remote: Whether it may lie on another machine.
        time_scale: How many times shorter waits are than they say.
        store: Remembers which tasks were called back.
        clock: Tells when a task has finished.
        faults: Decides what goes wrong.
        tell: Told once for each reason why a callback was not taken.
    """

    def __init__(
        self,
        url: URL | None,
        *,
        allow_remote: bool,
        time_scale: float,
        store: Store,
        clock: Clock,
        faults: Faults,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._url = url
        self._time_scale = time_scale
        self._session: aiohttp.ClientSession | None = None
        self._allow_remote = allow_remote
        self._store = store
        self._clock = clock
        self._faults = faults
        self._tell_person = tell
        self._told: set[str] = set()

    @property
    def wanted(self) -> bool:
        """Tell whether there is an address to call."""
        return self._url is not None

    async def open(self, group: TaskGroup, world: World) -> None:
        """Make ready to send; callbacks an earlier run still owes are sent first.

        Args:
            group: Where deliveries live; cancelling it drops what is under way until the next start.
            world: What faults may reach.
        """
        self._group = group
        self._world = world
        if self._url is None:
            return
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=None if self._allow_remote else LoopbackResolver()),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            headers={"User-Agent": "avatar-async-emulator"},
            trust_env=False,
        )
        for task in self._store.tasks.values():
            if task.outcome is not None:
                self.add(task)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    def add(self, task: EmulatedTask) -> None:
        """Have a finished task's callback sent when its time has come."""
        if self._url is not None and task.outcome is not None and not task.outcome.called_back:
            self._group.start_soon(self._tell, task)

    async def _tell(self, task: EmulatedTask) -> None:
        assert task.outcome is not None
        early_s = (task.outcome.finished_at - self._clock.now()).total_seconds()
        await self._clock.sleep(max(0.0, early_s))
        truth = {"taskId": task.id, "status": "FAILED" if task.outcome.reason else "SUCCESS"}
        for delivery in await self._deliveries(task, truth):
            await self._deliver(task, delivery)
        await self._store.put(evolve(task, outcome=evolve(task.outcome, called_back=True)))

    async def _deliveries(self, task: EmulatedTask, truth: Mapping[str, Any]) -> list[Delivery]:
        names = (task.name,)
        shown, changes = [dict(truth)], []
        for key, rule in self._faults.concerning("callback", names):
            if isinstance(rule.fault, ShownFault) and not rule.fault.counts(truth):
                continue
            fired = self._faults.decide(key, rule, "callback", names, each=False)
            if fired is None:
                continue
            await self._faults.record(fired)
            changes.append((rule.fault, fired.dice))
        for fault, dice in changes:
            if isinstance(fault, ShownFault) and not isinstance(fault, Twice):
                shown = [new for each in shown for new in fault.show(each, self._world, dice)]
        deliveries = [Delivery(body=json.dumps(each).encode()) for each in shown]
        for delivery in deliveries:
            for fault, dice in changes:
                fault.deliver(delivery, dice)
        return deliveries

    async def _deliver(self, task: EmulatedTask, delivery: Delivery) -> None:
        await self._pause(delivery.delay_s)
        for number in range(delivery.times):
            if number:
                await self._pause(delivery.gap_s)
            for wait_s in (*_RETRIES_S, None):
                if await self._post(task, delivery.body) or wait_s is None:
                    break
                await self._pause(wait_s)

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep(seconds / self._time_scale)

    async def _post(self, task: EmulatedTask, body: bytes) -> bool:
        assert self._url is not None
        assert self._session is not None
        self._store.received.callbacks[task.name] += 1
        try:
            async with self._session.post(
                self._url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False
            ) as response:
                if 200 <= response.status < 300:
                    return True
                reason = f"HTTP {response.status}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
        _log.info("the callback of task %d was not taken: %s", task.id, reason)
        self._missed(reason)
        return False

    def _missed(self, reason: str) -> None:
        if self._tell_person is None or reason in self._told:
            return
        self._told.add(reason)
        assert self._url is not None
        hint = "; check the path (a run prints its own)" if reason == "HTTP 404" else ""
        # The path may end with a secret.
        self._tell_person(f"warning: a callback was not taken by {self._url.origin()}: {reason}{hint}")


def checked_address(url: str, *, allow_remote: bool) -> URL:
    """Return a callback address that may be used.

    Raises:
        EmulatorError: It is no http or https URL, or is on another machine though that is not allowed.
    """
    try:
        address = URL(url, encoded=True)
        port = address.port
    except ValueError as error:
        raise EmulatorError(f"the callback address is no URL: {error}") from error
    if address.scheme not in {"http", "https"} or not address.host or not port:
        raise EmulatorError(
            "the callback address must be an http or https URL, such as http://127.0.0.1:8799/callback"
        )
    if not allow_remote and is_elsewhere(address.host):
        raise EmulatorError(
            "the callback address must be on this machine, such as http://127.0.0.1:8799/callback, "
            "unless other machines are allowed (--allow-remote)"
        )
    return address
