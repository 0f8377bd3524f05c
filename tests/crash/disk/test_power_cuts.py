"""The power goes, and what was not synced is gone: nothing is paid twice, lost, or wrong."""

import random

import pytest

#: More syncs than a run of two jobs makes.
_MOST_SYNCS = 120
#: Every how many syncs of a run the power goes, over all tests together.
_EVERY = 4
_GROUPS = 3


@pytest.mark.parametrize("group", range(_GROUPS))
def test_power_goes_before_a_sync_and_nothing_newer_reached_the_disk(make_bench, group):
    """The harshest cut: every sync that is missing, or comes too late, shows here."""
    cuts = 0
    for number in range(1 + group * _EVERY, _MOST_SYNCS, _EVERY * _GROUPS):
        bench = make_bench()
        if not bench.cut(None, before_sync=number):
            break
        bench.driver.finish()
        cuts += 1
    assert cuts >= 5


@pytest.mark.parametrize("seed", range(3))
def test_power_goes_again_and_again_and_parts_of_what_is_newer_reached_the_disk(make_bench, seed):
    """Torn pages, names without files, files without names, and a recovery that is cut itself."""
    chance = random.Random(seed)
    bench = make_bench(jobs=3)
    cuts = 0
    while cuts < 10 and bench.cut(chance.randrange(1 << 32), after_sync=chance.randint(1, 24)):
        cuts += 1
        if chance.random() < 0.5:
            bench.driver.settle_doubts()
    bench.driver.finish()
    assert cuts >= 3


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_power_goes_before_any_sync_while_files_of_every_length_come(make_long_bench, seed):
    """Each way that files are received and written in has syncs of its own."""
    for number in range(1, _MOST_SYNCS):
        bench = make_long_bench()
        if not bench.cut(seed, before_sync=number):
            break
        bench.driver.finish()
    assert number > 30
