"""Answer the API calls: create, query, list and the token calls, without knowing of HTTP."""

import random
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen

from avatar_async._jobs.ports import Clock
from avatar_async.emulator import creates
from avatar_async.emulator.artifacts import Artifacts
from avatar_async.emulator.records import EmulatedTask
from avatar_async.emulator.store import Store
from avatar_async.emulator.task_maker import TaskMaker
from avatar_async.emulator.tasks import describe, page, wanted_ids
from avatar_async.requests import Kind

#: How long tasks take at least and at most, in seconds, before `time_scale`.
DEFAULT_DURATIONS_S: Mapping[Kind, tuple[float, float]] = {
    Kind.TRAINING: (1.0, 3.0),
    Kind.REBUILD: (1.0, 2.5),
    Kind.IMAGE_PREVIEW: (0.5, 1.0),
    Kind.VIDEO_PREVIEW: (1.0, 2.0),
    Kind.TAKEOVER: (1.0, 2.5),
}

_QUEUED_SHARE = 0.15
_FIRST_ID = 1 << 54


@frozen(kw_only=True)
class Rules:
    """Hold how the service behaves.

    Attributes:
        strict: Refuse numbers out of range instead of clamping them.
        durations_s: Shortest and longest duration per kind, in seconds.
        time_scale: How many times faster than that tasks run.
        retention_s: How long results are kept, in seconds.
        batch_limit: How many ids one query may name.
    """

    strict: bool
    durations_s: Mapping[Kind, tuple[float, float]]
    time_scale: float
    retention_s: float
    batch_limit: int


class Service:
    """Answer calls; every method returns an envelope's `data`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        artifacts: Artifacts,
        maker: TaskMaker,
        rules: Rules,
        endpoint: Callable[[], str],
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._artifacts = artifacts
        self._maker = maker
        self._rules = rules
        self._endpoint = endpoint
        self._tell = tell
        self._told: set[str] = set()
        self._last_id = max(store.tasks, default=_FIRST_ID + secrets.randbelow(_FIRST_ID))

    async def create(self, kind: Kind, body: Any) -> Any:
        """Accept a task; it is on disk when this returns, and cancellation leaves it whole or absent.

        Raises:
            RefusedError: The body is not what the documents ask for.
        """
        if not isinstance(body, dict):
            raise creates.RefusedError("the body must be a JSON object")
        accepted = creates.read(kind, body, strict=self._rules.strict)
        self._last_id += 1
        task = self._planned(self._last_id, kind, accepted)
        received = self._store.received
        received.accepted[accepted.name] += 1
        received.accepted_kinds[kind.value] += 1
        await self._store.put(task)
        self._maker.add(task.id)
        self._tell_limits(accepted)
        return {"id": task.id, "url": ""} if kind is Kind.IMAGE_PREVIEW else task.id

    async def query(self, body: Any) -> list[dict[str, Any]]:
        """Describe the tasks asked for; unknown ids are left out.

        Raises:
            RefusedError: The body is not what the dialect asks for.
        """
        if not isinstance(body, dict):
            raise creates.RefusedError("the body must be a JSON object")
        ids = wanted_ids(body, self._rules.batch_limit)
        return [self.described(self._store.tasks[each]) for each in ids if each in self._store.tasks]

    async def list(self, body: Any) -> dict[str, Any]:
        """Describe one page of the account's tasks.

        Raises:
            RefusedError: The body is not what the dialect asks for.
        """
        if not isinstance(body, dict):
            raise creates.RefusedError("the body must be a JSON object")
        total, tasks = page(self._store.tasks.values(), body)
        return {"total": total, "list": [self.described(task) for task in tasks]}

    def described(self, task: EmulatedTask) -> dict[str, Any]:
        """Return what a query shows of a task."""
        endpoint = self._endpoint()
        return describe(
            task,
            self._clock.now(),
            self._rules.retention_s,
            lambda owner, record: self._artifacts.url(endpoint, owner, record),
        )

    def _tell_limits(self, accepted: creates.Accepted) -> None:
        """Tell a person what is not emulated, each thing once."""
        for note in accepted.limits:
            if self._tell is not None and note not in self._told:
                self._told.add(note)
                self._tell(f"note: {note} (first asked for by {accepted.name})")

    def _planned(self, task_id: int, kind: Kind, accepted: creates.Accepted) -> EmulatedTask:
        shortest_s, longest_s = self._rules.durations_s.get(kind, DEFAULT_DURATIONS_S[kind])
        duration_s = random.Random(task_id).uniform(shortest_s, longest_s) / self._rules.time_scale
        now = self._clock.now()
        return EmulatedTask(
            id=task_id,
            kind=kind,
            name=accepted.name,
            body=accepted.body,
            notes=accepted.notes,
            created_at=now,
            starts_at=now + timedelta(seconds=duration_s * _QUEUED_SHARE),
            ready_at=now + timedelta(seconds=duration_s),
        )
