"""Faults of whole answers: statuses, envelopes, redirects, garbage, tokens that die early."""

import json
import random
from datetime import timedelta
from email.utils import format_datetime
from typing import ClassVar, Literal

from aiohttp import web
from attrs import frozen
from yarl import URL

from avatar_async.emulator.faults.base import API, HTTP, WHEN, Delivery, Fault, Hit, Inner, param
from avatar_async.emulator.replies import Content, Reply

_DEEP = 100_000
_BIG = 10_000_000


@frozen(kw_only=True)
class Status(Fault):
    """Answer with a status of one's own."""

    name: ClassVar[str] = "status"
    places: ClassVar[frozenset[str]] = HTTP
    meaning: ClassVar[str] = "answer with an HTTP status; its number is a short name, such as 503 or 429"
    code: int = param(500, "HTTP status, 200 to 599", least=200)
    envelope: bool = param(True, "with the service's JSON envelope; files never have one")
    envelope_code: int | None = param(None, "code in the envelope; the status if it is not given")
    message: str = param("the emulator was told to answer so", "message in the envelope, or plain text")
    retry_after: str = param(
        "", "Retry-After as it is sent: 2, -5, 99999999999; `date+30` sends the date 30 s ahead"
    )
    when: Literal["before", "after"] = param(
        "before", "before the call is handled, or instead of the reply after it was", words=WHEN
    )

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Answer, before or after the call is handled."""
        if self.when == "after":
            await inner()
        headers: dict[str, str] = {"Content-Type": "text/plain; charset=utf-8"}
        text = self.message + "\n"
        if self.envelope and hit.endpoint != "file":
            code = self.code if self.envelope_code is None else self.envelope_code
            text = json.dumps({"code": code, "message": self.message, "data": None})
            headers = {"Content-Type": "application/json; charset=utf-8"}
        if self.retry_after:
            headers["Retry-After"] = self._retry_after(hit)
        body = Content(text.encode())
        return hit.sending(
            Reply(status=self.code, headers=headers, body=body, promised_bytes=body.size_bytes)
        )

    def _retry_after(self, hit: Hit) -> str:
        word, sign, seconds = self.retry_after.partition("+")
        if word != "date" or not sign:
            return self.retry_after
        return format_datetime(hit.world.now() + timedelta(seconds=float(seconds)), usegmt=True)


@frozen(kw_only=True)
class Redirect(Fault):
    """Send the caller elsewhere."""

    name: ClassVar[str] = "redirect"
    places: ClassVar[frozenset[str]] = HTTP
    meaning: ClassVar[str] = "redirect; by default to the same place under another host name"
    code: int = param(302, "HTTP status, 300 to 399", least=300)
    to: str = param("", "address; if not given, localhost for 127.0.0.1 and the other way round")

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Redirect; a call that already came to the other host is answered."""
        own = URL(hit.world.endpoint)
        if not self.to and hit.request.url.host != own.host:
            return await inner()
        other = "127.0.0.1" if own.host == "localhost" else "localhost"
        target = self.to or f"{own.scheme}://{other}:{own.port}{hit.request.raw_path}"
        return hit.sending(
            Reply(status=self.code, headers={"Location": target}, body=Content(b""), promised_bytes=0)
        )


@frozen(kw_only=True)
class Garbage(Fault):
    """Answer 200 with what cannot be meant."""

    name: ClassVar[str] = "garbage"
    places: ClassVar[frozenset[str]] = API | {"callback"}
    meaning: ClassVar[str] = "answer 200 with an unreadable or senseless body"
    what: str = param(
        "bytes",
        "which",
        words=(
            "bytes",
            "empty",
            "half",
            "html",
            "types",
            "list",
            "null",
            "no-data",
            "nan",
            "huge",
            "deep",
            "big-int",
            "utf16",
        ),
    )
    when: Literal["before", "after"] = param("after", "before or after the call is handled", words=WHEN)

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Answer with garbage."""
        if self.when == "after":
            await inner()
        body = Content(garbage(self.what, hit.dice))
        kind = "text/html" if self.what == "html" else "application/json"
        return hit.sending(
            Reply(status=200, headers={"Content-Type": kind}, body=body, promised_bytes=body.size_bytes)
        )

    def deliver(self, delivery: Delivery, dice: random.Random) -> None:
        """Post garbage."""
        delivery.body = garbage(self.what, dice)


def garbage(what: str, dice: random.Random) -> bytes:
    """Return a senseless body of a kind that `Garbage.what` names."""
    if what == "bytes":
        return dice.randbytes(200)
    if what == "deep":
        return b'{"code":0,"message":"","data":' + b"[" * _DEEP + b"]" * _DEEP + b"}"
    if what == "big-int":
        return b'{"code":0,"message":"","data":' + b"7" * _BIG + b"}"
    if what == "huge":
        return b'{"code":0,"message":"' + b"x" * _BIG + b'","data":1}'
    return _SENSELESS[what]


_SENSELESS: dict[str, bytes] = {
    "empty": b"",
    "half": b'{"code":0,"message":"succ',
    "html": b"<html><body><h1>Welcome to the airport's network</h1></body></html>",
    "types": b'{"code":"zero","message":7,"data":{"id":[true]}}',
    "list": b"[0]",
    "null": b"null",
    "no-data": b'{"code":0,"message":"success"}',
    "nan": b'{"code":0,"message":"","data":NaN}',
    "utf16": '{"code":0,"message":"","data":1}'.encode("utf-16"),
}


@frozen(kw_only=True)
class EndToken(Fault):
    """Let the caller's token die early."""

    name: ClassVar[str] = "end-token"
    places: ClassVar[frozenset[str]] = frozenset({"create", "query", "list"})
    meaning: ClassVar[str] = "the call's access token ends early: this call and later ones get 401"

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """End the token, then have the call handled."""
        await hit.world.end_token(hit.request.headers.get("Authorization"))
        return await inner()
