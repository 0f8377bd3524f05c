"""The vendor's service and its artifacts, as ports."""

from __future__ import annotations  # a program that only makes calls needs none of the types below

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from avatar_async._jobs.remote import QueryAnswer, SubmissionReport
    from avatar_async._jobs.verdicts import SubmissionCodes
    from avatar_async.requests import Request

Chunk = bytes | bytearray | memoryview  #: a part of a file


class ArtifactStream(Protocol):
    """An open download."""

    #: HTTP status, 200 or 206.
    status: int
    #: Where in the file the first chunk lies.
    offset: int
    #: Length of the whole file, if told.
    total_bytes: int | None
    #: Strong validator, if there is one.
    etag: str | None

    def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body as it arrives.

        A chunk that is a view keeps its memory until it is released; then other bytes take its place.

        Raises:
            ConnectionLostError: It broke off.
            TransportTimeoutError: No bytes came for too long.
        """
        ...


class ArtifactSource(Protocol):
    """Where artifacts are downloaded from."""

    def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AbstractAsyncContextManager[ArtifactStream]:
        """Open a download, from `offset` if the server still has that strong `etag`'s.

        Raises:
            ArtifactRefusedError: The address is refused or gone.
            TransportError: The host cannot be reached or talks nonsense.
            ThrottledError: Too many calls.
            ServiceError: The address needs a token, and none can be had now.
        """
        ...


class Service(ArtifactSource, Protocol):
    """The vendor's service as the orchestrator sees it."""

    #: Origin, such as https://aigc.softsugar.com.
    endpoint: str
    #: The appId, or another stable word for who pays.
    account: str
    #: Whether the query dialect was given by the user, or the endpoint is loopback.
    dialect_trusted: bool
    #: How many task ids one query may hold.
    query_batch: int
    #: Whether the dialect has a list call.
    can_list: bool
    #: What the profile says of envelope codes.
    codes: SubmissionCodes

    async def prepare(self) -> None:
        """Make sure that a valid token is at hand, so that a create call spends no time on it.

        Raises:
            AuthError: The appId or appKey is refused.
            SettingRefusedError: The endpoint is wrong.
            ServiceError, TransportError: The token cannot be had now.
        """
        ...

    async def submit(self, request: Request) -> SubmissionReport:
        """Send one create call on a fresh connection and report what was seen; never sends twice.

        Cancellation leaves the outcome unknown.

        Raises:
            RequestError: The request cannot be written as JSON; nothing was sent.
        """
        ...

    async def renew_token(self, generation: int) -> None:
        """Get a new token unless one newer than that generation is already here.

        Raises:
            AuthError: The appId or appKey is refused, or the token is a fixed one.
            SettingRefusedError: The endpoint is wrong.
            ServiceError, TransportError: The token cannot be had now.
        """
        ...

    async def query_tasks(self, task_ids: Sequence[int]) -> QueryAnswer:
        """Ask for tasks, at most `query_batch`; one that is missing in the answer is unknown there.

        Raises:
            AuthError: The token is refused, also after one renewal.
            ThrottledError: Too many calls.
            ServiceError: Another refusal.
            TransportError: No readable answer.
        """
        ...

    async def find_tasks(
        self, name: str, *, turn: Callable[[], Awaitable[None]] | None = None
    ) -> QueryAnswer:
        """List the tasks of a material or video name; `whole` tells whether these are surely all.

        `turn` is awaited before each call but the first, so that a long list keeps to the poll limit.

        Raises:
            ConfigError: The dialect has no list call.
            ServiceError, TransportError: As for `query_tasks`.
        """
        ...
