"""What the command line refuses, and how it says so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
JOB = """
[[jobs]]
name = "a"
kind = "image_preview"
material_name = "a"
url = "{url}"
"""
COMMANDS = [
    "demo",
    "run",
    "check",
    "preview",
    "status",
    "resolve",
    "retry",
    "abandon",
    "fetch",
    "emulator",
    "init",
    "schema",
]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_fits_80_columns_and_shows_examples(typed, command):
    """Help is read on narrow terminals, and copied from."""
    shown = typed(*command, "--help")
    assert shown.exit_code == 0
    assert "Examples:" in shown.output
    assert "  avatar-async" in shown.output
    assert all(len(line) <= 80 for line in shown.output.splitlines())
    assert not re.search(r"list\[|<\w+>|\.\.\.\}|\[\[", shown.output), (
        "types of Python mean nothing to a user"
    )


@pytest.mark.parametrize("options", [["--version"], ["--help"]])
def test_version_and_help_import_nothing_heavy(options):
    """They must answer at once, also where the extras are missing."""
    heavy = ("aiohttp", "av", "PIL", "rich", "sqlite3", "anyio", "attr")
    code = (
        "import sys; from avatar_async.__main__ import main\n"
        f"sys.argv[1:] = {options!r}\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"sys.exit([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() in {"", "[]"}
    assert "avatar-async" in done.stdout


def test_a_run_without_an_account_tells_the_three_ways_on(typed, tmp_path):
    """The first mistake everybody makes."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    done = typed("run", "b.toml", "--out", "o")
    assert done.exit_code == 2
    for way in ("AVATAR_APP_ID", "AVATAR_TOKEN", "--emulator"):
        assert way in done.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(("given", "missing"), [("APP_ID", "APP_KEY"), ("APP_KEY", "APP_ID")])
def test_half_of_an_account_is_told_as_such(typed, tmp_path, monkeypatch, given, missing):
    """Whoever exported one of two need not look for both."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    monkeypatch.setenv(f"AVATAR_{given}", "x")
    done = typed("run", "b.toml", "--out", "o")
    assert done.exit_code == 2
    assert f"AVATAR_{missing} is missing" in done.stderr


def test_a_run_against_the_real_service_needs_a_query_dialect(typed, tmp_path, monkeypatch):
    """Otherwise jobs would be paid for whose end nobody could notice."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    monkeypatch.setenv("AVATAR_TOKEN", "t")
    done = typed("run", "b.toml", "--out", "o")
    assert done.exit_code == 2
    assert "query_dialect" in done.stderr
    assert "--profile" in done.stderr
    assert not (tmp_path / "o").exists()


def test_demo_clips_are_not_sent_to_another_service(typed, tmp_path, monkeypatch):
    """The sample manifest must not be paid for by accident."""
    (tmp_path / "b.toml").write_text(JOB.format(url="http://emulator.test/media/still-green.png"))
    monkeypatch.setenv("AVATAR_TOKEN", "t")
    done = typed("run", "b.toml", "--out", "o", "--endpoint", "http://127.0.0.1:9")
    assert done.exit_code == 2
    assert "add --emulator" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--max-in-flight", "0"], "'0' is not a whole number from 1 to 100000"),
        (["--poll-rate", "0"], "'0' is not a number from 0.001 to 1000"),
        (["--fetches", "many"], "'many' is not a whole number from 1 to 256"),
        (["--bandwidth", "fast"], "write it like 500KB"),
        (["--validation", "loose"], "strict, warn, off"),
        (["--until", "soon"], "write it like 90s"),
        (["--max-creates", "-1"], "from 0 to 1000000000"),
    ],
)
def test_a_bad_value_is_told_with_option_value_range_and_remedy(typed, options, told):
    """One message must suffice."""
    done = typed("run", "b.toml", "--out", "o", *options)
    assert done.exit_code == 2
    assert options[0] in done.stderr
    assert told in " ".join(done.stderr.split())


def test_a_command_without_a_ledger_says_where_it_looked_and_what_is_near(typed, tmp_path):
    """Forgetting `--out` is common."""
    done = typed("status")
    assert done.exit_code == 2
    assert f"there is no ledger at {tmp_path / 'ledger.db'}" in done.stderr
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "ledger.db").touch()
    assert "(here is one: --out models)" in typed("status").stderr


def test_a_mistyped_folder_is_told_with_what_lies_beside_it(typed, tmp_path):
    """Of many, the latest few: whoever mistypes has just worked there."""
    for number in range(5):
        (tmp_path / f"models-{number}").mkdir()
        ledger = tmp_path / f"models-{number}" / "ledger.db"
        ledger.touch()
        os.utime(ledger, (number, number))
    told = typed("status", "--out", "model-3").stderr
    assert "(here are some: --out models-4, --out models-3, --out models-2)" in told


def test_a_missing_option_is_told_with_what_it_is_for(typed):
    """Not everybody reads the help first."""
    done = typed("run", "b.toml")
    assert done.exit_code == 2
    assert "Missing option '--out DIR': folder of the results and their ledger." in done.stderr


@pytest.mark.parametrize("account", [{}, {"AVATAR_TOKEN": "t"}])
def test_remedies_of_several_lines_fit_80_columns(typed, tmp_path, monkeypatch, account):
    """They are not folded: their columns and commands would be lost."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    lines = typed("run", "b.toml", "--out", "o").stderr.splitlines()
    assert len(lines) > 3
    assert all(len(line) <= 80 for line in lines)


def test_the_embedded_service_and_an_endpoint_exclude_each_other(typed, tmp_path):
    """Silently preferring one of them could pay, or not pay, by surprise."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    done = typed("run", "b.toml", "--out", "o", "--emulator", "--endpoint", "https://x")
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--faults", "query:429"], "needs --emulator"),
        (["--faults", "qwery:429", "--emulator"], "qwery"),
    ],
)
def test_faults_are_ordered_of_the_embedded_service_alone(typed, tmp_path, more, said):
    """Who thinks to try failures must not reach a service that costs money."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    done = typed("run", "b.toml", "--out", "o", *more)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("choice", [[], ["--resubmit", "--abandon"], ["--task-id", "3", "--resubmit"]])
def test_resolve_takes_exactly_one_decision(typed, choice):
    """A guess could pay twice."""
    done = typed("resolve", "a", *choice)
    assert done.exit_code == 2
    assert "exactly one" in done.stderr


def test_an_unreadable_profile_is_told_by_name(typed, tmp_path):
    """Nothing is sent with half of the settings."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    done = typed("run", "b.toml", "--out", "o", "--profile", "nowhere.toml")
    assert done.exit_code == 2
    assert "nowhere.toml" in done.stderr


def test_the_schema_is_json_and_accepts_the_sample(typed, tmp_path):
    """Editors complete and check with it."""
    import json
    import tomllib

    import jsonschema

    schema = json.loads(typed("schema").stdout)
    assert typed("schema", "--out", "s.json").exit_code == 0
    assert json.loads((tmp_path / "s.json").read_text()) == schema
    typed("init")
    jsonschema.validate(tomllib.loads((tmp_path / "batch.toml").read_text()), schema)


def test_init_and_the_example_are_the_same_and_name_only_demo_clips(typed, tmp_path):
    """The example in the repository must not go stale."""
    typed("init")
    text = (tmp_path / "batch.toml").read_text()
    assert text == (ROOT / "examples" / "batch.toml").read_text()
    assert "media.example" not in text
    assert "Replace the URLs by your own before you run this" not in text
    assert text.count("http://emulator.test/media/") == 5
    assert "run batch.toml --out models" in text


@pytest.mark.parametrize("command", [["init", "file/below"], ["schema", "--out", "nowhere/s.json"]])
def test_a_place_that_cannot_be_written_is_a_mistake_in_the_command(typed, tmp_path, command):
    """Exit code 2: nothing happened."""
    (tmp_path / "file").touch()
    done = typed(*command)
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
    assert command[-1].split("/")[0] in done.stderr


def test_a_profile_reaches_the_run_whole(tmp_path):
    """Deadlines stand in no option, only in the profile."""
    from avatar_async.cli import places
    from avatar_async.cli.given import Given

    (tmp_path / "p.toml").write_text("disk_reserve_bytes = 7\n[deadlines_s]\ntraining = 60\n")
    given = Given(
        place=places.place_of(tmp_path, None), profile=tmp_path / "p.toml", fetches=3, max_creates=5
    )
    options = given.run_options(given.settings())
    assert options.deadlines_s["training"] == 60
    assert (options.disk_reserve_bytes, options.fetches, options.max_creates) == (7, 3, 5)
    assert options.validation == "off"


@pytest.mark.parametrize(
    "command",
    [["demo", "--out", "o"], ["run", "b.toml", "--out", "o", "--emulator"], ["emulator", "--data", "o"]],
)
def test_without_the_extra_the_emulator_says_what_to_install_and_leaves_no_trace(
    typed, tmp_path, monkeypatch, command
):
    """A client of the real service needs no codecs, so a plain installation has none."""
    (tmp_path / "b.toml").write_text(JOB.format(url="https://x/a.png"))
    for name in [name for name in sys.modules if name.startswith("avatar_async.emulator")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "av", None)
    done = typed(*command)
    assert done.exit_code == 2
    assert "pip install 'avatar-async[emulator]'" in done.stderr
    assert not (tmp_path / "o").exists()
