"""Large downloads: one file, over HTTP, HTTPS, as a checked zip, and over a line of 1 Gbit/s."""

import os
import random
import shlex
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from bench.contenders.figures import warm, warmed
from bench.model import BenchError, Contender, Place, Section, Setting, Target, Work
from bench.servers.line import line
from bench.servers.nginx import Nginx, nginx

_MIB = 1 << 20
_COLUMNS = ("seconds", "speed", "cpu_s", "peak_rss_bytes")
_BARE = ("unverified", "fleeting")
#: Members of the zip.
_MEMBERS = 8
_AIOHTTP = "aiohttp, 64 KiB, aiofiles"
_HTTPX = "httpx, 64 KiB, aiofiles"
_SHA256SUM = "curl; sha256sum"
_BY_HAND = "curl; sha256sum; unzip -t; sync"


@frozen(kw_only=True)
class _Race:
    """One file at one address, and where each contender puts it.

    Attributes:
        place: The section's.
        server: Who serves it.
        url: Its address.
        source: The served file.
    """

    place: Place
    server: Nginx
    url: str
    source: Path

    def product(self, name: str, *left_out: str) -> Contender:
        """Return the product, which leaves some of its care out."""
        length, folder = self.source.stat().st_size, self._target.parent
        command = self.place.program(
            "large_product", self.url, length, folder, self.source.name, self.server.ca_file, *left_out
        )
        return self._contender(name, command)

    def recipe(self, name: str, program: str) -> Contender:
        """Return a Python program of the bench."""
        return self._contender(name, self.place.program(program, self.url, self._target, self.server.ca_file))

    def curl(self, name: str = "curl", *then: str) -> Contender:
        """Return curl, and programs that handle the file afterwards."""
        command = ["curl", "-sSf", "--cacert", str(self.server.ca_file), "-o", str(self._target), self.url]
        if not then:
            return self._contender(name, command)
        steps = [shlex.join(command), *(f"{each} {shlex.quote(str(self._target))}" for each in then)]
        return self._contender(name, ("sh", "-c", " && ".join(steps)))

    def tools(self) -> tuple[Contender, ...]:
        """Return wget and aria2c."""
        ca, folder = f"--ca-certificate={self.server.ca_file}", f"--dir={self._target.parent}"
        alone = ("--max-connection-per-server=1", "--file-allocation=none", "--quiet")
        return (
            self._contender("wget", ("wget", "-q", ca, "-O", str(self._target), self.url)),
            self._contender("aria2c", ("aria2c", *alone, ca, folder, f"--out={self._target.name}", self.url)),
        )

    @property
    def _target(self) -> Path:
        return self.place.scratch / "out" / self.source.name

    def _contender(self, name: str, command: Sequence[str]) -> Contender:
        return Contender(
            name=name,
            command=command,
            before=self._prepare,
            after=self._check,
            environment=warmed(self._warmth, self.source.stat().st_size),
            server_pids=self.server.pids,
        )

    @property
    def _warmth(self) -> Path:
        return self.place.scratch / "warmth"

    def _prepare(self) -> None:
        self._empty()
        warm(self._warmth, self.source.stat().st_size)

    def _empty(self) -> None:
        shutil.rmtree(self._target.parent, ignore_errors=True)
        self._target.parent.mkdir()

    def _check(self) -> None:
        """Compare the length and some blocks, then remove what came."""
        with self._target.open("rb") as came, self.source.open("rb") as wanted:
            length = wanted.seek(0, 2)
            if came.seek(0, 2) != length:
                raise BenchError(f"{self._target.name} came with {came.tell()} of {length} bytes")
            for offset in range(0, length, max(1, length // 16)):
                came.seek(offset)
                wanted.seek(offset)
                if came.read(4096) != wanted.read(4096):
                    raise BenchError(f"{self._target.name} differs near byte {offset}")
        self._empty()


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Serve the files and give the works."""
    size, paced_size = place.number("large_mib"), place.number("line_mib")
    with ExitStack() as stack:
        server = stack.enter_context(nginx(place.scratch / "nginx", rate_bytes_s=_rate_bytes_s(place)))
        plain = _file(server.files / f"{size}.bin", size)
        packed = _zip(server.files / f"{size}.zip", size)
        _file(server.files / f"{paced_size}.bin", paced_size)
        yield [
            _plain(_Race(place=place, server=server, url=server.http(plain.name), source=plain)),
            _tls(_Race(place=place, server=server, url=server.https(plain.name), source=plain)),
            _checked(_Race(place=place, server=server, url=server.http(packed.name), source=packed)),
            _shaped(place, stack, server, paced_size),
        ]


def _plain(race: _Race) -> Work:
    return _raced(
        race,
        "http",
        beside_aiohttp=4.0,
        beside_httpx=8.0,
        more=(race.product("product, SHA-256", "fleeting"), race.curl(_SHA256SUM, "sha256sum")),
        targets=(_faster("product, SHA-256", _SHA256SUM, 2.5),),
        remark="The product's interpreter and imports are left out; the plain product also fsyncs.",
    )


def _tls(race: _Race) -> Work:
    return _raced(race, "https", beside_aiohttp=3.0, beside_httpx=5.0)


def _raced(
    race: _Race,
    name: str,
    *,
    beside_aiohttp: float,
    beside_httpx: float,
    more: Sequence[Contender] = (),
    targets: Sequence[Target] = (),
    remark: str = "",
) -> Work:
    """Return the race of all contenders, and more, for one file over HTTP or HTTPS."""
    size = race.place.number("large_mib")
    return Work(
        name=name,
        title=f"{size} MiB over {name.upper()}",
        contenders=(
            race.product("product, unverified", *_BARE),
            race.product("product"),
            race.curl(),
            *race.tools(),
            race.recipe(_AIOHTTP, "large_aiohttp"),
            race.recipe(_HTTPX, "large_httpx"),
            *more,
        ),
        amount=size,
        unit="MiB",
        columns=_COLUMNS,
        baseline="curl",
        targets=(
            *_beside_curl("product, unverified"),
            _faster("product, unverified", _AIOHTTP, beside_aiohttp),
            _faster("product, unverified", _HTTPX, beside_httpx),
            *targets,
        ),
        remark=remark,
    )


def _checked(race: _Race) -> Work:
    size = race.place.number("large_mib")
    return Work(
        name="zip",
        title=f"{size} MiB zip, checked and durable",
        contenders=(race.product("product"), race.curl(_BY_HAND, "sha256sum", "unzip -tq", "sync")),
        amount=size,
        unit="MiB",
        columns=_COLUMNS,
        baseline=_BY_HAND,
        targets=(_faster("product", _BY_HAND, 1.5),),
    )


def _shaped(place: Place, stack: ExitStack, server: Nginx, size: int) -> Work:
    """Make the line, or take nginx's own limit where that cannot be."""
    mbit = place.number("line_mbit")
    far = stack.enter_context(line(mbit))
    how = "limited by nginx (no network namespace here): bytes come in bursts"
    url = server.paced(f"{size}.bin")
    if far is not None:
        how = "shaped by tbf in a network namespace; segments come two by two"
        files = server.files
        server = stack.enter_context(nginx(place.scratch / "far", address=far.address, within=far.within))
        (server.files / f"{size}.bin").symlink_to(files / f"{size}.bin")
        url = server.http(f"{size}.bin")
    race = _Race(place=place, server=server, url=url, source=server.files / f"{size}.bin")
    return Work(
        name="shaped",
        title=f"{size} MiB at {mbit} Mbit/s",
        contenders=(
            race.product("product, unverified", *_BARE),
            race.product("product"),
            race.curl(),
            race.recipe(_AIOHTTP, "large_aiohttp"),
        ),
        amount=size,
        unit="MiB",
        columns=_COLUMNS,
        baseline="curl",
        targets=(Target(of="product, unverified", figure="cpu_s", to=("curl",), most=2.0, allowance=0.1),),
        remark=f"The line is {how}.",
    )


def _rate_bytes_s(place: Place) -> int:
    return place.number("line_mbit") * 125_000


def _beside_curl(name: str) -> tuple[Target, Target]:
    return (
        Target(of=name, figure="speed", to=("curl",), least=0.90, allowance=0.1),
        Target(of=name, figure="cpu_s", to=("curl",), most=1.4, allowance=0.1),
    )


def _faster(name: str, peer: str, times: float) -> Target:
    return Target(of=name, figure="speed", to=(peer,), least=times, allowance=0.1)


def _file(path: Path, size_mib: int) -> Path:
    """Make a file of that many MiB that nothing can pack."""
    chance = random.Random(path.name)
    if not path.exists():
        with path.open("wb") as file:
            for _ in range(size_mib):
                file.write(chance.randbytes(_MIB))
    return path


def _zip(path: Path, size_mib: int) -> Path:
    """Make a zip whose members, stored as they are, have that many MiB together."""
    chance = random.Random(path.name)
    with zipfile.ZipFile(path, "w") as archive:
        for member in range(_MEMBERS):
            with archive.open(f"part-{member}.bin", "w", force_zip64=True) as part:
                for _ in range(member, size_mib, _MEMBERS):
                    part.write(chance.randbytes(_MIB))
    with path.open("rb") as written:
        os.fsync(written.fileno())
    return path


SECTION = Section(
    name="large",
    title="Large downloads",
    works=works,
    settings=(
        Setting(name="large_mib", default=1024, quick=96, text="length of the file, in MiB"),
        Setting(name="line_mib", default=256, quick=48, text="length of the file on the line, in MiB"),
        Setting(name="line_mbit", default=1000, text="speed of the line, in Mbit/s"),
    ),
    rounds=5,
    quick_rounds=2,
    order=10,
    about=(
        "nginx with one worker on loopback; its files and the downloads lie on the same disk. Before each "
        "run a file as long is written and removed, untimed: memory that a virtual machine gave back "
        "to its host is dear to write to, and would hit whoever starts slowly."
    ),
)
