"""Many files at once: of middling length, and small ones."""

import random
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define

from bench.contenders.figures import warm, warmed
from bench.contenders.many_files import Files, name_of
from bench.model import BenchError, Contender, Place, Section, Setting, Target, Work
from bench.servers.nginx import Nginx, nginx

_KIB = 1 << 10
_AIOHTTP = "aiohttp, 64 KiB, aiofiles"
_HTTPX = "httpx, 64 KiB, aiofiles"
_CURL, _ARIA, _SYNCED = "curl -Z", "aria2c -j", "curl -Z; sync"
_BARE, _FLEETING = "product, unverified", "product, not durable"
_DURABLE, _JOBS = "product", "product, as jobs"
#: Bytes of a run that are kept to the end. Freshly deleted files make ext4 search long for a free inode, so
#: that deleting between the runs would cost whoever comes next, more the more files there are.
_KEPT_BYTES = 192 << 20


@define
class _Race:
    """One set of files, and where each run puts them."""

    place: Place
    server: Nginx
    files: Files
    list_file: Path
    curl_file: Path
    url_file: Path
    done: int = 0

    def product(self, name: str, *left_out: str) -> Contender:
        """Return the product's client."""
        return self._contender(name, self.place.program("many_product", self.list_file, *left_out))

    def recipe(self, name: str, program: str) -> Contender:
        """Return a Python program of the bench."""
        return self._contender(name, self.place.program(program, self.list_file))

    def curl(self, name: str, *then: str) -> Contender:
        """Return curl with its parallel transfers."""
        command = ["curl", "-sSfZ", "--parallel-max", str(self.files.at_once), "-K", str(self.curl_file)]
        if not then:
            return self._contender(name, command)
        return self._contender(name, ("sh", "-c", " && ".join([shlex.join(command), *then])))

    def tools(self) -> tuple[Contender, ...]:
        """Return aria2c and wget."""
        folder, at_once = self.files.folder, self.files.at_once
        aria = ("aria2c", "-q", f"-j{at_once}", "--file-allocation=none", f"-d{folder}", f"-i{self.url_file}")
        wget = ("wget", "-q", "-P", str(folder), "-i", str(self.url_file))
        return self._contender(_ARIA, aria), self._contender("wget -i", wget)

    def _contender(self, name: str, command: Sequence[str]) -> Contender:
        return Contender(
            name=name,
            command=command,
            before=self._prepare,
            after=self._check,
            environment=warmed(self._warmth, self._total_bytes),
            server_pids=self.server.pids,
        )

    @property
    def _warmth(self) -> Path:
        return self.place.scratch / "warmth"

    @property
    def _total_bytes(self) -> int:
        return len(self.files.urls) * self.files.length

    def _prepare(self) -> None:
        self._fresh()
        warm(self._warmth, self._total_bytes)

    def _fresh(self) -> None:
        folder = self.files.folder
        if folder.exists():
            self.done += 1
            folder.rename(folder.with_name(f"{folder.name}-{self.done}"))
        folder.mkdir(parents=True)

    def _check(self) -> None:
        """Compare every length and some contents; remove what is large."""
        came = {path.name: path for path in self.files.folder.rglob("*.bin")}
        wanted = [name_of(url) for url in self.files.urls]
        if sorted(came) != wanted:
            raise BenchError(f"{len(came)} of {len(wanted)} files came")
        for position, name in enumerate(wanted):
            if came[name].stat().st_size != self.files.length:
                raise BenchError(f"{name} has {came[name].stat().st_size} bytes")
            source = self.server.files / self.files.folder.name / name
            if position % 50 == 0 and came[name].read_bytes() != source.read_bytes():
                raise BenchError(f"{name} differs")
        if self._total_bytes > _KEPT_BYTES:
            for path in came.values():
                path.unlink()


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Serve the files and give the works."""
    with nginx(place.scratch / "nginx") as server:
        races = [_race(place, server, name) for name in ("medium", "small")]
        try:
            yield [_medium(races[0]), _small(races[1])]
        finally:
            with suppress(OSError):
                for race in races:
                    race.list_file.unlink()


def _race(place: Place, server: Nginx, kind: str) -> _Race:
    """Make the files of one length, and the lists that the contenders read."""
    number, length = place.number(f"{kind}_files"), int(place.real(f"{kind}_kib") * _KIB)
    served = server.files / kind
    served.mkdir()
    chance = random.Random(kind)
    block = chance.randbytes(length)
    names = [f"{kind}-{position:06}.bin" for position in range(number)]
    for position, name in enumerate(names):
        (served / name).write_bytes((position.to_bytes(8, "big") + block)[:length])
    files = Files(
        urls=[server.http(f"{kind}/{name}") for name in names],
        length=length,
        at_once=place.number("at_once"),
        folder=place.scratch / kind,
    )
    race = _Race(
        place=place,
        server=server,
        files=files,
        list_file=place.scratch / f"{kind}.json",
        curl_file=place.scratch / f"{kind}.curl",
        url_file=place.scratch / f"{kind}.txt",
    )
    files.save(race.list_file)
    race.url_file.write_text("".join(f"{url}\n" for url in files.urls))
    race.curl_file.write_text(
        "".join(f'url = "{url}"\noutput = "{files.folder / name_of(url)}"\n' for url in files.urls)
    )
    return race


def _contenders(race: _Race) -> tuple[Contender, ...]:
    return (
        race.product(_BARE, "unverified", "fleeting"),
        race.product(_FLEETING, "fleeting"),
        race.product(_DURABLE),
        race.recipe(_JOBS, "many_jobs"),
        race.curl(_CURL),
        race.curl(_SYNCED, "sync"),
        *race.tools(),
        race.recipe(_AIOHTTP, "many_aiohttp"),
        race.recipe(_HTTPX, "many_httpx"),
    )


def _medium(race: _Race) -> Work:
    number, length = len(race.files.urls), race.files.length
    return Work(
        name="medium",
        title=f"{number} files of {length / _KIB:g} KiB, {race.files.at_once} at once",
        contenders=_contenders(race),
        amount=number * length / (1 << 20),
        unit="MiB",
        columns=("seconds", "speed", "cpu_s", "grown_mib", "peak_rss_bytes"),
        baseline=_CURL,
        targets=(
            _faster(_BARE, _ARIA, 1.8),
            _faster(_BARE, _CURL, 1.0),
            Target(of=_FLEETING, figure="grown_mib", most=64.0),
        ),
        remark="Unverified is not durable either; Python's interpreter and imports are left out.",
    )


def _small(race: _Race) -> Work:
    number, length = len(race.files.urls), race.files.length
    return Work(
        name="small",
        title=f"{number} files of {length / _KIB:g} KiB, {race.files.at_once} at once",
        contenders=_contenders(race),
        amount=number,
        unit="files",
        columns=("seconds", "speed", "cpu_s", "grown_mib", "peak_rss_bytes"),
        baseline=_CURL,
        targets=(
            _faster(_BARE, _AIOHTTP, 2.5),
            _faster(_BARE, _HTTPX, 10.0),
            _faster(_BARE, _ARIA, 1.0),
        ),
        remark="As jobs: each file is a job's, with a ledger and receipts, and durable.",
    )


def _faster(name: str, peer: str, times: float) -> Target:
    return Target(of=name, figure="speed", to=(peer,), least=times, allowance=0.1)


SECTION = Section(
    name="many",
    title="Many files at once",
    works=works,
    settings=(
        Setting(name="medium_files", default=200, quick=24, text="number of files of middling length"),
        Setting(name="medium_kib", default=5120, least=0.01, text="length of each, in KiB"),
        Setting(name="small_files", default=2000, quick=400, text="number of small files"),
        Setting(name="small_kib", default=20, least=0.01, text="length of each, in KiB"),
        Setting(name="at_once", default=16, text="downloads at the same time"),
    ),
    rounds=5,
    quick_rounds=2,
    order=20,
    about="nginx with one worker on loopback; its files and the downloads lie on the same disk.",
)
