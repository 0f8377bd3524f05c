"""The line of the bench: what it may clear away of earlier ones."""

from bench.servers.line import abandoned

LISTING = """bench41 (id: 3)
bench42
benchmark
bench
web (id: 0)
"""


def test_only_namespaces_of_benches_that_are_gone_are_abandoned():
    """A bench beside this one keeps its line, and nobody else's network is touched."""
    assert abandoned(LISTING, alive=lambda pid: pid == 42) == ["bench41"]


def test_no_namespace_no_work():
    """The usual state of a machine."""
    assert abandoned("", alive=lambda _pid: False) == []
