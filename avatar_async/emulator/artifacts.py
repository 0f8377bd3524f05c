"""Serve finished files: signed addresses, ranges, validators, and their end after the retention."""

import hashlib
import hmac
import mimetypes
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from avatar_async._jobs.ports import Clock
from avatar_async.emulator.pauses import Pauses
from avatar_async.emulator.records import EmulatedTask, FileRecord
from avatar_async.emulator.replies import FileSpan, Reply, Sending
from avatar_async.emulator.store import Store
from avatar_async.emulator.tasks import status

ROUTE = "/files/{task_id:[0-9]+}/{name}"
#: How the router names that route.
ROUTE_NAME = "/files/{task_id}/{name}"

_MOST_DIGITS = 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


class Artifacts:
    """Hand out addresses of finished files, and the files."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        folder: Path,
        *,
        retention_s: float,
        url_lifetime_s: float,
        secret: str,
        pauses: Pauses,
    ) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self._retention_s = retention_s
        self._url_lifetime_s = url_lifetime_s
        self._secret = secret.encode()
        self._pauses = pauses
        self._revoked: set[str] = set()

    def folder_of(self, task_id: int) -> Path:
        """Return where a task's finished files lie."""
        return self._folder / str(task_id)

    def url(self, endpoint: str, task: EmulatedTask, record: FileRecord) -> str:
        """Return a fresh signed address of a file; it ends with the task's retention at the latest."""
        now = self._clock.now()
        expires_at = now + timedelta(seconds=self._url_lifetime_s)
        if task.outcome is not None:
            expires_at = min(expires_at, task.outcome.finished_at + timedelta(seconds=self._retention_s))
        path = f"/files/{task.id}/{record.name}"
        expires, nonce = f"{expires_at.timestamp():.3f}", secrets.token_hex(4)
        query = urlencode(
            {"expires": expires, "nonce": nonce, "signature": self._signature(path, expires, nonce)}
        )
        return f"{endpoint}{path}?{query}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET and HEAD for a file; a cancelled answer leaves nothing behind."""
        if "Authorization" in request.headers:
            self._count_authorization(request)
            return web.Response(status=400, text="only one authorisation is allowed: the signed address\n")
        if not self._is_signed(request) or request.raw_path in self._revoked:
            return web.Response(status=403, text="the address has expired or its signature is wrong\n")
        task = self._store.tasks.get(_number(request.match_info["task_id"]))
        record = _record(task, request.match_info["name"]) if task else None
        if task is None or record is None:
            return web.Response(status=404, text="no such file\n")
        state = status(task, self._clock.now(), self._retention_s)
        if state == "EXPIRED":
            return web.Response(status=410, text="the file was kept for its time and is gone\n")
        if state != "SUCCESS":
            return web.Response(status=404, text="the task is not finished\n")
        return await self._send(request, task, record)

    async def _send(self, request: web.Request, task: EmulatedTask, record: FileRecord) -> web.StreamResponse:
        etag = f'"{record.md5}"'
        headers = {
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Content-Type": mimetypes.guess_type(record.name)[0] or "application/octet-stream",
        }
        if request.headers.get("If-None-Match") in {etag, "*"}:
            return web.Response(status=304, headers=headers)
        span = _wanted_span(request, record.size_bytes, etag)
        if span is None:
            headers["Content-Range"] = f"bytes */{record.size_bytes}"
            return web.Response(status=416, headers=headers)
        start, stop = span
        partial = stop - start != record.size_bytes or (record.size_bytes > 0 and _has_range(request, etag))
        if partial:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{record.size_bytes}"
        span_sent = FileSpan(
            path=self.folder_of(task.id) / record.name,
            start=start,
            stop=stop,
            total_bytes=record.size_bytes,
            sent=self._counter_of(task, record),
        )
        reply = Reply(
            status=206 if partial else 200, headers=headers, body=span_sent, promised_bytes=stop - start
        )
        return Sending(reply, self._pauses.wait, self._pauses.until_gone)

    def _counter_of(self, task: EmulatedTask, record: FileRecord) -> Callable[[int], None]:
        counts, name = self._store.received.file_bytes, f"{task.name}/{record.name}"

        def count(number: int) -> None:
            counts[name] += number

        return count

    def _count_authorization(self, request: web.Request) -> None:
        name = request.match_info["name"]
        task = self._store.tasks.get(_number(request.match_info["task_id"]))
        owner = task.name if task is not None and _record(task, name) else "(unknown)"
        self._store.received.file_authorizations[f"{owner}/{name}" if task else owner] += 1

    def revoke(self, address: str) -> None:
        """Refuse an address (path and query) from now on."""
        self._revoked.add(address)

    def _is_signed(self, request: web.Request) -> bool:
        expires, nonce = request.query.get("expires", ""), request.query.get("nonce", "")
        expected = self._signature(request.path, expires, nonce)
        if not hmac.compare_digest(expected.encode(), request.query.get("signature", "").encode()):
            return False
        return self._clock.now().timestamp() < float(expires) or self._is_past_retention(request)

    def _is_past_retention(self, request: web.Request) -> bool:
        """Tell a file that is gone (410) from an address that is merely old (403)."""
        task = self._store.tasks.get(_number(request.match_info["task_id"]))
        return task is not None and status(task, self._clock.now(), self._retention_s) == "EXPIRED"

    def _signature(self, path: str, expires: str, nonce: str) -> str:
        text = f"{path}\n{expires}\n{nonce}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


def _record(task: EmulatedTask, name: str) -> FileRecord | None:
    files = task.outcome.files if task.outcome else ()
    return next((each for each in files if each.name == name), None)


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else -1


def _has_range(request: web.Request, etag: str) -> bool:
    condition = request.headers.get("If-Range")
    if condition is not None and condition != etag:
        return False
    return _RANGE.match(request.headers.get("Range", "").replace(" ", "")) is not None


def _wanted_span(request: web.Request, size_bytes: int, etag: str) -> tuple[int, int] | None:
    """Return start and stop of the bytes wanted; None if the range cannot be satisfied.

    Several ranges, and ranges that are not understood, are answered with the whole file (RFC 9110, 14.2).
    """
    match = _RANGE.match(request.headers.get("Range", "").replace(" ", ""))
    if match is None or not _has_range(request, etag) or match[0] == "bytes=-":
        return 0, size_bytes
    if not match[1]:
        length = int(match[2])
        return (max(0, size_bytes - length), size_bytes) if length else None
    start = int(match[1])
    stop = min(size_bytes, int(match[2]) + 1) if match[2] else size_bytes
    if match[2] and int(match[2]) < start:
        return 0, size_bytes
    return (start, stop) if start < size_bytes else None
