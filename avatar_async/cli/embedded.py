"""The embedded service, under an address that stays the same from run to run."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from avatar_async._jobs.ports import ArtifactStream, Service
from avatar_async._jobs.remote import QueryAnswer, SubmissionReport
from avatar_async.requests import Request, from_plain

#: Where manifests find the embedded service's demo clips, whatever port it got; `.test` never exists.
ORIGIN = "http://emulator.test"
#: Folder below the results where the embedded service keeps its tasks.
FOLDER = ".emulator"


def uses_embedded(request: Request) -> bool:
    """Tell whether a request names a file of the embedded service."""
    return any(_is_ours(url) for _, url in request.urls())


class EmbeddedService:
    """A client of the embedded service that calls it by its lasting address.

    The port may be another one each time; the ledger and the requests in it must not change with it.
    """

    def __init__(self, client: Service, actual_origin: str) -> None:
        self._client = client
        self._actual = actual_origin.rstrip("/")
        self.endpoint = ORIGIN
        self.account = "emulator"
        self.dialect_trusted = True
        self.query_batch = client.query_batch
        self.can_list = client.can_list
        self.codes = client.codes

    async def prepare(self) -> None:
        """Have a valid token at hand; see `Service.prepare`."""
        await self._client.prepare()

    async def submit(self, request: Request) -> SubmissionReport:
        """Send one create call with the addresses of this time; see `Service.submit`."""
        if uses_embedded(request):
            request = from_plain(request.kind, self._present(request.to_plain()))
        return await self._client.submit(request)

    async def renew_token(self, generation: int) -> None:
        """Get a new token; see `Service.renew_token`."""
        await self._client.renew_token(generation)

    async def query_tasks(self, task_ids: Sequence[int]) -> QueryAnswer:
        """Ask for tasks; see `Service.query_tasks`."""
        return await self._client.query_tasks(task_ids)

    async def find_tasks(
        self, name: str, *, turn: Callable[[], Awaitable[None]] | None = None
    ) -> QueryAnswer:
        """List the tasks of a name; see `Service.find_tasks`."""
        return await self._client.find_tasks(name, turn=turn)

    def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AbstractAsyncContextManager[ArtifactStream]:
        """Open a download; see `ArtifactSource.open_artifact`."""
        return self._client.open_artifact(url, offset=offset, etag=etag)

    def present(self, address: str) -> str:
        """Return where an address leads this time."""
        return self._actual + address[len(ORIGIN) :] if _is_ours(address) else address

    def _present(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.present(value)
        if isinstance(value, dict):
            return {key: self._present(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._present(inner) for inner in value]
        return value


def _is_ours(url: str) -> bool:
    return url == ORIGIN or url.startswith(f"{ORIGIN}/")
