"""SIGKILL at random instants: nothing is paid twice, nothing is lost, nothing half-written has a name."""

import random

import pytest

from tests.crash.service import Service

#: Of each storm below; a failure names its own, and runs alone with `-k`.
SEEDS = range(1, 7)
KILLS = 12


@pytest.mark.parametrize("lists", [False, True], ids=["no-list", "list"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_survives_being_killed_at_random_instants(batch, seed, lists):
    """Nobody chooses when a machine goes down."""
    chance = random.Random(seed)
    kills = 0
    with Service(lists=lists, seed=seed, takes_s=(0.0, 0.6), reply_s=0.05, file_s=0.05) as service:
        while kills < KILLS:
            driver = batch(service, jobs=10, max_in_flight=chance.choice([2, 8]))
            driver.storm(KILLS - kills, chance.random(), longest_s=0.5)
            kills += len(driver.kills)
