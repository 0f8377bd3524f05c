"""Lines of keys are found whatever the file looks like."""

import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_async.errors import ManifestError
from avatar_async.manifests import read_manifests
from avatar_async.manifests.json_lines import json_lines
from avatar_async.manifests.layers import steps_of
from avatar_async.manifests.toml_lines import toml_lines


def all_steps(value, steps=()):
    """Yield the steps to everything in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield (*steps, step)
        yield from all_steps(item, (*steps, step))


TOML = '''# a comment with [[brackets]] and "quotes"
title = "a # no comment"   # a comment
a.b."c.d" = 1
'single' = 'C:\\x'
text = """
[[jobs]]
name = "inside" \\""" still """
raw = \'\'\'
key = 'x'\'\'\'
date = 1979-05-27 07:32:00
numbers = [ 1, # one, ]
  2.5e3,
  [ "x]", 'y,' ], ]
inline = { a = [1,2], b.c = "}", "d" = {} }
empty = []

[table]
x = true
[table.sub]
y = -inf

[[jobs]]
name = "one"
[jobs.personal]
style = 1
[[jobs.override]]
url = "a"
[[jobs.override]]
url = "b"
[[jobs]]
name = "two"
[[jobs.override]]
url = "c"
   [  "jobs" . extra  ]
k = """""two quotes"""""
'''
TOML_PLACES = {
    ("title",): 2,
    ("a", "b", "c.d"): 3,
    ("single",): 4,
    ("text",): 5,
    ("raw",): 8,
    ("date",): 10,
    ("numbers", 0): 11,
    ("numbers", 2, 1): 13,
    ("inline", "b", "c"): 14,
    ("table",): 17,
    ("table", "sub", "y"): 20,
    ("jobs", 0): 22,
    ("jobs", 0, "personal", "style"): 25,
    ("jobs", 0, "override", 1, "url"): 29,
    ("jobs", 1): 30,
    ("jobs", 1, "override", 0): 32,
    ("jobs", 1, "extra", "k"): 35,
}


def test_every_key_of_a_twisted_toml_document_has_its_line():
    """Strings, comments and nested headers must not mislead the scanner."""
    lines = toml_lines(TOML)
    assert set(lines) == set(all_steps(tomllib.loads(TOML)))
    assert {steps: lines[steps] for steps in TOML_PLACES} == TOML_PLACES


_SCALARS = st.one_of(
    st.integers(-9, 9).map(str),
    st.sampled_from(
        ["true", "1.5", "2024-01-01", "07:32:00", '""', "''", "'''\n]'''", '"""\n}\\""""', '"#"', "'#'"]
    ),
)
_KEYS = st.sampled_from(["a", "b-1", '"c d"', "'e.f'", '"\\u0041"'])
_GAPS = st.sampled_from(["", " ", "\n", " # ] }\n "])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(st.tuples(_GAPS, inner, _GAPS), max_size=3).map(
            lambda items: "[" + ",".join("".join(item) for item in items) + "\n]"
        ),
        st.dictionaries(_KEYS, inner, max_size=2).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"
        ),
    ),
    max_leaves=6,
)
_TABLES = st.lists(st.tuples(_KEYS, st.dictionaries(_KEYS, _VALUES, max_size=3)), max_size=4)


@settings(max_examples=200)
@given(_TABLES)
def test_the_scanner_finds_what_tomllib_reads(tables):
    """Whatever tomllib accepts, each key of it has a line that shows it."""
    text = "".join(
        f"[[list.{name}]] # x\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
        for name, pairs in tables
    )
    lines = toml_lines(text)
    assert set(lines) == set(all_steps(tomllib.loads(text)))
    written = text.split("\n")
    for steps, line in lines.items():
        if steps[-1] == "b-1":
            assert "b-1" in written[line - 1]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_JSON, st.sampled_from([None, 0, 2]))
def test_every_key_of_a_json_document_has_its_line(value, indent):
    """The scanner agrees with json.loads about what is there."""
    text = json.dumps(value, indent=indent)
    found = json_lines(text)
    assert found.repeated == []
    assert set(found.lines) == set(all_steps(json.loads(text)))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.lines.values())


def test_keys_given_twice_are_found():
    """json.loads keeps the last one and says nothing."""
    found = json_lines('{"a": 1,\n "b": {"a": 2},\n "a": 3}')
    assert found.lines == {("a",): 3, ("b",): 2, ("b", "a"): 2}
    assert found.repeated == [(("a",), 3)]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("name", ("name",)),
        ("override[1].video_url", ("override", 1, "video_url")),
        ("a[0][2].b", ("a", 0, 2, "b")),
        ("param_extra.x y", ("param_extra", "x y")),
    ],
)
def test_written_paths_are_taken_apart(path, steps):
    """Problems name fields by path, lines are kept by steps."""
    assert steps_of(path) == steps


def test_the_same_mistake_of_several_jobs_on_one_line_is_told_for_each(refusal):
    """Programs write JSON on one line; mending one job must not bring up the next."""
    text = (
        '{"defaults": {"image_preview": {"green_params_blur_ks": 99}}, "jobs": ['
        '{"name": "a", "kind": "image_preview", "material_name": "a", "url": 5},'
        '{"name": "b", "kind": "image_preview", "material_name": "b", "url": 5},'
        '{"name": "c", "kind": "image_preview", "material_name": "c"},'
        '{"name": "d", "kind": "image_preview", "material_name": "d"}]}'
    )
    found = [(problem.job, problem.path) for problem in refusal("jobs.json", text)]
    assert [pair for pair in found if pair[1] == "url"] == [(job, "url") for job in "abcd"]
    assert len([pair for pair in found if "blur_ks" in pair[1]]) == 1, "the defaults are mended once"


def test_a_file_that_is_missing_or_of_another_kind_is_named_once(tmp_path):
    """The place stands before the message already."""
    with pytest.raises(ManifestError) as caught:
        read_manifests([tmp_path / "none.toml", tmp_path / "notes.txt", tmp_path])
    assert str(caught.value).count("none.toml") == 1
    assert str(caught.value).count("notes.txt") == 1
    assert len(caught.value.problems) == 3
