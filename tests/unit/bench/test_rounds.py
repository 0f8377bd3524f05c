"""Rounds, ratios and targets of the bench: what decides whether a claim stands."""

import json
import random
import resource
import sys
import tracemalloc
from contextlib import nullcontext

import pytest

from bench import process, tables
from bench.__main__ import main
from bench.model import BenchError, Contender, Place, Section, Setting, Target, Work
from bench.registry import chosen, given, sections, values
from bench.results import Report, save
from bench.runner import Spare, race
from bench.statistic import judge, medians


def python(code):
    """Return a contender that runs this code."""
    return Contender(name="python", command=(sys.executable, "-c", code))


def silent(_text):
    """Tell nothing."""


def test_ratio_is_taken_within_each_round():
    """A slow minute of the machine that hits both sides of a round does not shift the ratio."""
    runs = {
        "product": [{"speed": 10.0}, {"speed": 1.0}, {"speed": 100.0}],
        "curl": [{"speed": 20.0}, {"speed": 2.0}, {"speed": 50.0}],
    }
    verdict = judge(Target(of="product", figure="speed", to=("curl",), least=0.9), runs)
    assert verdict.value == 0.5
    assert not verdict.met


def test_best_of_several_peers_counts():
    """A peer tried at several settings is taken at its best one, for speed as for cost."""
    runs = {
        "product": [{"speed": 8.0, "cpu_s": 2.0}],
        "slow": [{"speed": 1.0, "cpu_s": 4.0}],
        "fast": [{"speed": 2.0, "cpu_s": 1.0}],
    }
    speed = judge(Target(of="product", figure="speed", to=("slow", "fast"), least=5.0), runs)
    cost = judge(Target(of="product", figure="cpu_s", to=("slow", "fast"), most=1.0), runs)
    assert (speed.peer, speed.value) == ("fast", 4.0)
    assert (cost.peer, cost.value) == ("fast", 2.0)


@pytest.mark.parametrize(
    ("value", "met", "tolerable"), [(0.9, True, True), (0.88, False, True), (0.84, False, False)]
)
def test_allowance_bears_noise_and_no_more(value, met, tolerable):
    """A target missed by a little is told apart from one that is missed."""
    target = Target(of="product", figure="speed", to=("curl",), least=0.9)
    verdict = judge(target, {"product": [{"speed": value}], "curl": [{"speed": 1.0}]})
    assert (verdict.met, verdict.tolerable) == (met, tolerable)


def test_rounds_that_differ_allow_for_their_noise_and_agreeing_ones_do_not():
    """The standard error of the median counts, up to a limit: a wild machine proves nothing either way."""
    target = Target(of="product", figure="speed", least=2.5)
    agreeing = judge(target, {"product": [{"speed": value} for value in (2.0, 2.01, 2.02, 2.0, 2.01)]})
    differing = judge(target, {"product": [{"speed": value} for value in (1.75, 2.15, 2.25, 2.55, 3.15)]})
    wild = judge(target, {"product": [{"speed": value} for value in (0.1, 1.9, 9.0)]})
    assert (agreeing.tolerable, differing.met, differing.tolerable) == (False, False, True)
    assert differing.noise == pytest.approx(1.4826 * 1.2533 * 0.3 / 5**0.5 / 2.25)
    assert not wild.tolerable


def test_a_target_in_doubt_gets_more_rounds_of_those_it_names_and_all_rounds_count():
    """Two unlucky rounds of a short form are no verdict; nothing that was seen is left out."""
    speeds = {"product": iter([1.0, 1.0, 4.0, 4.0, 4.0]), "peer": iter([1.0] * 5), "other": iter([1.0] * 2)}
    work = Work(
        name="w",
        title="W",
        contenders=[Contender(name=name, command=()) for name in speeds],
        targets=[
            Target(of="product", figure="speed", to=("peer",), least=2.0),
            Target(of="product", figure="speed", to=("other",), least=0.5),
        ],
    )

    def run(contender, _amount):
        return {"seconds": 1.0, "speed": next(speeds[contender.name])}, 0.0

    outcome = race(work, 2, chance=random.Random(1), tell=silent, more=3, run=run)
    assert {name: len(runs) for name, runs in outcome.runs.items()} == {"product": 5, "peer": 5, "other": 2}
    assert [verdict.value for verdict in outcome.verdicts] == [4.0, 1.0]
    assert "Medians of 2 to 5 rounds;" in tables.outcome(outcome)


def test_rounds_beyond_the_planned_ones_end_when_their_time_is_used_up():
    """A busy machine makes neither one work nor all of them together take for ever."""
    work = Work(
        name="w",
        title="W",
        contenders=[Contender(name="product", command=())],
        targets=[Target(of="product", figure="speed", least=2.0)],
    )
    spare, clock = Spare(25.0), iter(range(0, 1000, 10))
    counts = []
    for _ in range(2):
        outcome = race(
            work,
            2,
            chance=random.Random(1),
            tell=silent,
            more=9,
            spare=spare,
            run=lambda *_: ({"seconds": 1.0, "speed": 1.0}, 0.0),
            now=lambda: next(clock),
        )
        counts.append(len(outcome.runs["product"]))
    assert counts == [5, 2]


def test_in_brief_those_that_no_target_names_run_once():
    """A short form spends its time on what it judges."""
    work = Work(
        name="w",
        title="W",
        contenders=[Contender(name=name, command=()) for name in ("product", "peer", "other")],
        targets=[Target(of="product", figure="seconds", to=("peer",), most=1.0)],
    )
    outcome = race(
        work, 3, chance=random.Random(1), tell=silent, brief=True, run=lambda *_: ({"seconds": 1.0}, 0.0)
    )
    assert {name: len(runs) for name, runs in outcome.runs.items()} == {"product": 3, "peer": 3, "other": 1}


def test_targets_that_are_met_or_of_virtual_time_get_no_more_rounds():
    """More rounds can change neither."""
    for speed, virtual in ((3.0, False), (1.0, True)):
        work = Work(
            name="w",
            title="W",
            contenders=[Contender(name="product", command=())],
            targets=[Target(of="product", figure="speed", least=2.0)],
            virtual=virtual,
        )
        figures = {"seconds": 1.0, "speed": speed}
        outcome = race(
            work, 2, chance=random.Random(1), tell=silent, more=3, run=lambda *_, kept=figures: (kept, 0.0)
        )
        assert len(outcome.runs["product"]) == 2


def test_figure_without_peer_and_budget_above_a_peer():
    """Absolute limits, and budgets of the form "peer plus so much", are judged too."""
    runs = {"product": [{"seconds": 0.2}], "import": [{"seconds": 0.15}]}
    alone = judge(Target(of="product", figure="seconds", most=0.3), runs)
    above = judge(Target(of="product", figure="seconds", to=("import",), plus=0.05, most=1.0), runs)
    assert alone.value == 0.2
    assert above.value == pytest.approx(1.0)


def test_target_that_names_nothing_there_is_an_error():
    """A typing error in a target must not pass as a met one."""
    with pytest.raises(BenchError):
        judge(Target(of="product", figure="sped", least=1.0), {"product": [{"speed": 2.0}]})
    with pytest.raises(ValueError, match="least or most"):
        Target(of="product", figure="speed")


def test_every_contender_runs_once_a_round_in_changing_order():
    """Interleaving is what makes ratios on a shared machine worth anything."""
    order = []

    def run(contender, _amount):
        order.append(contender.name)
        return {"seconds": 1.0}, 0.0

    work = Work(name="w", title="W", contenders=[Contender(name=name, command=()) for name in "abcd"])
    outcome = race(work, 8, chance=random.Random(1), tell=silent, run=run)
    rounds = [tuple(order[start : start + 4]) for start in range(0, 32, 4)]
    assert all(sorted(one) == list("abcd") for one in rounds)
    assert len(set(rounds)) > 1
    assert {len(runs) for runs in outcome.runs.values()} == {8}


def test_disturbed_run_is_made_again_whatever_it_showed():
    """The choice looks at the load of the machine, never at the result."""
    loads = iter([0.9, 0.1])
    results = iter([{"seconds": 1.0}, {"seconds": 5.0}])
    work = Work(name="w", title="W", contenders=[Contender(name="a", command=())])
    outcome = race(work, 1, chance=random.Random(1), tell=silent, run=lambda *_: (next(results), next(loads)))
    assert outcome.runs["a"] == [{"seconds": 5.0}]
    assert outcome.disturbed == 0


def test_least_disturbed_run_is_kept_and_counted():
    """A machine that is never quiet is told, not hidden."""
    loads = iter([0.9, 0.5, 0.7])
    results = iter([{"seconds": 1.0}, {"seconds": 2.0}, {"seconds": 3.0}])
    work = Work(name="w", title="W", contenders=[Contender(name="a", command=())])
    outcome = race(work, 1, chance=random.Random(1), tell=silent, run=lambda *_: (next(results), next(loads)))
    assert outcome.runs["a"] == [{"seconds": 2.0}]
    assert outcome.disturbed == 1
    assert "1 runs disturbed" in tables.outcome(outcome)


def test_run_of_virtual_time_is_kept_whatever_else_ran():
    """Other programs take processor time from it, and none of its figures depends on that."""
    loads = iter([1.5, 0.0])
    work = Work(name="race", title="", contenders=[Contender(name="a", command=["a"])], virtual=True)
    outcome = race(
        work, 1, chance=random.Random(1), tell=silent, run=lambda _c, _a: ({"seconds": 1.0}, next(loads))
    )
    assert [run["seconds"] for run in outcome.runs["a"]] == [1.0]
    assert outcome.disturbed == 0
    assert next(loads) == 0.0


def test_process_figures_are_the_systems_unless_told():
    """CPU of children counts; what a program prints last overrides."""
    work = "sum(i for i in range(2_000_000))"
    figures, _ = process.run(
        python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{work}'])"), 1
    )
    assert figures["cpu_s"] > 0.02
    assert "peak_rss_bytes" not in figures
    assert figures["peak_bound_bytes"] > 1 << 20
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    large, _ = process.run(python(f"b'x' * {own + (100 << 20)}"), 1)
    assert large["peak_rss_bytes"] == large["peak_bound_bytes"] > own + (100 << 20)
    told, _ = process.run(python('print(\'hello\'); print(\'{"seconds": 2.0, "calls": 7, "x": "no"}\')'), 10)
    assert (told["seconds"], told["calls"], told["speed"]) == (2.0, 7.0, 5.0)
    assert "x" not in told


def test_long_output_is_read_from_its_end_alone():
    """A program inherits our peak of memory: had we kept a long output, no later peak would be known."""
    code = "for _ in range(300_000): print('y' * 99)\nprint('{\"found\": 7}')"
    tracemalloc.start()
    figures, _ = process.run(python(code), 1)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert figures["found"] == 7.0
    assert peak_bytes < 5_000_000


def test_failing_contender_is_named_with_what_it_said():
    """A contender that dies must not be taken as a fast one."""
    with pytest.raises(BenchError, match="python ended with 3: it broke"):
        process.run(python("import sys; print('it broke', file=sys.stderr); sys.exit(3)"), 1)


def test_contender_without_end_is_killed():
    """A hanging peer does not hang the bench."""
    contender = Contender(
        name="sleeper",
        command=(sys.executable, "-c", "input() or __import__('time').sleep(60)"),
        timeout_s=0.01,
    )
    with pytest.raises(BenchError, match="sleeper"):
        process.run(contender, 1)


def test_medians_leave_out_what_not_every_run_has():
    """A figure missing from one run has no median."""
    assert medians([{"a": 1.0, "b": 2.0}, {"a": 3.0}]) == {"a": 2.0}


def section(name="one", order=50):
    """Return a section with one setting."""
    return Section(
        name=name,
        title="One",
        works=lambda _place: nullcontext([]),
        order=order,
        settings=[Setting(name="size", default=10, quick=2), Setting(name="kind", default="zip")],
    )


def test_settings_by_form_and_by_hand():
    """The quick form has its own sizes, and both can be changed."""
    assert values(section(), {}, quick=False) == {"size": 10, "kind": "zip"}
    assert values(section(), {}, quick=True) == {"size": 2, "kind": "zip"}
    assert values(section(), {"size": "7"}, quick=True) == {"size": 7.0, "kind": "zip"}


@pytest.mark.parametrize("pair", ["size", "sise=3", "size=big", "size=0", "size=nan", "size=inf"])
def test_wrong_settings_are_refused(pair):
    """A misspelt setting would measure something else than was asked for."""
    with pytest.raises(BenchError, match="size"):
        given([pair], [section()])


def test_what_is_counted_is_a_whole_number(tmp_path):
    """Half a file would be left out without a word."""
    place = Place(scratch=tmp_path, settings={"size": 2.5, "number": 3.0}, quick=False)
    assert (place.real("size"), place.number("number")) == (2.5, 3)
    with pytest.raises(BenchError, match=r"size=2\.5"):
        place.number("size")


def test_sections_are_chosen_by_name():
    """An unknown section is an error that lists those there are."""
    known = [section("one"), section("two")]
    assert [one.name for one in chosen(known, "two")] == ["two"]
    assert chosen(known, None) == known
    with pytest.raises(BenchError, match="one, two"):
        chosen(known, "three")


def report(name, order, seconds):
    """Return a section's report with one work."""
    work = Work(
        name="w",
        title="The work",
        contenders=[Contender(name="product", command=()), Contender(name="peer", command=())],
        baseline="peer",
        targets=[Target(of="product", figure="seconds", to=("peer",), most=1.0)],
    )
    times = {"product": seconds, "peer": 2.0}
    outcome = race(
        work,
        1,
        chance=random.Random(3),
        tell=silent,
        run=lambda contender, _: ({"seconds": times[contender.name]}, 0.0),
    )
    return Report(section=section(name, order), outcomes=[outcome], settings={"size": 3.0}, quick=False)


def test_results_of_other_sections_stay(tmp_path):
    """Running one section again renews its part of the files alone."""
    path = tmp_path / "results.json"
    save([report("late", 2, 1.0), report("early", 1, 1.0)], {"cores": "2"}, path)
    save([report("late", 2, 4.0)], {"cores": "2"}, path)
    parts = json.loads(path.read_text())["sections"]
    assert [part["name"] for part in parts] == ["early", "late"]
    targets = [part["works"][0]["targets"][0] for part in parts]
    assert [target["met"] for target in targets] == [True, False]
    page = path.with_suffix(".md").read_text()
    assert "MISSED: seconds of product is 2.00 x peer (wanted <= 1.00)" in page
    assert "| peer " in page


def test_every_section_is_well_formed():
    """Names are unique and every setting that has a quick value keeps its kind."""
    known = sections()
    assert len({one.name for one in known}) == len(known)
    settings = [setting for one in known for setting in one.settings]
    assert len({setting.name for setting in settings}) == len(settings)
    assert all(
        setting.quick is None or isinstance(setting.quick, str) == isinstance(setting.default, str)
        for setting in settings
    )


def test_unknown_contender_is_an_error(tmp_path):
    """A section that names a program which is not there fails at once."""
    place = Place(scratch=tmp_path, settings={}, quick=True)
    with pytest.raises(BenchError, match="no contender nobody"):
        place.program("nobody")


def test_wrong_usage_has_exit_code_two(capsys):
    """A wrong name is told on stderr before anything runs."""
    assert main(["--sections", "nothing"]) == 2
    assert "no section nothing" in capsys.readouterr().err
