import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.disk.bench import Bench
from tests.crash.disk.shim import build
from tests.crash.lengths import EVERY_WAY
from tests.crash.product import Starter
from tests.crash.service import Service


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled shim, once a session."""
    return build(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def disk_starter(shim: Path) -> Iterator[Starter]:
    """Starts commands with the shim loaded."""
    with Starter({"LD_PRELOAD": str(shim)}) as starter:
        yield starter


@pytest.fixture(scope="module")
def disk_service() -> Iterator[Service]:
    """A service of these tests' own: they wait until it has no connection left."""
    with Service(takes_s=(0.0, 0.05)) as service:
        yield service


@pytest.fixture(scope="module")
def service_of_all_lengths() -> Iterator[Service]:
    """The same, whose files come in every way there is; see `lengths.py`."""
    with Service(takes_s=(0.0, 0.05), longer=EVERY_WAY) as service:
        yield service


@pytest.fixture
def make_bench(
    tmp_path: Path, disk_service: Service, disk_starter: Starter, shim: Path
) -> Callable[..., Bench]:
    """Return a function that makes a new batch on a disk of its own."""
    return _maker(tmp_path, disk_service, disk_starter, shim)


@pytest.fixture
def make_long_bench(
    tmp_path: Path, service_of_all_lengths: Service, disk_starter: Starter, shim: Path
) -> Callable[..., Bench]:
    """Return the same for files of every length."""
    return _maker(tmp_path, service_of_all_lengths, disk_starter, shim)


def _maker(folder: Path, service: Service, starter: Starter, shim: Path) -> Callable[..., Bench]:
    numbers = itertools.count()

    def make(*, jobs: int = 2) -> Bench:
        return Bench(folder / str(next(numbers)), service, starter, shim, jobs=jobs)

    return make
