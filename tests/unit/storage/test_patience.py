"""Connections that bring next to nothing: when a new one is worth it, and when it is not."""

import pytest

from avatar_async._storage.patience import Patience
from avatar_async._storage.workshop import FetchRules

RULES = FetchRules(slow_s=120.0, slow_bytes_s=256.0)


def brought(patience: Patience, *speeds: int) -> str | None:
    """Let bytes come at these speeds, each for two minutes; return why the connection was given up."""
    for speed in speeds:
        for _ in range(12):
            if (why := patience.came(10 * speed, 10.0)) is not None:
                return why
    return None


def test_a_download_that_can_go_on_loses_nothing_by_asking_anew():
    """Only what is slow is given up, and the reason says how slow."""
    assert brought(Patience(RULES, resumable=True, left_bytes=10**6), 256, 300, 256) is None
    assert brought(Patience(RULES, resumable=True, left_bytes=10**6), 300, 255) == (
        "only 30600 bytes came in 120 s"
    )


def test_a_download_that_must_start_over_is_left_alone_while_that_would_take_longer():
    """A line that has always been so slow is no faster the second time."""
    assert brought(Patience(RULES, resumable=False, left_bytes=10**6), *[100] * 80) is None
    assert brought(Patience(RULES, resumable=False, left_bytes=10**6), *[1000] * 8, 200) is None


def test_a_download_that_must_start_over_does_so_where_that_is_the_sooner_end():
    """What came quickly before comes quickly again."""
    assert brought(Patience(RULES, resumable=False, left_bytes=10**9), 10**6, 10**6, 10) is not None


@pytest.mark.parametrize("left_bytes", [None, 10**6])
def test_what_nobody_can_wait_for_is_given_up(left_bytes):
    """A body of unknown length that only drips may never end; one may be as good as endless."""
    assert brought(Patience(RULES, resumable=False, left_bytes=left_bytes), 1) is not None
    assert brought(Patience(RULES, resumable=False, left_bytes=left_bytes), 0) is not None
