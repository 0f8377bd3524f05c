"""SIGKILL just before and just after every step that makes something durable."""

import itertools
import signal
from typing import Any

import pytest

from tests.crash.disk.shim import CREATE, MKDIR, RENAME, SYNC, TRUNCATE, UNLINK, Disk, build, read_log
from tests.crash.lengths import EVERY_WAY
from tests.crash.product import LIMIT_S, Starter
from tests.crash.side_by_side import side_by_side

#: What divides one durable standing from the next. The writes between them have their turn in the long run.
BOUNDARIES = CREATE + SYNC + RENAME + UNLINK + MKDIR + TRUNCATE
#: Operations that a run may make beside those of the run that was counted, as chance has it.
_SPREAD = 6


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Compile the disk that lets a process die at a chosen operation."""
    return build(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def starter(library):
    """Start commands quickly, that disk before them."""
    with Starter({"LD_PRELOAD": str(library)}) as running:
        yield running


@pytest.fixture
def kill_at_each(batch, library):
    """Return a function that kills a batch at each of its operations, one a time, and goes on to the end."""

    def disk(driver, **orders):
        return Disk(root=driver.product.out, **orders).environment(library)

    def count(service, jobs):
        driver = batch(service, jobs=jobs)
        driver.product.out.mkdir()
        log = driver.product.folder / "operations"
        assert driver.run_once(**disk(driver, log=log)) == 0
        return read_log(log)

    def kill(when, jobs, kinds=None, **options):
        numbers: list[int] = []
        killed: list[int] = []

        def case(service, number):
            driver = batch(service, jobs=jobs)
            driver.product.out.mkdir()
            if driver.run_once(**disk(driver, kill_kinds=kinds, **{when: number})):
                killed.append(number)
                driver.finish()

        def learn(service, jobs):
            numbers.extend(
                operation.number
                for operation in count(service, jobs)
                if kinds is None or operation.kind in kinds
            )

        side_by_side(learn, [jobs], at_once=1, **options)
        side_by_side(case, range(1, len(numbers) + _SPREAD), at_once=8, **options)
        return len(numbers), len(killed)

    return kill


@pytest.mark.parametrize("when", ["kill_at", "kill_after"])
def test_a_kill_at_any_durable_step_loses_and_repeats_nothing(kill_at_each, when):
    """Each boundary is a standing from which the next run has to find its way."""
    steps, kills = kill_at_each(when, 1, BOUNDARIES, lists=False, takes_s=(0.0, 0.0))
    assert steps > 50
    assert kills >= steps - _SPREAD


@pytest.mark.parametrize("when", ["kill_at", "kill_mid", "kill_after"])
def test_an_order_of_a_person_that_is_killed_is_carried_out_or_not(batch, library, when):
    """`resolve` writes to the ledger as well: whoever cannot tell what became of it types it again."""

    def case(service, _):
        driver = batch(service, jobs=1)
        driver.kill_at("create/handled")
        assert driver.run_once() == 1
        product, [name] = driver.product, driver.in_state("in_doubt")
        [task_id] = service.truth().tasks_of(name)
        order = ("resolve", name, "--task-id", str(task_id), "--out", str(product.out))
        for number in itertools.count(1):
            kill: dict[str, Any] = {when: number}
            disk = Disk(root=product.out, **kill)
            code = product.start(*order, output=None, **disk.environment(library)).wait(LIMIT_S)
            driver.check()
            if driver.in_state("in_flight"):
                break
            assert code == -signal.SIGKILL, product.said()
            assert driver.in_state("in_doubt")
        assert number > 5, "its operations were not counted"
        driver.finish()
        assert driver.settled + driver.ordered == 0

    side_by_side(case, [None], at_once=1, lists=False, takes_s=(0.0, 0.0))


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("lists", [False, True], ids=["no-list", "list"])
@pytest.mark.parametrize("when", ["kill_at", "kill_mid", "kill_after"])
def test_a_kill_at_any_operation_on_any_file_loses_and_repeats_nothing(kill_at_each, when, lists):
    """Single writes too, half of them as well, while several jobs share one commit."""
    steps, kills = kill_at_each(when, 3, lists=lists, takes_s=(0.0, 0.0))
    assert steps > 400
    assert kills > steps * 0.8


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("when", ["kill_at", "kill_mid", "kill_after"])
def test_a_kill_at_any_operation_on_files_of_every_length_loses_and_repeats_nothing(kill_at_each, when):
    """Files come in several ways by their lengths, each with operations of its own."""
    steps, kills = kill_at_each(when, 2, lists=False, takes_s=(0.0, 0.0), longer=EVERY_WAY)
    assert steps > 400
    assert kills > steps * 0.8
