"""A starter of processes for all crash tests, and folders for their batches."""

import itertools

import pytest

from tests.crash.driver import Driver
from tests.crash.product import Product, Starter


@pytest.fixture(scope="session")
def starter():
    """Start commands quickly; one for all tests."""
    with Starter() as running:
        yield running


@pytest.fixture
def batch(tmp_path, starter):
    """Return a function that makes a new batch of jobs and its driver."""
    numbers = itertools.count()

    def make(service, *, quick=True, **options):
        number = next(numbers)
        folder = tmp_path / f"batch-{number}"
        folder.mkdir()
        product = Product(folder, service, starter if quick else None, prefix=f"b{number}", **options)
        return Driver(product)

    return make
