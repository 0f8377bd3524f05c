"""Whatever a server does in whatever order, what is stored is one version of the file as a whole."""

import asyncio
import hashlib
import io
import random
import tempfile
import zipfile
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from attrs import define, evolve, field
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_async._jobs.records import Artifact
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.workshop import FetchRules
from avatar_async.errors import (
    ArtifactRefusedError,
    ConnectionLostError,
    IntegrityError,
    ReplyError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
)
from avatar_async.testing import VirtualClock
from tests.jobs_kept import a_job

_TRIES = 3
_ROUNDS = 14


def version(seed, size):
    """Return a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("model.bin"), random.Random(seed).randbytes(size))
    return buffer.getvalue()


VERSIONS = (version(1, 3000), version(2, 3000), version(3, 2100))
JUNK = b"<html>"
TRUTHS = {hashlib.sha256(content).hexdigest() for content in VERSIONS}

#: What a server does with one request; those in `DISHONEST` say untrue things of the bytes.
HONEST = {
    "serve", "cut", "time out", "refuse", "throttle", "nonsense", "switch", "switch and cut", "no etag",
    "no etag, cut", "weak etag, cut", "whole, cut", "chunked", "other offset", "other etag", "silent 206",
}  # fmt: skip
DISHONEST = {
    "same etag for another",
    "calls a part whole",
    "chunked, early end",
    "junk behind",
    "wrong total",
}
moves = st.tuples(st.sampled_from(sorted(HONEST | DISHONEST)), st.integers(0, 3200))


@define
class Answer:
    """One answer, as the transport hands it out."""

    status: int
    offset: int
    total_bytes: int | None
    etag: str | None
    body: bytes
    error: Exception | None = None

    async def chunks(self):
        """Yield the body, then break if told so."""
        for at in range(0, len(self.body), 700):
            await anyio.lowlevel.checkpoint()
            yield self.body[at : at + 700]
        if self.error is not None:
            raise self.error


@define
class Server:
    """Play its moves one by one, and serve honestly after the last."""

    moves: list[tuple[str, int]]
    now: int = 0
    lies: bool = False
    opens: int = 0
    seen: list[str] = field(factory=list)

    @property
    def etag(self):
        """The present version's strong validator; a liar's never changes."""
        return '"same"' if self.lies else f'"v{self.now}"'

    @asynccontextmanager
    async def open_artifact(self, url, *, offset=0, etag=None):
        """Answer as the next move says; a resumption is granted only to the present validator."""
        self.opens += 1
        await anyio.lowlevel.checkpoint()
        move, at = self.moves.pop(0) if self.moves else ("serve", 0)
        self.seen.append(move)
        if move == "refuse":
            raise ArtifactRefusedError("HTTP 403", http_status=403)
        if move == "throttle":
            raise ThrottledError("HTTP 429", retry_after_s=float(at))
        if move == "nonsense":
            raise ReplyError("no HTTP")
        if move.startswith("switch"):
            self.now = (self.now + 1) % len(VERSIONS)
        if move == "same etag for another":
            self.lies = True
            self.now = (self.now + 1) % len(VERSIONS)
        yield self._answer(move, at, offset, etag)

    def _answer(self, move, at, offset, etag):
        content = VERSIONS[self.now]
        start = offset if offset and etag == self.etag and not move.startswith("whole") else 0
        body, total = content[start:], len(content)
        answer = Answer(206 if start else 200, start, total, self.etag, body)
        if move.endswith("cut"):
            answer.body, answer.error = body[:at], ConnectionLostError("reset")
        if move == "time out":
            answer.body, answer.error = body[:at], TransportTimeoutError("silence")
        if move.startswith("no etag") or (move == "silent 206" and start):
            answer.etag = None
        if move.startswith("weak"):
            answer.etag = 'W/"weak"'
        if move.startswith("chunked"):
            answer.total_bytes = None
        if move == "chunked, early end":
            answer.body = body[:at]
        if move == "other offset" and start:
            answer.offset, answer.body = start - 1, content[start - 1 :]
        if move == "other etag" and start:
            answer.etag = '"another"'
        if move == "calls a part whole":
            answer.total_bytes = min(total, start + at)
            answer.body = body[:at]
        if move == "junk behind":
            answer.total_bytes, answer.body = None, body + JUNK
        if move == "wrong total" and start:
            answer.total_bytes = total + 1
        return answer


class Journal:
    """Keep the latest entry, as a ledger does."""

    def __init__(self, artifact):
        self.latest = artifact

    async def record(self, artifact):
        await anyio.lowlevel.checkpoint()
        self.latest = artifact


async def bring(out, server, artifact):
    """Fetch round after round as the fetcher does; return the artifact stored, or None."""
    clock = VirtualClock(auto_advance=True)
    rules = FetchRules(batch_bytes=500, checkpoint_bytes=900, tries=_TRIES)
    for _ in range(_ROUNDS):
        job = a_job("j", state=State.FETCHING)
        journal = Journal(artifact)
        downloads = DownloadFolder(
            out, clock=clock, disk_reserve_bytes=0, rules=rules, chance=random.Random(0)
        )
        opens = server.opens
        left = len(server.moves)
        try:
            return await downloads.fetch(job, artifact, server, journal, lambda *_: None)
        except (ArtifactRefusedError, TransportError):
            artifact = journal.latest
        except IntegrityError as error:
            if error.sha256 == artifact.bad_sha256:
                return None
            bad = artifact.bad_sha256 if error.short else error.sha256
            artifact = evolve(
                journal.latest, bad_sha256=bad, verified_offset=0, etag=None, sha256=None, stored_bytes=None
            )
        finally:
            assert server.opens - opens <= left + _TRIES
            assert not (out / "j" / "model.zip").exists() or (out / "j" / "model.zip").stat().st_size
    return None


@given(
    play=st.lists(moves, max_size=9),
    announced=st.sampled_from(["nothing", "size", "md5", "both"]),
)
@settings(max_examples=150)
def test_what_is_stored_is_one_version_as_a_whole(play, announced):
    """Never a mix, never a part; and an honest server's file does come home within the budget."""
    truth = VERSIONS[0]
    artifact = Artifact(
        role="model",
        name="model.zip",
        url="http://h/m",
        size_bytes=len(truth) if announced in {"size", "both"} else None,
        md5=hashlib.md5(truth).hexdigest() if announced in {"md5", "both"} else None,
    )
    server = Server(list(play))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)

        async def within():
            with anyio.fail_after(20):
                return await bring(out, server, artifact)

        stored = asyncio.run(within())
        final = out / "j" / "model.zip"
        if stored is None:
            assert not final.exists()
            changed = any(move.startswith("switch") for move, _ in play)
            honest = all(move in HONEST for move, _ in play) and not (changed and announced != "nothing")
            assert not honest, "an honest server's file did not come home"
            return
        assert stored.state is ArtifactState.STORED
        digest = hashlib.sha256(final.read_bytes()).hexdigest()
        assert digest == stored.sha256
        if announced == "nothing" and final.read_bytes().endswith(JUNK):
            assert [move for move, _ in play].count("junk behind") > 1, "once is not enough to be believed"
            assert stored.note is not None
            digest = hashlib.sha256(final.read_bytes().removesuffix(JUNK)).hexdigest()
        assert digest in TRUTHS
        assert sorted(path.name for path in final.parent.iterdir()) == ["model.zip"]
        if announced == "both" and digest != hashlib.sha256(truth).hexdigest():
            assert stored.note is not None
