"""Stores that must all behave alike; another implementation adds one entry here."""

from contextlib import asynccontextmanager

import pytest

from avatar_async._storage.ledger import Ledger


@asynccontextmanager
async def _sqlite(folder):
    async with Ledger.open(folder / "ledger.db") as store:
        yield store


FACTORIES = {"sqlite": _sqlite}


@pytest.fixture(params=sorted(FACTORIES))
def open_store(request, tmp_path):
    """A callable that opens the store of this test, as often as wanted, as async context manager."""
    factory = FACTORIES[request.param]
    return lambda: factory(tmp_path)
