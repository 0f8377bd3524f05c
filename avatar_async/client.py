"""The service as one object: create, query, wait, download; usable with and without the orchestrator."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from anyio.lowlevel import checkpoint
from attrs import evolve, field, frozen

from avatar_async._clock import SystemClock
from avatar_async._jobs.ports import ArtifactStream, Clock
from avatar_async._jobs.remote import QueryAnswer, RemoteFile, RemoteTask, SubmissionReport
from avatar_async._jobs.verdicts import SubmissionCodes, Verdict, decide
from avatar_async._transport.downloads import DownloadSession
from avatar_async._transport.session import ServiceSession
from avatar_async._transport.sharing import SharedQuery
from avatar_async._transport.tokens import TokenKeeper, token_keeper
from avatar_async._transport.waiting import wait_for_task
from avatar_async._wire.calls import Call, Reply
from avatar_async._wire.creation import decode_create, encode_create
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.listing import TaskListing
from avatar_async._wire.outcomes import made_task
from avatar_async._wire.querying import decode_list, decode_query, encode_query
from avatar_async.errors import (
    AuthError,
    AvatarError,
    ConfigError,
    NotSentError,
    TaskError,
    TransportError,
)
from avatar_async.settings import Settings, origin

if TYPE_CHECKING:
    from avatar_async._storage.single import SingleDownloads
    from avatar_async.requests import Request, Validation

_Answer = TypeVar("_Answer")
_Decode = Callable[..., _Answer]
_NO_CREDENTIALS = "no credentials: set AVATAR_APP_ID and AVATAR_APP_KEY, or AVATAR_TOKEN"


@frozen
class Credentials:
    """An account's appId and appKey."""

    app_id: str
    app_key: str = field(repr=False)


class AvatarClient:
    """A client of the service; enter it with `async with` before use.

    It is bound to the event loop that entered it, starts no task of its own and leaves no thread.

    Args:
        endpoint: Origin of the service; the settings' own if not given.
        credentials: An account, or a fixed access token; the settings' own if not given.
        settings: Everything else.
        clock: The time, for tests.

    Raises:
        ConfigError: On construction: there are no credentials, or a setting is wrong.
    """

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        credentials: Credentials | str | None = None,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        changes: dict[str, Any] = {} if endpoint is None else {"endpoint": endpoint}
        if isinstance(credentials, Credentials):
            changes |= {"app_id": credentials.app_id, "app_key": credentials.app_key, "token": None}
        elif credentials is not None:
            changes |= {"token": credentials}
        settings = evolve(settings or Settings(), **changes)
        if settings.token is None and (settings.app_id is None or settings.app_key is None):
            raise ConfigError(_NO_CREDENTIALS)
        #: All settings, the arguments above included.
        self.settings = settings
        self._clock: Clock = clock or SystemClock()
        raw = settings.query_dialect
        self._dialect = QueryDialect() if raw is None else QueryDialect.from_mapping(raw)
        #: Origin of the service.
        self.endpoint: str = settings.endpoint
        #: Who pays: the appId, or "fixed-token".
        self.account: str = settings.app_id or "fixed-token"
        #: Whether the user described the query call, or the endpoint is this machine.
        self.dialect_trusted: bool = self._dialect.trusted or settings.loopback
        #: Most task ids in one query.
        self.query_batch: int = self._dialect.batch
        #: Whether tasks can be listed by name.
        self.can_list: bool = self._dialect.list is not None
        #: What the profile says of envelope codes.
        self.codes: SubmissionCodes = SubmissionCodes(
            **{name: frozenset(codes) for name, codes in settings.codes.items()}
        )
        self._session = ServiceSession(settings)
        self._downloads = DownloadSession(settings, self._clock)
        self._single: SingleDownloads | None = None
        self._shared = SharedQuery(self.query_tasks, self.query_batch)
        self._keeper: TokenKeeper | None = None
        self._stack = AsyncExitStack()

    @classmethod
    def from_env(cls, profile: Path | str | None = None, **overrides: Any) -> Self:
        """Return a client with the settings of the environment and the profile.

        Args:
            profile: The profile; `AVATAR_PROFILE` names it if not given.
            overrides: Settings that win over both, by field name.

        Raises:
            ConfigError: Settings are wrong or missing.
        """
        return cls(settings=Settings.load(os.environ, profile, **overrides))

    def __repr__(self) -> str:
        return f"<AvatarClient of {self.endpoint}, account {self.account}>"

    async def __aenter__(self) -> Self:
        # What the first calls and downloads need is loaded here, since then it would hold up all others.
        await checkpoint()
        self._single_downloads()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._session)
            await stack.enter_async_context(self._downloads)
            self._keeper = token_keeper(
                self.settings, send=self._send_token_call, clock=self._clock, codes=self.codes
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._keeper = None
        await self._stack.aclose()

    async def create(self, request: "Request", *, validation: "Validation | None" = None) -> int:
        """Send one create call and return the id of the task it made.

        It is sent again only after the first refusal of a token, which the service checks before any
        work. Cancellation leaves open whether a task was made.

        Args:
            request: What to ask for.
            validation: Whether problems refuse it; the settings' own if not given.

        Raises:
            RequestError: The request has problems.
            NotSentError: Nothing was sent.
            AuthError, ThrottledError, RejectedError, SettingRefusedError: The service refused.
            SubmissionUnknownError: A task may or may not have been made.
        """
        from avatar_async.requests import check

        check(request, validation or self.settings.validation)
        await self.prepare()
        refused = False
        while True:
            report = await self.submit(request)
            verdict = decide(report, after_token_refusal=refused, codes=self.codes)
            if verdict is not Verdict.TOKEN:
                return made_task(report, verdict)
            refused = True
            await self.renew_token(report.token_generation)

    async def query(self, task_id: int) -> RemoteTask:
        """Return what the service says of a task.

        Queries made at the same moment share a call, up to the dialect's batch, and its outcome.

        Raises:
            TaskError: The service does not know it.
            ServiceError: The service refused.
            TransportError: No readable answer.
        """
        task = await self._shared.task(task_id)
        if task is None:
            raise TaskError(f"the service does not know task {task_id}", task_id=task_id)
        return task

    async def wait(
        self, task_id: int, *, timeout_s: float | None = None, poll_s: float | None = None
    ) -> RemoteTask:
        """Return a task once it has succeeded; failing polls do not end the wait.

        Cancellation leaves the task to itself at the service.

        Args:
            task_id: The task.
            timeout_s: Seconds to wait at most.
            poll_s: Seconds between polls; growing from 1 to 30 if not given.

        Raises:
            TaskFailedError: The service reports that it failed.
            TaskExpiredError: Its results are gone.
            TaskTimeoutError: It did not finish in time; it goes on remotely.
            AuthError, SettingRefusedError: Several polls running were refused for the settings.
        """
        return await wait_for_task(self.query, task_id, clock=self._clock, timeout_s=timeout_s, poll_s=poll_s)

    async def download(
        self, artifact: RemoteFile, folder: Path | str, *, verify: bool = True, durable: bool = True
    ) -> Path:
        """Bring a file of a finished task home, verified, and return where it is.

        It appears under its final name only when it is whole; cancellation may leave a `.part` beside it.

        Args:
            artifact: One of a task's `artifacts`.
            folder: Where to put it; made if need be.
            verify: Whether its announced MD5 is compared and its content checked: every member of a zip,
                every pixel of an image if Pillow is there, the start of a video. Without, only its length is
                compared with what the server and the service say; for files that are checked elsewhere.
            durable: Whether the file and its name are forced onto the disk before this returns. Without, the
                system writes them within its usual half minute, and a power cut before that may leave the
                file empty or missing; for files that could be fetched again.

        Raises:
            ArtifactRefusedError: Its address is refused or gone: query the task again.
            IntegrityError: The bytes are not what was announced.
            DiskSpaceError: There is not enough room.
            UnknownFileError: A file of that name is there already.
            TransportError: The connection failed again and again.
        """
        downloads = self._single_downloads()
        return await downloads.fetch(artifact, folder, self, verify=verify, durable=durable)

    def _single_downloads(self) -> "SingleDownloads":
        if self._single is None:
            from avatar_async._storage.single import SingleDownloads

            self._single = SingleDownloads(
                clock=self._clock,
                disk_reserve_bytes=self.settings.disk_reserve_bytes,
                bandwidth_bytes_s=self.settings.bandwidth_bytes_s,
                fetches=self.settings.fetches,
            )
        return self._single

    async def prepare(self) -> None:
        """Make sure that a valid token is at hand (see the `Service` port)."""
        await self._token_keeper().current()

    async def submit(self, request: "Request") -> SubmissionReport:
        """Send one create call on a fresh connection, once, and report what was seen.

        Cancellation leaves the outcome unknown.

        Raises:
            RequestError: The request cannot be written as JSON; nothing was sent.
        """
        created = encode_create(request, preview_case=self.settings.preview_case)
        try:
            token = await self._token_keeper().current()
        except AvatarError as error:
            return SubmissionReport(sent=False, message=str(error))
        seen: dict[str, Any] = {"token_generation": token.generation}
        try:
            reply = await self._session.send(created.call, what="create call", token=token.value, fresh=True)
        except NotSentError as error:
            return SubmissionReport(sent=False, message=str(error), **seen)
        except TransportError as error:
            return SubmissionReport(sent=True, message=str(error), **seen)
        return decode_create(reply, now=self._clock.now(), fields=created.fields, **seen)

    async def renew_token(self, generation: int) -> None:
        """Get a new token unless a newer one is already here (see the `Service` port)."""
        await self._token_keeper().renew(generation)

    async def query_tasks(self, task_ids: Sequence[int]) -> QueryAnswer:
        """Ask for up to `query_batch` tasks (see the `Service` port)."""
        if not task_ids:
            return QueryAnswer(tasks=(), asked_at=self._clock.now())
        decode = partial(decode_query, asked=task_ids)
        return await self._ask(encode_query(self._dialect, task_ids), decode, what="query call")

    async def find_tasks(
        self, name: str, *, turn: Callable[[], Awaitable[None]] | None = None
    ) -> QueryAnswer:
        """List every task of a material or video name (see the `Service` port)."""
        listing = TaskListing(self._dialect, name)
        while (call := listing.next_call()) is not None:
            if turn is not None and not listing.fresh:
                await turn()
            listing.add(await self._ask(call, decode_list, what="list call"))
        return listing.answer()

    def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AbstractAsyncContextManager[ArtifactStream]:
        """Open a download (see the `ArtifactSource` port)."""
        if self._dialect.artifact_auth and self._own(url):
            return self._open_own(url, offset, etag)
        return self._downloads.open_artifact(url, offset=offset, etag=etag)

    @asynccontextmanager
    async def _open_own(self, url: str, offset: int, etag: str | None) -> AsyncIterator[ArtifactStream]:
        """Open a download at the service's own origin, which wants to see the token."""
        token = (await self._token_keeper().current()).value
        async with self._downloads.open_artifact(url, offset=offset, etag=etag, token=token) as stream:
            yield stream

    async def _ask(self, call: Call, decode: _Decode[_Answer], *, what: str) -> _Answer:
        keeper = self._token_keeper()
        refused = False
        while True:
            token = await keeper.current()
            asked_at = self._clock.now()
            reply = await self._session.send(call, what=what, token=token.value)
            try:
                now = self._clock.now()
                return decode(self._dialect, reply, asked_at=asked_at, now=now, codes=self.codes)
            except AuthError:
                if refused:
                    raise
            refused = True
            await keeper.renew(token.generation)

    async def _send_token_call(self, call: Call) -> Reply:
        return await self._session.send(call, what="token call", fresh=True)

    def _own(self, url: str) -> bool:
        try:
            return origin("{0.scheme}://{0.netloc}".format(urlsplit(url))) == self.endpoint
        except ValueError:
            return False

    def _token_keeper(self) -> TokenKeeper:
        if self._keeper is None:
            raise RuntimeError("enter the client with `async with` before using it")
        return self._keeper
