"""Two runs on one output folder, started at the same instant."""

import random
import subprocess

from tests.crash.side_by_side import side_by_side


def test_of_two_runs_one_works_and_the_other_says_why_it_does_not(batch):
    """A cron job and a person: one of them comes too late, whichever it is, and dies in turn."""
    refusals: list[str] = []

    def case(service, seed):
        chance = random.Random(seed)
        driver = batch(service, jobs=6)
        for _ in range(6):
            outputs = [driver.product.folder / f"{name}.txt" for name in ("one", "other")]
            runs = [driver.product.run(output=output) for output in outputs]
            codes = [ended(run, chance.uniform(0.2, 0.6)) for run in runs]
            assert codes.count(2) <= 1, [output.read_text() for output in outputs]
            if 2 in codes:
                refusals.append(outputs[codes.index(2)].read_text())
            driver.kill(*(run for run, code in zip(runs, codes, strict=True) if code is None))
            for output in outputs:
                output.unlink()
        driver.finish()

    def ended(run, within_s):
        try:
            return run.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    side_by_side(case, range(4), at_once=4, lists=False, takes_s=(0.2, 1.0))
    assert refusals
    assert all("is in use by another run" in refusal for refusal in refusals)
