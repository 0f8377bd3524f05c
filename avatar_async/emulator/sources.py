"""Fetch the media a task names: over HTTP(S), bounded, from loopback only unless allowed otherwise."""

import hashlib
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import aiohttp
import anyio
import anyio.to_thread
from attrs import frozen
from yarl import URL

from avatar_async.emulator.loopback import LoopbackResolver, is_elsewhere
from avatar_async.errors import MediaError
from avatar_async.requests.addresses import public_url

_REDIRECTS = 5
_LOCKS = 64
_WRITE_BYTES = 1 << 20


@frozen
class _Kept:
    path: Path
    validators: Mapping[str, str]


class Sources:
    """Fetch sources and keep them, so that many tasks on one clip fetch it once.

    A source kept is asked for again with its validators: a changed file is noticed, an unchanged one
    is not sent twice. Kept files are named by their content's hash.
    """

    def __init__(
        self,
        folder: Path,
        *,
        allow_remote: bool,
        rebase: Callable[[str], str],
        max_bytes: int,
        timeout_s: float,
    ) -> None:
        self._folder = folder
        self._allow_remote = allow_remote
        self._rebase = rebase
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._kept: dict[str, _Kept] = {}

    async def open(self) -> None:
        """Start with an empty folder and a session."""
        await anyio.to_thread.run_sync(self._clear)
        self._locks = [anyio.Lock() for _ in range(_LOCKS)]
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=None if self._allow_remote else LoopbackResolver()),
            timeout=aiohttp.ClientTimeout(total=None, connect=10, sock_read=self._timeout_s),
            headers={"User-Agent": "avatar-async-emulator", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def fetch(self, url: str) -> Path:
        """Return a file with what the address holds now; a cancelled fetch leaves nothing behind.

        Raises:
            MediaError: It cannot be fetched, is too large, or is not on this machine.
        """
        address = self._rebase(url)
        async with self._locks[hash(address) % _LOCKS]:
            kept = self._kept.get(address)
            try:
                found = await self._get(URL(address, encoded=True), kept)
            except TimeoutError as error:
                raise MediaError(f"{public_url(url)} did not answer in time") from error
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise MediaError(f"{public_url(url)} cannot be fetched: {_reason(error)}") from error
            self._kept[address] = found
            return found.path

    async def _get(self, url: URL, kept: _Kept | None) -> _Kept:
        for _ in range(_REDIRECTS + 1):
            self._check_host(url)
            headers = kept.validators if kept else {}
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status == 304 and kept is not None:
                    return kept
                location = response.headers.get("Location")
                if response.status in {301, 302, 303, 307, 308} and location:
                    url = url.join(URL(location, encoded=True))
                    continue
                if response.status != 200:
                    raise MediaError(f"{public_url(str(url))} cannot be fetched: HTTP {response.status}")
                path = await self._save(response)
                return _Kept(path, _validators(response))
        raise MediaError(f"{public_url(str(url))} cannot be fetched: too many redirects")

    def _check_host(self, url: URL) -> None:
        if url.scheme not in {"http", "https"} or not url.host:
            raise MediaError(f"{public_url(str(url))} is not an http or https address")
        if not self._allow_remote and is_elsewhere(url.host):
            raise MediaError(
                f"{public_url(str(url))} is not on this machine, and other hosts are not allowed"
            )

    async def _save(self, response: aiohttp.ClientResponse) -> Path:
        if (response.content_length or 0) > self._max_bytes:
            raise MediaError(f"the source is larger than {self._max_bytes} bytes")
        part = self._folder / f"{secrets.token_hex(8)}.part"
        digest = hashlib.sha256()
        received = 0
        stream = await anyio.to_thread.run_sync(part.open, "xb")
        try:
            waiting = bytearray()
            async for piece in response.content.iter_any():
                received += len(piece)
                if received > self._max_bytes:
                    raise MediaError(f"the source is larger than {self._max_bytes} bytes")
                waiting += piece
                if len(waiting) >= _WRITE_BYTES:
                    await anyio.to_thread.run_sync(_append, stream, digest.update, bytes(waiting))
                    waiting.clear()
            await anyio.to_thread.run_sync(_append, stream, digest.update, bytes(waiting))
            return await anyio.to_thread.run_sync(_finish, stream, part, self._folder / digest.hexdigest())
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_discard, stream, part)

    def _clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)


def _append(stream: BinaryIO, update: Callable[[bytes], None], content: bytes) -> None:
    stream.write(content)
    update(content)


def _finish(stream: BinaryIO, part: Path, final: Path) -> Path:
    stream.close()
    return part.replace(final)


def _discard(stream: BinaryIO, part: Path) -> None:
    stream.close()
    part.unlink(missing_ok=True)


def _validators(response: aiohttp.ClientResponse) -> dict[str, str]:
    names = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    found = {asked: response.headers[given] for given, asked in names if given in response.headers}
    if "If-None-Match" in found:
        found.pop("If-Modified-Since", None)
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or str(error.os_error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
