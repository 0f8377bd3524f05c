import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.disk.bench import Bench
from tests.crash.disk.shim import build
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


@pytest.fixture
def make_bench(
    tmp_path: Path, disk_service: Service, disk_starter: Starter, shim: Path
) -> Callable[..., Bench]:
    """Return a function that makes a new batch on a disk of its own."""
    numbers = itertools.count()

    def make(*, jobs: int = 2) -> Bench:
        return Bench(tmp_path / str(next(numbers)), disk_service, disk_starter, shim, jobs=jobs)

    return make
