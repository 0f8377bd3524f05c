"""A starter of processes for all crash tests, and folders for their batches."""

import itertools
from collections import Counter

import pytest

from tests.crash.driver import Driver
from tests.crash.invariants import PROMISES
from tests.crash.product import Product, Starter


@pytest.fixture(scope="session")
def starter():
    """Start commands quickly; one for all tests."""
    with Starter() as running:
        yield running


@pytest.fixture
def batch(tmp_path, starter, record_property):
    """Return a function that makes a new batch of jobs and its driver; what they went through is recorded."""
    numbers = itertools.count()
    drivers = []

    def make(service, *, quick=True, **options):
        number = next(numbers)
        folder = tmp_path / f"batch-{number}"
        folder.mkdir()
        product = Product(folder, service, starter if quick else None, prefix=f"b{number}", **options)
        drivers.append(Driver(product))
        return drivers[-1]

    yield make
    record_property("batches", len(drivers))
    record_property("runs", sum(driver.runs for driver in drivers))
    record_property("kills", sum(len(driver.kills) for driver in drivers))
    record_property("doubts settled by a person", sum(driver.settled + driver.ordered for driver in drivers))
    for promise in PROMISES:
        record_property(promise, sum(driver.broken[promise] for driver in drivers))


def pytest_terminal_summary(terminalreporter):
    """Add up what all batches went through."""
    figures: Counter[str] = Counter()
    reports = (report for kept in terminalreporter.stats.values() for report in kept)
    for report in reports:
        if getattr(report, "when", None) == "teardown":
            figures.update(dict(report.user_properties))
    if figures["batches"]:
        terminalreporter.section("crashes")
        terminalreporter.write_line(", ".join(f"{name}: {value}" for name, value in figures.items()))
