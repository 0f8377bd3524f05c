"""SIGKILL at random instants: nothing is paid twice, nothing is lost, nothing half-written has a name.

The long run is made by `scripts/soak`; `CRASH_SEED` and `CRASH_KILLS` replay and lengthen it.
"""

import os
import random
import secrets
from typing import Any

import pytest

from tests.crash.lengths import EVERY_WAY
from tests.crash.side_by_side import side_by_side

#: Chances of what else goes wrong; see the server's own list.
FAULTS = {
    "create/lost": 0.06,
    "create/half": 0.04,
    "create/500": 0.04,
    "create/drop": 0.03,
    "create/busy": 0.06,
    "query/drop": 0.06,
    "query/500": 0.06,
    "file/cut": 0.1,
    "file/500": 0.05,
}
#: Kills of each storm below.
KILLS = 8


def storm(batch, service, seed, kills, **options):
    """Kill batch after batch until there were so many deaths."""
    chance = random.Random(seed)
    died = 0
    while died < kills:
        driver = batch(service, jobs=10, max_in_flight=chance.choice([2, 8]), **options)
        driver.storm(kills - died, chance.random(), longest_s=chance.choice([0.15, 0.5, 1.0]))
        died += len(driver.kills)


@pytest.mark.parametrize(
    ("lists", "faults"), [(False, {}), (True, {}), (False, FAULTS)], ids=["no-list", "list", "faults"]
)
def test_batches_survive_being_killed_at_random_instants(batch, lists, faults):
    """Nobody chooses when a machine goes down."""

    def case(service, seed):
        storm(batch, service, seed, KILLS)

    options: dict[str, Any] = {"takes_s": (0.0, 0.6), "reply_s": 0.05, "file_s": 0.05}
    side_by_side(case, range(1, 7), lists=lists, faults=faults, seed=1, **options)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("lists", [False, True], ids=["no-list", "list"])
@pytest.mark.parametrize("longer", [(0,), EVERY_WAY], ids=["short", "long"])
@pytest.mark.parametrize("faults", [{}, FAULTS], ids=["calm", "faults"])
def test_batches_survive_thousands_of_kills(batch, lists, longer, faults):
    """What happens once in a thousand deaths happens to somebody."""
    seed = int(os.environ.get("CRASH_SEED") or secrets.randbelow(1 << 32))
    kills = int(os.environ.get("CRASH_KILLS") or 600)
    print(f"CRASH_SEED={seed} CRASH_KILLS={kills}")

    def case(service, number):
        storm(batch, service, seed + number, 25)

    options: dict[str, Any] = {"takes_s": (0.0, 0.8), "reply_s": 0.1, "file_s": 0.1, "longer": longer}
    side_by_side(case, range(-(-kills // 25)), lists=lists, faults=faults, seed=seed, **options)
