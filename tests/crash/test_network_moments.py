"""SIGKILL between two steps of a call, at the moments that the server chooses: none of them is a gap."""

from itertools import product as pairs

import pytest

from tests.crash.side_by_side import side_by_side

#: What happens to a call, in order: its headers are there; it is whole; it is carried out, and nothing is
#: answered yet; half of the answer left; all of it.
STEPS = ("headers", "arrived", "handled", "half", "replied")
CREATES = [(f"create/{step}", nth) for step, nth in pairs(STEPS, (1, 2))]
OTHERS = [
    *((f"token/{step}", 1) for step in STEPS),
    *((f"query/{step}", 1) for step in STEPS),
    *((f"file/{piece}", nth) for piece, nth in pairs(("first", "middle", "last", "sent"), (1, 3))),
]
#: Moments at which the client has not read the answer of a create call: its outcome is in doubt.
UNREAD = ("headers", "arrived", "handled", "half")


@pytest.mark.parametrize("lists", [False, True], ids=["no-list", "list"])
def test_a_kill_within_a_create_call_leaves_a_doubt_and_nothing_worse(batch, lists):
    """Here money is spent: sent, made, half answered, answered; only the server knows what was made."""

    def case(service, moment):
        driver = batch(service, jobs=2, max_in_flight=1)
        driver.kill_at(*moment)
        driver.finish()
        assert driver.ordered == 0, "the task was there, and yet the job was sent again"
        if lists:
            assert driver.runs == 2, "a person was needed although the list call tells"
        elif moment[0].partition("/")[2] in UNREAD:
            assert driver.settled == 1, f"{driver.settled} doubts, where one call was under way"

    side_by_side(case, CREATES, lists=lists, takes_s=(0.0, 0.1))


def test_a_kill_within_any_other_call_needs_nobody(batch):
    """Asking and fetching cost nothing: the next run asks and fetches again."""

    def case(service, moment):
        driver = batch(service, jobs=1)
        driver.kill_at(*moment)
        driver.finish()
        assert driver.runs == 2, "a person was needed, and nothing was in doubt"

    side_by_side(case, OTHERS, lists=False, takes_s=(0.0, 0.1))


def test_the_program_as_users_start_it_survives_as_well(batch):
    """The other tests fork one that has everything imported, for speed."""

    def case(service, moment):
        driver = batch(service, quick=False, jobs=1)
        driver.kill_at(moment)
        driver.finish()
        assert driver.runs == 2

    side_by_side(case, ["create/handled", "query/handled", "file/middle"], at_once=3, takes_s=(0.0, 0.1))


def test_a_kill_while_a_doubt_is_looked_up_leaves_it_to_the_next_run(batch):
    """Settling is a step like any other."""

    def case(service, moment):
        driver = batch(service, jobs=1)
        driver.kill_at("create/handled")
        driver.kill_at(*moment)
        driver.finish()
        assert driver.runs == 3, "a person was needed although the list call tells"

    side_by_side(case, [(f"list/{step}", 1) for step in STEPS], takes_s=(0.0, 0.1))
