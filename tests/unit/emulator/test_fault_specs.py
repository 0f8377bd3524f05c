"""Reading fault plans, and telling what is wrong with them."""

from pathlib import Path

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.emulator import FaultPlan, Rule
from avatar_async.emulator.faults import (
    ENDPOINTS,
    FAULTS,
    Delay,
    Put,
    Reset,
    Status,
    Truncate,
    listing,
    read_spec,
)
from avatar_async.errors import EmulatorError

EXAMPLE = Path(__file__).parents[3] / "examples" / "faults.toml"


def refusal(spec):
    """Return what a spec is refused with."""
    with pytest.raises(EmulatorError) as caught:
        read_spec(spec)
    return str(caught.value)


def test_a_spec_is_a_plan():
    """Everything the grammar has, in one text."""
    spec = (
        "create:reset-after@5%x2, query:429(retry_after=2)@3; "
        "file[anchor-*]:truncate(share=0.7)@first2/name\n"
        'create.training:delay(seconds=1.5)@every4,query:put(field=progress, value="[1,\\"a\\"]")@2+5,'
        "list:503(envelope=false)@.25,seed=7"
    )
    assert read_spec(spec) == FaultPlan(
        seed=7,
        rules=(
            Rule(on="create", fault=Reset(when="after"), probability=0.05, at_most=2),
            Rule(on="query", fault=Status(code=429, retry_after="2"), calls=(3,)),
            Rule(on="file", names="anchor-*", fault=Truncate(share=0.7), first=2, per="name"),
            Rule(on="create.training", fault=Delay(seconds=1.5), every=4),
            Rule(on="query", fault=Put(field="progress", value='[1,"a"]'), calls=(2, 5)),
            Rule(on="list", fault=Status(code=503, envelope=False), probability=0.25),
        ),
    )


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_written_and_read_back(name):
    """The log of a run is made of such texts."""
    fault = FAULTS[name]()
    for on in (each for each in ENDPOINTS if each in fault.places):
        rule = Rule(on=on, fault=fault, probability=0.5, at_most=3, names="a?b*", per="name")
        assert read_spec(rule.text).rules == (rule,)
        assert read_spec(f"{on}:{name}").rules == (Rule(on=on, fault=fault),)


def test_the_listing_shows_every_fault_and_parameter():
    """What is not shown is not used."""
    text = listing()
    for name, fault in FAULTS.items():
        assert f"\n{name}  (" in f"\n{text}"
        assert all(f"    - {each.name} [" in text for each in fields(fault))
    assert max(map(len, text.splitlines())) < 80


def test_all_that_is_wrong_is_told_at_once_with_a_remedy():
    """One correction is enough."""
    text = refusal(
        "creat:reset@5%,query:429(retry=2)@3,foo,seed=x,file:garbage,create:reset@9x,query:resett,"
        "create:delay(seconds=abc),create:reset(when=never),create:reset@150%,query:503@0,create:delay(x),"
        "query:truncate(reset=1),query:slow(bytes_s=0),query:status(code=true),list:503@every0"
    )
    for part in (
        "wrong in 16 places",
        "--faults list",
        "creat:reset@5%: 'creat' is no endpoint (did you mean create?); use create, create.training",
        "429 has no parameter 'retry' (did you mean retry_after?); it has code, envelope",
        "foo: write it as ENDPOINT:FAULT@WHEN",
        "seed=x: the seed must be a whole number",
        "garbage does not fit 'file'; it fits callback, create, list, query, refresh, token",
        "@9x says no time; use @5%, @3 (the third call)",
        "'resett' is no fault (did you mean reset?); use reset, delay",
        "seconds must be a number, not 'abc'",
        "when must be one of before, after, middle, not 'never'",
        "the probability must lie between 0 and 1 (0% and 100%), not 1.5",
        "calls are counted from 1, so there is no call 0",
        "'x' is no parameter; write name=value",
        "reset must be true or false, not 1",
        "bytes_s must be at least 0.001, not 0.0",
        "code must be a whole number, not True",
        "every, first and at_most must be 1 or more",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "the fault spec is empty: write it as ENDPOINT:FAULT@WHEN"),
        (" , ", "the fault spec is empty"),
        ("query:429(retry_after=2", "( is not closed"),
        ("file[anchor:truncate", "[ is not closed"),
        ("create:600", "'600' is no fault; use reset"),
        ("create:600", "or an HTTP status from 200 to 599"),
        ("file:truncate(share=2)", "share must be at most 1, not 2.0"),
        ("create:delay(seconds=1e999)", "seconds must be a finite number, not inf"),
        ("result:vanish(after_s=1e999)", "after_s must be at most 3.2e+09, not inf"),
    ],
)
def test_a_slip_is_named(spec, said):
    """A value that could not mean anything would else be found out in the middle of a test."""
    assert said in refusal(spec)


def test_the_listing_tells_how_a_spec_is_written():
    """Names of faults alone are of no use."""
    text = listing()
    for part in (
        "@5%",
        "@every4",
        "x2",
        "/name",
        "file[anchor-*]",
        "seed=NUMBER",
        "create.training",
        "callback",
    ):
        assert part in text.partition("Faults, and")[0]
    assert "['']" not in text


def test_the_example_is_a_plan_that_uses_what_it_explains():
    """People start from it."""
    plan = read_spec(f"@{EXAMPLE}")
    assert plan.seed == 7
    assert {rule.on for rule in plan.rules} == {"create", "query", "file", "result", "callback"}
    assert read_spec(plan.text) == plan


def test_a_wrong_file_is_told_all_at_once(tmp_path):
    """As a wrong spec is."""
    path = tmp_path / "plan.toml"
    path.write_text(
        'seed = "x"\nsede = 3\n'
        '[[rules]]\non = "query"\n'
        '[[rules]]\non = "query"\nfault = "503"\nprobability = "often"\n'
        '[[rules]]\non = "query"\nfault = "503"\ncalls = 3\n'
        '[[rules]]\non = "query"\nfault = "503"\nper = "job"\n'
        '[[rules]]\non = "query"\nfault = "503"\nevery = true\n'
        '[[rules]]\non = "query"\nfault = "503"\ncall = [3]\n'
        '[[rules]]\non = "query"\nfault = "503"\nparams = 3\n'
        '[[rules]]\non = "query"\nfault = "503"\nfirst = 2\ncalls = [3]\n'
    )
    with pytest.raises(EmulatorError) as caught:
        read_spec(f"@{path}")
    text = str(caught.value)
    for part in (
        "wrong in 10 places",
        "sede: unknown",
        "seed = 'x': must be a whole number",
        "[[rules]] 1: fault is missing",
        "[[rules]] 2: probability = 'often' must be a number",
        "[[rules]] 3: calls = 3 must be a list",
        "[[rules]] 4: per = 'job' must be call or name",
        "[[rules]] 5: every = True must be a whole number",
        "[[rules]] 6: call is unknown (did you mean calls?)",
        "[[rules]] 7: params must be a table",
        "[[rules]] 8: give one of a probability",
    ):
        assert part in text, part


@pytest.mark.parametrize("content", ["rules = 3", "[[rules]", "rules = [1]", "x = " + "[" * 9000])
def test_a_file_that_is_no_plan_is_refused(tmp_path, content):
    """Whatever it holds instead."""
    path = tmp_path / "plan.toml"
    path.write_text(content)
    with pytest.raises(EmulatorError):
        read_spec(f"@{path}")
    with pytest.raises(EmulatorError, match="cannot be read"):
        read_spec(f"@{tmp_path}/none.toml")


@given(st.text(alphabet='abcdefrstqueryl*:[](){}@%+x/=,;.0123456789"\\ \n-', max_size=60))
def test_no_text_breaks_the_reader(text):
    """A wrong spec is refused, never a traceback."""
    try:
        plan = read_spec(text.removeprefix("@"))
    except EmulatorError:
        return
    assert read_spec(plan.text) == plan
