"""The service on loopback: one object that starts it, and stops it."""

import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import anyio
import anyio.to_thread
from aiohttp import web
from aiohttp.typedefs import Middleware
from filelock import FileLock, Timeout

from avatar_async._clock import SystemClock
from avatar_async._jobs.ports import Clock
from avatar_async.emulator.app import make_app
from avatar_async.emulator.artifacts import Artifacts
from avatar_async.emulator.auth import Tokens
from avatar_async.emulator.callbacks import Callbacks, checked_address
from avatar_async.emulator.faults.live import FAULT_LOG, Faults
from avatar_async.emulator.faults.middleware import misbehaving
from avatar_async.emulator.faults.plans import read_spec
from avatar_async.emulator.faults.rules import FaultPlan
from avatar_async.emulator.pauses import Pauses
from avatar_async.emulator.received import Received
from avatar_async.emulator.service import DEFAULT_DURATIONS_S, Rules, Service
from avatar_async.emulator.sources import Sources
from avatar_async.emulator.store import Store
from avatar_async.emulator.task_maker import TaskMaker
from avatar_async.emulator.world import EmulatedWorld
from avatar_async.errors import AvatarError, EmulatorError
from avatar_async.requests import Kind

_log = logging.getLogger(__name__)

_MAX_SOURCE_BYTES = 4 << 30
_SOURCE_TIMEOUT_S = 30.0
_KEPT_ORIGINS = 32
_CLOSE_S = 5.0
_COUNTS_S = 1.0


class Emulator:
    """Emulate the service: tokens, the five create calls, queries and files, with honest work.

    Open it as an async context manager. State lives in `data` and survives restarts and kills: tasks
    accepted but not finished are done anew, and the port is the last one again if it is free.
    Cancellation inside the block closes it; work under way is done anew at the next start.

    Args:
        data: Folder of the state and the finished files; made if missing, one emulator at a time.
        host: Address to listen on. Anything but loopback is at the caller's own risk.
        port: Port to listen on; 0 takes the last one used, or a free one.
        time_scale: How many times faster tasks run than `durations_s` say; retention is not scaled.
        strict: Refuse numbers out of the documented ranges instead of clamping them.
        app_id: Account; generated once and kept if not given.
        app_key: Key of the account; generated once and kept if not given.
        durations_s: Shortest and longest duration per kind, in seconds; kinds left out keep short defaults.
        clock: Tells the time by which tasks advance and tokens and files expire.
        retention_s: How long results are kept, in seconds.
        media_dir: Folder whose files are served at `media_url(name)`.
        batch_limit: How many ids one query may name.
        allow_remote_sources: Also fetch media from other machines.
        url_lifetime_s: How long an artifact's address is good for, in seconds.
        middlewares: aiohttp middlewares put around everything.
        faults: What goes wrong, and when; a plan, or a spec as `--faults` takes it.
        callback_url: Where `{"taskId", "status"}` is posted when a task has finished; None posts nothing.
        allow_remote_callbacks: Also post to other machines.
        tell: Told, once for each reason, that a callback was not taken, and what of a request is not
            emulated.
    """

    def __init__(
        self,
        data: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        time_scale: float = 1.0,
        strict: bool = False,
        app_id: str | None = None,
        app_key: str | None = None,
        durations_s: Mapping[Kind, tuple[float, float]] | None = None,
        clock: Clock | None = None,
        retention_s: float = 7 * 86_400,
        media_dir: Path | None = None,
        batch_limit: int = 100,
        allow_remote_sources: bool = False,
        url_lifetime_s: float = 3600.0,
        middlewares: Sequence[Middleware] = (),
        faults: FaultPlan | str | None = None,
        callback_url: str | None = None,
        allow_remote_callbacks: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        if time_scale <= 0:
            raise EmulatorError("time_scale must be above 0")
        self._data = data
        self._host = host
        self._port = port
        self._given = (app_id, app_key)
        self._clock: Clock = clock or SystemClock()
        self._media_dir = media_dir
        self._allow_remote_sources = allow_remote_sources
        self._url_lifetime_s = url_lifetime_s
        self._middlewares = tuple(middlewares)
        self._plan = read_spec(faults) if isinstance(faults, str) else faults or FaultPlan()
        self._callback_url = (
            None
            if callback_url is None
            else checked_address(callback_url, allow_remote=allow_remote_callbacks)
        )
        self._allow_remote_callbacks = allow_remote_callbacks
        self._tell = tell
        self._rules = Rules(
            strict=strict,
            durations_s={**DEFAULT_DURATIONS_S, **(durations_s or {})},
            time_scale=time_scale,
            retention_s=retention_s,
            batch_limit=batch_limit,
        )
        self._store = Store(data / "state.db")

    #: Origin of the service while it is open, such as http://127.0.0.1:8080.
    endpoint: str
    #: Account to ask for tokens with, while it is open.
    app_id: str
    #: Key of the account, while it is open.
    app_key: str
    #: What goes wrong, while it is open: rules can be added and cleared, and what happened is counted.
    faults: Faults

    @property
    def received(self) -> Received:
        """Count of the calls received, over all runs on the same data folder."""
        return self._store.received

    def media_url(self, filename: str) -> str:
        """Return the address of a file in `media_dir`.

        Raises:
            EmulatorError: No `media_dir` was given.
        """
        if self._media_dir is None:
            raise EmulatorError("there is no media_dir to serve files from")
        return f"{self.endpoint}/media/{quote(filename)}"

    async def settle(self) -> None:
        """Wait until the work of all accepted tasks is done; the clock decides when it shows."""
        await self._maker.settle()

    async def __aenter__(self) -> Self:
        """Start the service.

        Raises:
            EmulatorError: The data folder is in use or unreadable, or the port is taken.
        """
        stack = AsyncExitStack()
        try:
            await anyio.to_thread.run_sync(self._lock_data)
            stack.push_async_callback(_shielded, self._unlock_data)
            await self._store.open()
            stack.push_async_callback(_shielded, self._store.close)
            await self._choose_account()
            await self._start(stack)
        except BaseException:
            await stack.aclose()
            raise
        self._stack = stack
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the service; errors of the block leave it unwrapped."""
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        sources = Sources(
            self._data / "sources",
            allow_remote=self._allow_remote_sources,
            rebase=self._rebased,
            max_bytes=_MAX_SOURCE_BYTES,
            timeout_s=_SOURCE_TIMEOUT_S,
        )
        await sources.open()
        stack.push_async_callback(_shielded, sources.close)
        files = self._data / "files"
        pauses = Pauses(self._clock, self._rules.time_scale)
        artifacts = Artifacts(
            self._store,
            self._clock,
            files,
            retention_s=self._rules.retention_s,
            url_lifetime_s=self._url_lifetime_s,
            secret=self._store.settings["url_secret"],
            pauses=pauses,
        )
        self.faults = Faults(self._plan, self._clock, self._data / FAULT_LOG, self._store)
        callbacks = Callbacks(
            self._callback_url,
            allow_remote=self._allow_remote_callbacks,
            time_scale=self._rules.time_scale,
            store=self._store,
            clock=self._clock,
            faults=self.faults,
            tell=self._tell,
        )
        self._maker = TaskMaker(self._store, self._clock, sources, files, self.faults, callbacks)
        self._maker.open()
        stack.callback(self._maker.close)
        service = Service(
            self._store, self._clock, artifacts, self._maker, self._rules, lambda: self.endpoint, self._tell
        )
        tokens = Tokens(self._store, self._clock, self.app_id, self.app_key)
        world = EmulatedWorld(
            lambda: self.endpoint, self._clock, pauses, tokens, artifacts, self._store, service
        )
        app = make_app(
            service,
            tokens,
            artifacts,
            self._store.received,
            self._clock,
            media_dir=self._media_dir,
            faults=misbehaving(self.faults, world, self._store, tokens.admits),
            middlewares=self._middlewares,
        )
        stack.push_async_callback(_shielded, callbacks.close)
        group = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(group.cancel_scope.cancel)
        stack.callback(self._maker.stop)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handle_signals=False)
        await runner.setup()
        stack.push_async_callback(_shielded, runner.cleanup)
        stack.callback(pauses.close)
        await self._listen(runner)
        await callbacks.open(group, world)
        group.start_soon(self._maker.run)
        group.start_soon(self._keep_counts)

    async def _keep_counts(self) -> None:
        while True:
            await anyio.sleep(_COUNTS_S)
            try:
                await self._store.keep_counts()
            except AvatarError as error:  # the next write tells whoever waits for it
                _log.warning("%s", error)

    def _lock_data(self) -> None:
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(self._data / "emulator.lock", timeout=0, thread_local=False)
            self._lock.acquire()
        except Timeout as error:
            raise EmulatorError(
                f"another emulator or run uses {self._data}: wait until it ends, or name another folder"
            ) from error
        except OSError as error:
            raise EmulatorError(f"{self._data} cannot be used: {error.strerror}") from error

    async def _unlock_data(self) -> None:
        await anyio.to_thread.run_sync(self._lock.release)

    async def _choose_account(self) -> None:
        settings = self._store.settings
        for name, generated in (
            ("app_id", secrets.token_hex(16)),
            ("app_key", secrets.token_hex(16)),
            ("url_secret", secrets.token_hex(16)),
        ):
            if name not in settings:
                await self._store.set(name, generated)
        self.app_id = self._given[0] or settings["app_id"]
        self.app_key = self._given[1] or settings["app_key"]

    async def _listen(self, runner: web.AppRunner) -> None:
        last = self._store.settings.get("port", 0)
        for port in dict.fromkeys((self._port, 0) if self._port else (last, 0)):
            try:
                await web.TCPSite(runner, self._host, port).start()
                break
            except OSError as error:
                if self._port or not port:
                    raise EmulatorError(_unheard(self._host, port, error)) from error
        bound = runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.endpoint = f"http://{host}:{bound}"
        origins = [each for each in self._store.settings.get("origins", []) if each != self.endpoint]
        await self._store.set("origins", [*origins, self.endpoint][-_KEPT_ORIGINS:])
        await self._store.set("port", bound)

    def _rebased(self, url: str) -> str:
        """Return a URL of an earlier run of this emulator on another port as one of this run."""
        try:
            parts = urlsplit(url)
        except ValueError:  # whoever fetches it says what is wrong
            return url
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin != self.endpoint and origin in self._store.settings["origins"]:
            own = ("/media/", "/files/")
            if parts.path.startswith(own):
                return self.endpoint + url[len(origin) :]
        return url


def _unheard(host: str, port: int, error: OSError) -> str:
    if not error.errno or error.errno < 0:
        return f"cannot listen on {host}: {error.strerror or error}"
    reason = os.strerror(error.errno)  # asyncio's own text repeats the address
    return f"cannot listen on {host}:{port}: {reason}; choose another port, or 0 for a free one"


async def _shielded(close: Callable[[], Awaitable[None]]) -> None:
    with anyio.move_on_after(_CLOSE_S, shield=True):
        await close()
