"""The access token that processes share, since the service keeps only two valid at once."""

import hashlib
import json
import logging
import os
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from attrs import asdict, field, frozen

from avatar_async._wire.tokens import bearer

if TYPE_CHECKING:
    from filelock import BaseFileLock

_log = logging.getLogger(__name__)
_POLL_S = 0.05
_MAX_BYTES = 1 << 16
#: A link may lead anywhere, and a pipe would be waited for.
_READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@frozen(kw_only=True)
class HeldToken:
    """An access token and its times; instants are aware and in UTC.

    Attributes:
        access_token: The token.
        refresh_token: What buys the next one.
        granted_at: When the service gave it.
        renew_at: When to get the next one.
        expires_at: When it is no longer valid.
        refresh_expires_at: When the refresh token is no longer valid.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    granted_at: datetime
    renew_at: datetime
    expires_at: datetime
    refresh_expires_at: datetime | None = None


class TokenFile:
    """A token in a file only its owner may read, written by one process at a time.

    Where the folder cannot be written, the token stays in this process, and a warning says so.
    """

    def __init__(self, folder: Path | None, *, endpoint: str, app_id: str, app_key: str) -> None:
        self._folder = folder
        self._name = "token-" + _digest(endpoint, app_id)[:24]
        self._credentials = _digest(endpoint, app_id, app_key)
        self._warned = False

    @asynccontextmanager
    async def locked(self) -> AsyncIterator["OpenTokenFile"]:
        """Keep every other process out; waits for those that are in. Cancellation lets go."""
        lock = await self._acquired()
        try:
            path = Path(lock.lock_file).with_suffix(".json") if lock is not None else None
            yield OpenTokenFile(path, self._credentials)
        finally:
            if lock is not None:
                with anyio.move_on_after(3, shield=True):
                    await anyio.to_thread.run_sync(lock.release)

    async def _acquired(self) -> "BaseFileLock | None":
        try:
            lock = await anyio.to_thread.run_sync(self._prepared)
            while not await anyio.to_thread.run_sync(_try_lock, lock):  # noqa: ASYNC110 - other processes
                await anyio.sleep(_POLL_S)
        except (OSError, RuntimeError, NotImplementedError) as error:
            if not self._warned:
                self._warned = True
                _log.warning("the access token cannot be shared with other processes: %s", error)
            return None
        return lock

    def _prepared(self) -> "BaseFileLock":
        from filelock import FileLock

        folder = self._folder
        if folder is None:
            import platformdirs

            folder = platformdirs.user_cache_path("avatar-async")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(folder / f"{self._name}.lock", mode=0o600, thread_local=False)


class OpenTokenFile:
    """The shared token while no other process can touch it."""

    def __init__(self, path: Path | None, credentials: str) -> None:
        self._path = path
        self._credentials = credentials

    async def read(self) -> HeldToken | None:
        """Return the token in the file; None if there is none of these credentials."""
        return await anyio.to_thread.run_sync(self._read) if self._path is not None else None

    async def write(self, token: HeldToken) -> None:
        """Put a token into the file; a failure is logged, since the token is good without it."""
        if self._path is not None:
            await anyio.to_thread.run_sync(self._write, self._path, token)

    def _read(self) -> HeldToken | None:
        assert self._path is not None
        try:
            descriptor = os.open(self._path, _READING)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
                    return None
                stored = json.loads(file.read(_MAX_BYTES))
            return _loaded(stored) if stored.get("credentials") == self._credentials else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _write(self, path: Path, token: HeldToken) -> None:
        values = {
            key: value.timestamp() if isinstance(value, datetime) else value
            for key, value in asdict(token).items()
        }
        temporary = None
        try:
            for leftover in path.parent.glob(f"{path.stem}.*.tmp"):
                leftover.unlink(missing_ok=True)
            descriptor, temporary = tempfile.mkstemp(".tmp", f"{path.stem}.", path.parent)
            with os.fdopen(descriptor, "w") as file:
                json.dump({"credentials": self._credentials, **values}, file)
            Path(temporary).replace(path)
        except OSError as error:
            _log.warning("the access token cannot be shared with other processes: %s", error.strerror)
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink()


def _try_lock(lock: "BaseFileLock") -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _loaded(stored: dict[str, Any]) -> HeldToken:
    access, refresh = bearer(stored["access_token"]), bearer(stored["refresh_token"])
    if access is None:
        raise ValueError("no token that fits into a header")
    ends = stored["refresh_expires_at"]
    return HeldToken(
        access_token=access,
        refresh_token=refresh,
        granted_at=_instant(stored["granted_at"]),
        renew_at=_instant(stored["renew_at"]),
        expires_at=_instant(stored["expires_at"]),
        refresh_expires_at=None if ends is None else _instant(ends),
    )


def _instant(epoch_s: float) -> datetime:
    try:
        return datetime.fromtimestamp(epoch_s, UTC)
    except OverflowError as error:
        raise ValueError("no instant") from error


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
