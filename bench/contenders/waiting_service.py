"""A service in the contender's own process: every task runs for ever, each call takes a round trip."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from time import perf_counter

import anyio

from avatar_async._jobs.ports import ArtifactStream
from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask, SubmissionReport
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async.errors import TransportError
from avatar_async.requests import Request

#: What the ledgers of these races are bound to.
ENDPOINT, ACCOUNT = "http://127.0.0.1:9", "bench"
#: Seconds that a call is under way.
_ROUND_TRIP_S = 0.02


class RunningTasks:
    """Answer that every task is still running, and keep count of what was asked."""

    endpoint = ENDPOINT
    account = ACCOUNT
    dialect_trusted = True
    query_batch = 100
    can_list = False
    codes = SubmissionCodes()

    def __init__(self) -> None:
        self.calls = 0
        self.ids = 0
        #: Each task asked for at least once.
        self.asked: set[int] = set()
        #: When the first call came, by the performance counter.
        self.first_s: float | None = None

    async def query_tasks(self, task_ids: Sequence[int]) -> QueryAnswer:
        """Answer a query for many tasks."""
        if self.first_s is None:
            self.first_s = perf_counter()
        self.calls += 1
        self.ids += len(task_ids)
        self.asked.update(task_ids)
        asked_at = datetime.now(UTC)
        await anyio.sleep(_ROUND_TRIP_S)
        tasks = tuple(
            RemoteTask(task_id=task_id, state=RemoteState.RUNNING, status="RUNNING", progress=40)
            for task_id in task_ids
        )
        return QueryAnswer(tasks=tasks, asked_at=asked_at, service_at=asked_at)

    async def prepare(self) -> None:
        """Have a token at hand."""

    async def renew_token(self, generation: int) -> None:
        """Have another token."""

    async def submit(self, request: Request) -> SubmissionReport:
        """Refuse: nothing is submitted in these races."""
        raise TransportError(f"{request.name} is not to be submitted")

    async def find_tasks(
        self, name: str, *, turn: Callable[[], Awaitable[None]] | None = None
    ) -> QueryAnswer:
        """Refuse: there is no list call."""
        raise TransportError(f"there is no list of tasks named {name} ({turn})")

    def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None, short: bool = False
    ) -> AbstractAsyncContextManager[ArtifactStream]:
        """Refuse: no task ever ends."""
        raise TransportError(f"nothing to download at {url} from {offset} ({etag}, {short})")
