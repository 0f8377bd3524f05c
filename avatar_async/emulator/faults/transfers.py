"""Faults of a file's transfer."""

# ruff: noqa: ARG002 - overrides share one signature

import gzip
from typing import ClassVar, Literal

from attrs import evolve, frozen

from avatar_async.emulator.faults.base import Hit, ReplyFault, param, with_content
from avatar_async.emulator.replies import Content, FileSpan, Reply

_FILE = frozenset({"file"})
_MOST_IN_MEMORY = 64 << 20


@frozen(kw_only=True)
class WrongRange(ReplyFault):
    """Answer a range request with a Content-Range that does not fit."""

    name: ClassVar[str] = "wrong-range"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "answer a Range request with a wrong Content-Range"
    what: Literal["start", "end", "total", "unit", "missing", "senseless"] = param(
        "start", "what is wrong with it", words=("start", "end", "total", "unit", "missing", "senseless")
    )

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Exchange the header; answers with the whole file stay as they are."""
        body = reply.body
        if reply.status != 206 or not isinstance(body, FileSpan):
            return reply
        first, last, total = body.start, body.stop - 1, body.total_bytes
        text = {
            "start": f"bytes {first + 1}-{last}/{total}",
            "end": f"bytes {first}-{last - 1}/{total}",
            "total": f"bytes {first}-{last}/{total + 1}",
            "unit": f"lines {first}-{last}/{total}",
            "senseless": "half of it",
        }.get(self.what)
        headers = {name: value for name, value in reply.headers.items() if name != "Content-Range"}
        return evolve(reply, headers=headers | ({"Content-Range": text} if text else {}))


@frozen(kw_only=True)
class NoRange(ReplyFault):
    """Ignore Range."""

    name: ClassVar[str] = "no-range"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "answer a Range request with 200 and the whole file"

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Send the whole file."""
        return whole(reply)


@frozen(kw_only=True)
class Validator(ReplyFault):
    """Show another validator than before."""

    name: ClassVar[str] = "etag"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "show a changed, weak or no ETag"
    what: Literal["changed", "changed-206", "weak", "missing"] = param(
        "changed",
        "changed sends the whole file, as servers do; changed-206 sends the range all the same",
        words=("changed", "changed-206", "weak", "missing"),
    )

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Exchange the header."""
        headers = {name: value for name, value in reply.headers.items() if name != "ETag"}
        if self.what == "weak":
            headers["ETag"] = f"W/{reply.headers.get('ETag', '')}"
        elif self.what != "missing":
            headers["ETag"] = f'"{hit.dice.randbytes(16).hex()}"'
        changed = evolve(reply, headers=headers)
        return changed if self.what == "changed-206" else whole(changed)


@frozen(kw_only=True)
class Gzip(ReplyFault):
    """Send the bytes compressed, though nobody asked."""

    name: ClassVar[str] = "gzip"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "send the body with Content-Encoding: gzip, whatever was asked for"

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Compress the body; one larger than 64 MiB is sent as it is."""
        content = await _content(reply)
        if content is None:
            return reply
        return with_content(reply, gzip.compress(content, 1), **{"Content-Encoding": "gzip"})


@frozen(kw_only=True)
class OtherLength(ReplyFault):
    """Send a body of another length than the file has."""

    name: ClassVar[str] = "length"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "send a shorter or longer body than the file has, and a length that fits it"
    by: int = param(-1, "bytes more (or fewer, if negative)")
    promised: bool = param(True, "false: the length told is the file's all the same")

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Cut the body or add to it."""
        size_bytes = reply.body.size_bytes
        if self.by < 0:
            kept = max(0, size_bytes + self.by)
            if not self.promised:
                return evolve(reply, cut_bytes=kept, ending="close")
            return evolve(reply, cut_bytes=kept, promised_bytes=kept)
        added = hit.dice.randbytes(self.by)
        content = await _content(reply)
        if not self.promised or content is None:
            return evolve(reply, extra=added)
        return with_content(reply, content + added)


@frozen(kw_only=True)
class EarlyEnd(ReplyFault):
    """End a body without a length early, and cleanly."""

    name: ClassVar[str] = "early-end"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "send chunks without a length that end early, as if all were well"
    share: float = param(0.5, "share of the body that is sent, 0 to 1", least=0, most=1)

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Cut the body and tell no length."""
        return evolve(reply, cut_bytes=_short_of_all(reply, self.share), promised_bytes=None)


@frozen(kw_only=True)
class Revoke(ReplyFault):
    """Let an address die in the middle of its transfer."""

    name: ClassVar[str] = "revoke"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = (
        "break the transfer off; from then on this address answers 403, a fresh one works"
    )
    share: float = param(0.5, "share of the body that is sent, 0 to 1", least=0, most=1)

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Break off and refuse the address."""
        hit.world.revoke(hit.request.raw_path)
        return evolve(reply, cut_bytes=_short_of_all(reply, self.share), ending="close")


@frozen(kw_only=True)
class Flip(ReplyFault):
    """Send wrong bytes this one time."""

    name: ClassVar[str] = "flip"
    places: ClassVar[frozenset[str]] = _FILE
    meaning: ClassVar[str] = "send some wrong bytes in this transfer; the next one is right again"
    bytes: int = param(1, "how many bytes are wrong", least=1)

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Flip bits of some bytes; a body larger than 64 MiB is sent as it is."""
        content = await _content(reply)
        if not content:
            return reply
        changed = bytearray(content)
        for _ in range(self.bytes):
            changed[hit.dice.randrange(len(changed))] ^= hit.dice.randrange(1, 256)
        return with_content(reply, bytes(changed))


def whole(reply: Reply) -> Reply:
    """Return the answer with the whole file for one with a part of it."""
    body = reply.body
    if reply.status != 206 or not isinstance(body, FileSpan):
        return reply
    headers = {name: value for name, value in reply.headers.items() if name != "Content-Range"}
    full = evolve(body, start=0, stop=body.total_bytes)
    return evolve(reply, status=200, headers=headers, body=full, promised_bytes=body.total_bytes)


def _short_of_all(reply: Reply, share: float) -> int:
    """Return how many bytes a share of the body is, at least one fewer than all."""
    size_bytes = reply.body.size_bytes
    return max(0, min(int(size_bytes * share), size_bytes - 1))


async def _content(reply: Reply) -> bytes | None:
    body = reply.body
    if isinstance(body, Content):
        return body.value
    return await body.read() if body.size_bytes <= _MOST_IN_MEMORY else None
