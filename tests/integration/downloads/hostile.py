"""A host that breaks the rules of HTTP in many ways, but sends the right bytes to who can tell them."""

import hashlib
import random
import re
import zlib
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from attrs import define, field, frozen

from tests.integration.transport.peers import Conversation, http

_RANGE = re.compile(rb"\r\nRange: bytes=([0-9]+)-\r\n")
#: Around the lengths at which files are received in another way.
_EDGES: Final = (0, 1, 3, 1 << 10, 64 << 10, 256 << 10, 1 << 20)


@frozen(kw_only=True)
class Asked:
    """A request for a file.

    Attributes:
        path: Its path.
        body: Its bytes.
        other: Bytes of another file, as many if there is one.
        offset: From which on it is asked for.
    """

    path: str
    body: bytes
    other: bytes
    offset: int

    @property
    def etag(self) -> str:
        """Return its strong validator."""
        return f'ETag: "{zlib.crc32(self.body)}"'

    def honest(self) -> bytes:
        """Return the answer that the rules of HTTP ask for."""
        if not self.offset:
            return http(self.body, "200 OK", self.etag)
        last = len(self.body) - 1
        told = f"Content-Range: bytes {self.offset}-{last}/{last + 1}"
        return http(self.body[self.offset :], "206 Partial Content", self.etag, told)


@define
class HostileHost:
    """Files, and a script that serves them with misdeeds between.

    Attributes:
        chance: Decides on everything.
        evil: Share of the answers that are misdeeds.
        files: By path.
        committed: How often each misdeed was committed, by name.
    """

    chance: random.Random
    evil: float
    files: dict[str, bytes] = field(factory=dict)
    committed: dict[str, int] = field(factory=dict)

    def make_files(self, number: int) -> None:
        """Make files of all lengths, two of each, so that one could be taken for the other."""
        for pair in range(number // 2):
            edge = self.chance.choice(_EDGES)
            length = max(0, edge + self.chance.choice([-1, 0, 1, self.chance.randrange(edge // 2 + 9)]))
            for twin in range(2):
                self.files[f"/{pair}-{twin}.bin"] = self.chance.randbytes(length)

    async def script(self, conversation: Conversation) -> None:
        """Serve one connection."""
        while True:
            head = await conversation.read_head()
            path = head.split(b" ")[1].decode()
            found = _RANGE.search(head)
            twin = path.replace("-0.", "-x.").replace("-1.", "-0.").replace("-x.", "-1.")
            body = self.files[path]
            offset = int(found[1]) if found else 0
            asked = Asked(path=path, body=body, other=self.files[twin], offset=min(offset, len(body) - 1))
            misdeed = self.chance.choice(_MISDEEDS) if self.chance.random() < self.evil else _in_pieces
            self.committed[misdeed.__name__] = self.committed.get(misdeed.__name__, 0) + 1
            if not await misdeed(self.chance, conversation, asked):
                return
            if misdeed in _UNASKED:
                # Went it on, each answer would come one request late: no client can tell those apart.
                await conversation.read_head()
                return

    def md5(self, path: str) -> str:
        """Return what a service would announce."""
        return hashlib.md5(self.files[path], usedforsecurity=False).hexdigest()


Misdeed = Callable[[random.Random, Conversation, Asked], Awaitable[bool]]


def _pieces(chance: random.Random, answer: bytes) -> list[bytes]:
    cuts = sorted(chance.randrange(len(answer) + 1) for _ in range(chance.randrange(4)))
    return [answer[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]


async def _in_pieces(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    await conversation.send(*_pieces(chance, asked.honest()))
    return True


async def _bytes_behind(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    await conversation.send(asked.honest() + chance.randbytes(chance.choice([1, 50, 300_000])))
    return True


async def _two_answers(_chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    await conversation.send(asked.honest() + http(asked.other + bytes(7_777)))
    return True


async def _answer_unasked(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    """Send another answer, later; had it the next file's length, no client could tell it from that."""
    await conversation.send(asked.honest())
    await anyio.sleep(chance.choice([0, 0.001, 0.01]))
    await conversation.send(http(asked.other + bytes(7_777)))
    return True


async def _garbage_before(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    await conversation.send(chance.choice([b"\r\n", b"\0", b"HTTP", b"x" * 20_000]) + asked.honest())
    return True


async def _said_beforehand(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    early = chance.choice(
        [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"]
    )
    await conversation.send(early * chance.choice([1, 2]), asked.honest())
    return True


async def _closed_anywhere(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    answer = asked.honest()
    head = answer.index(b"\r\n\r\n") + 4
    cut = chance.choice([chance.randrange(head + 1), chance.randrange(len(answer)), len(answer) - 1])
    await conversation.send(answer[:cut])
    if chance.random() < 0.4 and not conversation.writer.is_closing():
        conversation.reset()
    elif chance.random() < 0.5:
        conversation.writer.transport.abort()  # over TLS: without saying so
    return False


async def _silent_anywhere(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    answer = asked.honest()
    await conversation.send(answer[: chance.randrange(len(answer))])
    await conversation.wait_until_left()
    return False


async def _in_chunks(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    parts = [part for part in _pieces(chance, asked.body) if part]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    end = chance.choice([b"0\r\n\r\n", b"0\r\nX: trailer\r\n\r\n", b""])
    head = f"HTTP/1.1 200 OK\r\n{asked.etag}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    await conversation.send(*_pieces(chance, head + framed + end))
    return bool(end)


async def _coded(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    coding = chance.choice(["gzip", "deflate", "br", "identity, gzip"])
    await conversation.send(http(zlib.compress(asked.body), "200 OK", f"Content-Encoding: {coding}"))
    return True


async def _two_lengths(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    length = len(asked.body)
    second = chance.choice([str(length), str(length + 1), f"+{length}", f"{length}, {length}", "-1", "x", ""])
    await conversation.send(http(asked.body, "200 OK", f"Content-Length: {second}"))
    return True


async def _wrong_length(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    wrong = max(0, len(asked.body) + chance.choice([-9, -1, 1, 9]))
    await conversation.send(http(asked.body, "200 OK", asked.etag, length=wrong))
    return chance.random() < 0.5


async def _other_part(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    first, total = chance.randrange(len(asked.body) + 1), len(asked.body)
    told = chance.choice(
        [f"bytes {first}-{total - 1}/{total}", f"bytes 0-{total}/*", "bytes */9", "nonsense"]
    )
    status = chance.choice(["206 Partial Content", "200 OK", "416 Range Not Satisfiable"])
    await conversation.send(http(asked.body[first:], status, asked.etag, f"Content-Range: {told}"))
    return True


async def _of_old(_chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    await conversation.send(http(asked.body).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    return False


async def _refused(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    status = chance.choice(
        ["500 No", "503 Later", "429 Later", "204 None", "304 Same", "400 Bad", "302 There"]
    )
    more = ["Retry-After: 0", f"Location: {asked.path}"]
    await conversation.send(http(asked.other[:900], status, *more))
    return True


async def _dripping(chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    answer = asked.honest()
    head = answer.index(b"\r\n\r\n") + 4
    drips = [answer[at : at + 1] for at in range(head + 9)]
    await conversation.send(*drips, *_pieces(chance, answer[head + 9 :]))
    return True


async def _said_to_close(_chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    await conversation.send(http(asked.body, "200 OK", asked.etag, "Connection: close") + http(asked.other))
    return True


async def _another_version(_chance: random.Random, conversation: Conversation, asked: Asked) -> bool:
    """Say that the file changed between two requests for it."""
    await conversation.send(asked.honest().replace(b'ETag: "', b'ETag: "new', 1))
    return True


_UNASKED: Final[tuple[Misdeed, ...]] = (_bytes_behind, _two_answers, _answer_unasked)
_MISDEEDS: Final[tuple[Misdeed, ...]] = (
    _bytes_behind,
    _two_answers,
    _answer_unasked,
    _garbage_before,
    _said_beforehand,
    _closed_anywhere,
    _closed_anywhere,
    _silent_anywhere,
    _in_chunks,
    _coded,
    _two_lengths,
    _wrong_length,
    _other_part,
    _of_old,
    _refused,
    _dripping,
    _said_to_close,
    _another_version,
)
