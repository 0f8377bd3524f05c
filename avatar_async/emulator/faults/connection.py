"""Faults of the connection: reset, delay, silence, half an answer, slow bytes."""

# ruff: noqa: ARG002 - overrides share one signature

import random
from typing import ClassVar, Literal

from aiohttp import web
from attrs import evolve, frozen

from avatar_async.emulator.faults.base import HTTP, WHEN, Delivery, Fault, Hit, Inner, ReplyFault, param
from avatar_async.emulator.replies import BrokenOff, Reply

_WHEN_MEANING = "before or after the call is handled"


@frozen(kw_only=True)
class Reset(Fault):
    """Reset the connection (TCP RST)."""

    name: ClassVar[str] = "reset"
    places: ClassVar[frozenset[str]] = HTTP
    meaning: ClassVar[str] = "reset the connection; `after` and `middle` do the work first"
    when: Literal["before", "after", "middle"] = param(
        "before",
        "before the call is handled, after it without a reply, or in the middle of the reply",
        words=(*WHEN, "middle"),
    )

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Reset before, after or amid."""
        if self.when == "middle":
            return await Truncate(reset=True).around(hit, inner)
        if self.when == "after":
            await inner()
        return BrokenOff()


@frozen(kw_only=True)
class Delay(Fault):
    """Wait, then go on as usual."""

    name: ClassVar[str] = "delay"
    places: ClassVar[frozenset[str]] = HTTP | {"callback"}
    meaning: ClassVar[str] = "wait; a callback comes late"
    seconds: float = param(1.0, "how long", least=0)
    when: Literal["before", "after"] = param("before", _WHEN_MEANING, words=WHEN)

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Wait before or after the call is handled."""
        if self.when == "before":
            await hit.world.wait(self.seconds)
            return await inner()
        response = await inner()
        await hit.world.wait(self.seconds)
        return response

    def deliver(self, delivery: Delivery, dice: random.Random) -> None:
        """Send the callback late."""
        delivery.delay_s += self.seconds


@frozen(kw_only=True)
class Hang(Fault):
    """Never answer, or stop in the middle of it."""

    name: ClassVar[str] = "hang"
    places: ClassVar[frozenset[str]] = HTTP
    meaning: ClassVar[str] = "never answer; `after` and `middle` do the work first"
    when: Literal["before", "after", "middle"] = param(
        "before", "before or after the call is handled, or after half the reply", words=(*WHEN, "middle")
    )

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Wait until the other side gives up."""
        if self.when == "middle":
            return await Truncate(hang=True).around(hit, inner)
        if self.when == "after":
            await inner()
        await hit.world.until_gone(hit.request)
        return BrokenOff()


@frozen(kw_only=True)
class Truncate(ReplyFault):
    """Promise a length and send less."""

    name: ClassVar[str] = "truncate"
    places: ClassVar[frozenset[str]] = HTTP
    meaning: ClassVar[str] = "promise the whole length, send less, close the connection"
    share: float = param(0.5, "share of the body that is sent, 0 to 1", least=0, most=1)
    bytes: int | None = param(None, "bytes that are sent, instead of a share", least=0)
    reset: bool = param(False, "reset the connection instead of closing it")
    hang: bool = param(False, "leave the connection open and silent instead of closing it")

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Cut the body."""
        size_bytes = reply.body.size_bytes
        wanted = int(size_bytes * self.share) if self.bytes is None else self.bytes
        ending: Literal["hang", "reset", "close"] = (
            "hang" if self.hang else "reset" if self.reset else "close"
        )
        return evolve(reply, cut_bytes=max(0, min(wanted, size_bytes - 1)), ending=ending)


@frozen(kw_only=True)
class Slow(ReplyFault):
    """Send the body slowly."""

    name: ClassVar[str] = "slow"
    places: ClassVar[frozenset[str]] = HTTP
    meaning: ClassVar[str] = "send the body in small pieces, so many bytes a second"
    bytes_s: float = param(1.0, "bytes a second", least=0.001)
    chunk_bytes: int = param(1, "bytes sent at once", least=1)

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Set the pace."""
        return evolve(reply, chunk_bytes=self.chunk_bytes, pause_s=self.chunk_bytes / self.bytes_s)
