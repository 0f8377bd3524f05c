"""SIGTERM, SIGINT and SIGHUP, once and twice, and a stop that outlasts every timeout."""

import contextlib
import os
import random
import signal
import subprocess
import time
from itertools import product as pairs

import pytest

from tests.crash.product import LIMIT_S
from tests.crash.side_by_side import side_by_side

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Seconds that the server keeps a reply back from a run that will not wait for it.
_HOLD_S = 4.0
#: Seconds that a call may take in these runs; stops last longer.
_TIMEOUT_S = 1.0
_STOP_S = 2.5
#: Signals, or pairs of them, that each batch gets at random moments.
_INTERRUPTIONS = 6


def left_by(code, number):
    """Tell whether an exit code tells of a signal, as a shell sees it."""
    return code in (128 + number, -number)


def test_one_signal_lets_the_create_under_way_answer(batch):
    """It is paid for: half a second of patience saves a person's search in the console."""

    def case(service, given):
        number, moment = given
        driver = batch(service, jobs=3)
        process = driver.start_armed(moment, number=number, hold_s=0.5)
        assert process.wait(LIMIT_S) == 128 + number
        driver.check()
        assert driver.in_state("in_flight") == driver.product.names[:1], driver.product.said()
        assert len(driver.in_state("planned")) == 2
        driver.finish()
        assert driver.settled + driver.ordered == 0

    moments = ("create/arrived", "create/handled", "create/half")
    side_by_side(case, pairs(ENDING, moments), lists=False)


def test_a_second_signal_leaves_at_once_and_puts_the_create_in_doubt(batch):
    """Who asks twice is in a hurry."""

    def case(service, number):
        driver = batch(service, jobs=3)
        process = driver.start_armed("create/handled", number=number, hold_s=_HOLD_S)
        service.wait_until_struck()
        began_s = time.monotonic()
        time.sleep(0.1)
        os.kill(process.pid, number)
        assert process.wait(LIMIT_S) == 128 + number
        assert time.monotonic() - began_s < _HOLD_S, "it waited for the answer"
        driver.kills.append(time.time())
        driver.check()
        assert driver.in_state("in_doubt") == driver.product.names[:1]
        driver.finish()
        assert (driver.settled, driver.ordered) == (1, 0)

    side_by_side(case, ENDING, at_once=3, lists=False)


def test_signals_at_random_moments_leave_a_batch_that_goes_on(batch):
    """Whatever the run was about: the exit code tells of the signal, and nothing is sent twice."""

    def case(service, given):
        seed, numbers = given
        chance = random.Random(f"{seed} {numbers}")
        driver = batch(service, jobs=8)
        for _ in range(_INTERRUPTIONS):
            process = driver.start()
            try:
                code = process.wait(chance.uniform(0.05, 0.6))
            except subprocess.TimeoutExpired:
                code = send(driver, process, numbers, chance)
                assert code in (0, 1) or any(left_by(code, number) for number in numbers), code
                sent_at = time.time()
                driver.check()
                late = [at for events in service.truth().journal.values() for at, _ in events if at > sent_at]
                assert not late, "a create call came after the process had left"
                if len(numbers) == 1 and code == 128 + numbers[0]:
                    assert not driver.in_state("in_doubt", "submitting")
            if code in (0, 1):
                break
            driver.settle_doubts()
        driver.finish()

    def send(driver, process, numbers, chance):
        with contextlib.suppress(ProcessLookupError):
            for number in numbers:
                driver.kills.append(time.time())
                os.kill(process.pid, number)
                time.sleep(chance.uniform(0, 0.1))
        return process.wait(LIMIT_S)

    once = [(number,) for number in ENDING]
    twice = [(number, number) for number in ENDING]
    side_by_side(case, pairs(range(2), [*once, *twice]), lists=False, takes_s=(0.0, 0.5), reply_s=0.3)


@pytest.mark.parametrize("lists", [False, True], ids=["no-list", "list"])
def test_a_process_stopped_for_longer_than_every_timeout_sends_nothing_twice(batch, lists):
    """A closed lid: the answer came long ago, or never; either way the call is not made again."""

    def case(service, moment):
        driver = batch(service, jobs=1, timeout_s=_TIMEOUT_S)
        process = driver.start_armed(moment, number=signal.SIGSTOP)
        service.wait_until_struck()
        assert driver.start().wait(LIMIT_S) == 2, "a stopped run still holds its ledger"
        assert "is in use by another run" in driver.product.said()
        time.sleep(_STOP_S)
        os.kill(process.pid, signal.SIGCONT)
        code = process.wait(LIMIT_S)
        assert code in (0, 1)
        driver.kills.append(time.time())
        driver.check(done=code == 0)
        if code or lists:
            driver.finish()
        assert driver.ordered == 0

    moments = [
        *(f"create/{step}" for step in ("arrived", "handled", "half", "replied")),
        "query/handled",
        "file/middle",
    ]
    side_by_side(case, moments, lists=lists, takes_s=(0.0, 0.1))


def test_a_stopped_run_that_is_killed_gives_its_ledger_to_the_next(batch):
    """The lock goes with the process, not with its note."""

    def case(service, moment):
        driver = batch(service, jobs=1)
        process = driver.start_armed(moment, number=signal.SIGSTOP)
        service.wait_until_struck()
        assert driver.start().wait(LIMIT_S) == 2
        driver.kill(process)
        driver.finish()
        assert driver.ordered == 0

    side_by_side(case, ["create/handled", "query/arrived", "file/first"], at_once=3, lists=False)
