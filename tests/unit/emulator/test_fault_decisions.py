"""Which calls are hit: by the seed and the count alone, and the same again from the log."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.emulator import FaultPlan, Rule
from avatar_async.emulator.faults import Faults, Reset, Status, Truncate, plan_from_log, read_spec
from avatar_async.emulator.store import Store
from avatar_async.errors import EmulatorError
from avatar_async.testing import VirtualClock


class Opened:
    """Faults of a plan, on a data folder."""

    def __init__(self, folder, plan):
        self.folder = folder
        self.plan = plan if isinstance(plan, FaultPlan) else read_spec(plan)

    async def __aenter__(self):
        self.folder.mkdir(exist_ok=True)
        self.store = Store(self.folder / "state.db")
        await self.store.open()
        self.faults = Faults(self.plan, VirtualClock(), self.folder / "faults.jsonl", self.store)
        return self

    async def __aexit__(self, *_error):
        await self.store.close()

    async def call(self, endpoint, *names):
        """Let a call come in and return the rules' texts that hit it, with a number of their dice."""
        hits = []
        for key, rule in self.faults.concerning(endpoint, names):
            fired = self.faults.decide(key, rule, endpoint, names, each=False)
            if fired is not None:
                await self.faults.record(fired)
                hits.append((fired.fault, fired.dice.random()))
        return hits


async def numbers(opened, endpoint="query", count=12, names=("a",)):
    """Return which of so many calls are hit."""
    return [number for number in range(1, count + 1) if await opened.call(endpoint, *names)]


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ("", list(range(1, 13))),
        ("@all", list(range(1, 13))),
        ("@3", [3]),
        ("@2+5+99", [2, 5]),
        ("@every4", [4, 8, 12]),
        ("@first2", [1, 2]),
        ("@every2x3", [2, 4, 6]),
        ("@0%", []),
        ("@100%", list(range(1, 13))),
        ("@100%x1", [1]),
    ],
)
async def test_triggers_hit_the_calls_they_name(tmp_path, when, hit):
    """Scripts are exact."""
    async with Opened(tmp_path, f"query:503{when}") as opened:
        assert await numbers(opened) == hit
        assert opened.faults.counts == ({"status": len(hit)} if hit else {})


async def test_rules_count_only_what_concerns_them(tmp_path):
    """By endpoint, by kind, by name, and each name on its own."""
    spec = "create:500@1,create.training:501@2,create[b*]:502@1,create:503@2/name"
    async with Opened(tmp_path, spec) as opened:
        calls = [("rebuild", "a"), ("training", "b"), ("training", "a"), ("rebuild", "b"), ("training", "c")]
        hits = []
        for kind, name in calls:
            await opened.call(f"create.{kind}", name)
            hits.append([fired.rule for fired in opened.faults.fired])
            opened.faults.fired.clear()
        assert hits == [
            ["create:status@1"],
            ["create[b*]:status(code=502)@1"],
            ["create.training:status(code=501)@2", "create:status(code=503)@2/name"],
            ["create:status(code=503)@2/name"],
            [],
        ]
        assert not await opened.call("query", "b")


def test_a_star_hits_every_call_and_no_result_or_callback():
    """`*` is about HTTP."""
    rule = Rule(on="*", fault=Reset())
    assert all(rule.concerns(each, ()) for each in ("create.training", "query", "list", "token", "file"))
    assert not any(rule.concerns(each, ("a",)) for each in ("result", "callback"))
    assert Rule(on="*", fault=Truncate(), names="a").concerns("file", ("a",))
    assert not Rule(on="*", fault=Truncate(), names="a").concerns("token", ())


async def test_a_seed_decides_the_same_whatever_else_is_called(tmp_path):
    """Interleaving must not change what a job meets."""
    spec = "query:reset@30%,create:503@30%,file:truncate@30%/name,seed=11"
    plain = []
    async with Opened(tmp_path / "a", spec) as opened:
        plain.extend([await opened.call("query", "x") for _ in range(40)])
        plain.extend([await opened.call("file", "m") for _ in range(40)])
    mixed_query: list[list[tuple[str, float]]] = []
    mixed_file: list[list[tuple[str, float]]] = []
    dice = random.Random(3)
    async with Opened(tmp_path / "b", spec) as opened:
        while len(mixed_query) < 40 or len(mixed_file) < 40:
            await opened.call("create.training", "y")
            await opened.call("file", "other")
            if dice.random() < 0.5 and len(mixed_query) < 40:
                mixed_query.append(await opened.call("query", "x"))
            elif len(mixed_file) < 40:
                mixed_file.append(await opened.call("file", "m"))
    assert mixed_query + mixed_file == plain
    assert 4 < sum(map(bool, mixed_query)) < 24
    async with Opened(tmp_path / "c", spec.replace("11", "12")) as opened:
        assert [await opened.call("query", "x") for _ in range(40)] != mixed_query


@given(chance=st.floats(0, 1), seed=st.integers(-(2**40), 2**40))
def test_chances_come_out_as_often_as_they_say(chance, seed):
    """The hash is fair."""
    from avatar_async.emulator.faults.rules import dice_for

    rule = Rule(on="query", fault=Reset(), probability=chance)
    hits = sum(rule.fires(number, dice_for(seed, "happens", number)) for number in range(1, 401))
    assert abs(hits / 400 - chance) < 0.16


async def test_counts_and_caps_outlive_a_kill(tmp_path):
    """The third call is the third one, however often the emulator was killed in between."""
    plan = FaultPlan(rules=[Rule(on="query", fault=Status(code=503), calls=[3], at_most=1)])
    first = Opened(tmp_path, plan)
    await first.__aenter__()
    assert await numbers(first, count=2) == []
    await first.store.keep_counts()
    first.store._connection.close()  # as a kill does: nothing else is written
    async with Opened(tmp_path, plan) as opened:
        assert await numbers(opened, count=3) == [1]
        assert opened.faults.counts == {"status": 1}
        opened.faults.add("query:status(code=503)@3x1")
        assert await numbers(opened, count=4) == [3]


async def test_a_log_replays_what_happened(tmp_path):
    """A failure seen once can be looked at again."""
    spec = "query:garbage@20%,file[m*]:truncate@30%x4/name,create:503@2,seed=5"

    async def story(opened):
        for _ in range(30):
            await opened.call("query", "x")
            for name in ("m1", "m[2]*", "n"):
                await opened.call("file", name)
            await opened.call("create.training", "x")
        return [(each.endpoint, each.names, each.fault, each.dice.random()) for each in opened.faults.fired]

    async with Opened(tmp_path / "a", spec) as opened:
        before = await story(opened)
    assert len(before) > 6
    plan = plan_from_log(tmp_path / "a" / "faults.jsonl")
    assert all(rule.calls and rule.probability is None for rule in plan.rules)
    async with Opened(tmp_path / "b", plan) as opened:
        after = await story(opened)
    assert sorted(after) == sorted(before)
    lines = (tmp_path / "a" / "faults.jsonl").read_text().splitlines()
    assert len(lines) == len(before)
    assert json.loads(lines[0]).keys() >= {"at", "endpoint", "names", "fault", "rule", "number", "seed"}


async def test_an_empty_log_is_an_empty_plan(tmp_path):
    """Nothing happened, nothing will."""
    (tmp_path / "faults.jsonl").touch()
    assert plan_from_log(tmp_path / "faults.jsonl").rules == ()


@pytest.mark.parametrize(
    "content",
    ["{", "7", '{"rule": "query:503"}', '{"rule": 3, "name": null, "number": 1, "seed": 1}', "null"],
)
def test_a_file_that_is_no_log_is_refused(tmp_path, content):
    """Named as a spec, as a person would."""
    path = tmp_path / "faults.jsonl"
    path.write_text(content)
    with pytest.raises(EmulatorError, match="is no log of faults"):
        read_spec(f"@{path}")
    with pytest.raises(EmulatorError, match="cannot be read"):
        read_spec(f"@{tmp_path}/none.jsonl")
