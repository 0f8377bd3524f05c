"""A full run of all kinds against a service that repeats secrets, and a search of every byte it leaves."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attrs import Factory, define

from tests.security.secrets_kept import (
    ACCESS,
    APP_ID,
    APP_KEY,
    FIXED,
    LOGIN,
    NOWHERE,
    PROXY_PASSWORD,
    REFRESH,
    SIGNATURES,
    SOURCE_SIGNATURE,
    TOKENS,
    files_below,
    leaks,
)
from tests.security.telltale import telltale_service

_LIMIT_S = 60
_SOURCE = f"https://user:{LOGIN}@bucket.example/a.mp4?Expires=9&Signature={SOURCE_SIGNATURE}#frag"
#: What the user wrote.
_MINE = {"batch.json", "wrong.json", "crash.json", "avatar.toml"}
_KINDS = ("training", "rebuild", "image_preview", "video_preview", "takeover")


@define
class Scene:
    """Everything a user did, and where the program put what."""

    folder: Path
    origin: str
    creates: dict[str, int] = Factory(dict)
    outputs: dict[str, bytes] = Factory(dict)
    codes: dict[str, int] = Factory(dict)

    @property
    def out(self) -> Path:
        """The output folder."""
        return self.folder / "models"

    def environ(self, **changed):
        """Return the environment of a careful debugger: everything that talks, talks."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AVATAR_", "XDG_"))}
        return kept | {
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(self.folder / "home"),
            "AVATAR_ENDPOINT": self.origin,
            "AVATAR_PROFILE": str(self.folder / "avatar.toml"),
            "AVATAR_APP_ID": APP_ID,
            "AVATAR_APP_KEY": APP_KEY,
            "PYTHONASYNCIODEBUG": "1",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONUTF8": "1",
            **changed,
        }

    def command(self, *args):
        """Return a command line with tracebacks shown."""
        return [sys.executable, "-X", "dev", "-W", "ignore", "-m", "avatar_async", "--debug", *map(str, args)]

    def run(self, label, *args, **changed):
        """Run a command and keep what it printed."""
        done = subprocess.run(
            self.command(*args),
            cwd=self.folder,
            env=self.environ(**changed),
            capture_output=True,
            check=False,
            timeout=_LIMIT_S,
        )
        self.outputs |= {f"{label}, stdout": done.stdout, f"{label}, stderr": done.stderr}
        self.codes[label] = done.returncode
        return done

    def crash(self, label, *args, when):
        """Run a command and abort it, its stacks dumped, as soon as something is so."""
        with subprocess.Popen(
            self.command(*args),
            cwd=self.folder,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            until = time.monotonic() + _LIMIT_S
            while not when() and time.monotonic() < until:
                time.sleep(0.02)
            process.send_signal(signal.SIGABRT)
            out, err = process.communicate(timeout=_LIMIT_S)
        self.outputs |= {f"{label}, stdout": out, f"{label}, stderr": err}
        self.codes[label] = process.returncode


def manifest(path, *names):
    """Write a batch: one job of each kind, and trainings with the names given."""
    jobs = [_job(kind, kind) for kind in _KINDS] + [_job(name, "training") for name in names]
    path.write_text(json.dumps({"jobs": jobs}))
    return path


def _job(name, kind):
    job = {"name": name, "kind": kind, "material_name": name}
    source = f"{_SOURCE}&n={name}".replace("a.mp4", f"{name}.mp4")
    match kind:
        case "training":
            personal = {"segment_style": 0}
            return job | {"video_url": source, "personal": personal, "persistent": {"video_crf_quality": 20}}
        case "rebuild":
            return job | {"video_url": source, "model_url": source, "segment_style": 0}
        case "takeover":
            param = {"version": "0.0.13", "digital_role": {"id": 4051}, "extra": {"bgm": source}}
            return {"name": name, "kind": kind, "video_name": name, "param": param}
        case _:
            return job | {"url": source}


def _played(folder: Path) -> Scene:
    """Do everything once."""
    (folder / "home").mkdir()
    (folder / "avatar.toml").write_text(
        f'token_spacing_s = 0.0\npoll_rate = 50\nproxy = "http://me:{PROXY_PASSWORD}@127.0.0.1:9"\n'
        "[query_dialect]\nbatch = 100\n"
    )
    with telltale_service() as service:
        seen = Scene(folder, service.origin)
        batch = manifest(
            folder / "batch.json", "failing", "tires", "rejected", "raw-500", "envelope-500", "reset"
        )
        to = ("--out", seen.out)
        seen.run("run --json", "run", batch, *to, "--json", "--log-file", folder / "a.log")
        seen.creates = dict(service.creates)
        seen.run("status", "status", *to)
        seen.run("status --json", "status", *to, "--json")
        seen.run("resolve", "resolve", "raw-500", "--resubmit", *to)
        seen.run("retry", "retry", "failing", "rejected", *to)
        seen.run("abandon", "abandon", "reset", *to)
        seen.run("run again", "run", batch, *to, "--log-file", folder / "a.log")
        seen.run("run --quiet", "run", batch, *to, "--quiet")
        seen.run("fetch", "fetch", "7000", "--out", folder / "fetched", "--until", "2s")
        seen.run("fetch nothing", "fetch", "123456", "--out", folder / "fetched", "--until", "2s")
        seen.run("no token", "run", batch, "--out", folder / "none", "--until", "2s", AVATAR_APP_ID="another")
        seen.run("dry run", "run", batch, "--out", folder / "dry", "--dry-run")
        wrong = folder / "wrong.json"
        wrong.write_text(
            json.dumps({"jobs": [_job("a", "training") | {"video_ulr": _SOURCE, "kind": _SOURCE}]})
        )
        seen.run("wrong manifest", "run", wrong, *to)
        wrong.write_text('{"jobs": [{"name": "' + _SOURCE + '", "kind": "training", "crf": "' + _SOURCE)
        seen.run("torn manifest", "run", wrong, *to)
        seen.run(
            "wrong endpoint", "run", batch, *to, AVATAR_ENDPOINT=f"http://u:{LOGIN}@127.0.0.1/?k={FIXED}"
        )
        seen.run("wrong key", "run", batch, *to, AVATAR_APP_KEY=f"{APP_KEY} {APP_KEY}")
        seen.run("fixed token", "run", batch, "--out", folder / "fixed", "--until", "2s", AVATAR_TOKEN=FIXED)
        crashing = manifest(folder / "crash.json", "endless")
        seen.crash(
            "crash",
            *("run", crashing, "--out", folder / "crashed", "--log-file", folder / "b.log"),
            when=lambda: any(
                service.polled[number] > 2 for number, task in service.tasks.items() if task[0] == "endless"
            ),
        )
    return seen


def _the_run_went_through_what_it_is_about(scene: Scene) -> None:
    """A search proves nothing if the troubles never came up."""
    states = {job["name"]: job["state"] for job in json.loads(scene.outputs["status --json, stdout"])["jobs"]}
    assert {states[kind] for kind in _KINDS} == {"stored"}
    assert states["failing"] == "failed"
    assert states["rejected"] == "rejected"
    assert {states["raw-500"], states["envelope-500"], states["reset"]} == {"in_doubt"}
    assert scene.creates["tires"] == 2
    assert scene.codes["crash"] == -signal.SIGABRT
    assert b"Fatal Python error" in scene.outputs["crash, stderr"]
    assert (scene.folder / "crashed" / "ledger.db-wal").stat().st_size > 0
    for label in ("wrong manifest", "torn manifest", "wrong endpoint", "wrong key"):
        assert scene.codes[label] == 2, scene.outputs[f"{label}, stderr"]


def _nothing_printed_holds_a_secret(scene: Scene) -> None:
    """People paste it into tickets."""
    found = {label: leaks(out, (*NOWHERE, *TOKENS, *SIGNATURES)) for label, out in scene.outputs.items()}
    assert {label: found for label, found in found.items() if found} == {}


def _no_file_holds_a_key_or_a_token_but_the_token_file(scene: Scene) -> None:
    """Ledger, receipts, logs, files and their names: tokens are in the shared token file alone."""
    found = {}
    for file in files_below(scene.folder):
        if file.name in _MINE or (file.name.startswith("token-") and file.suffix == ".json"):
            continue
        # A login in an address is of the address, and full addresses stand in the ledger.
        secrets = set(NOWHERE) - ({LOGIN} if file.name.startswith("ledger.db") else set())
        name = str(file.relative_to(scene.folder)).encode()
        if there := leaks(file.read_bytes() + b"\n" + name, (*secrets, *TOKENS)):
            found[file.name] = there
    assert found == {}


def _signed_queries_are_in_the_ledger_alone(scene: Scene) -> None:
    """They open the files to whoever holds them."""
    found = {
        str(file): leak
        for file in files_below(scene.folder)
        if file.name not in _MINE
        and not file.name.startswith("ledger.db")
        and (leak := leaks(file.read_bytes(), SIGNATURES))
    }
    assert found == {}
    with sqlite3.connect(scene.out / "ledger.db") as ledger:
        assert SOURCE_SIGNATURE in "".join(ledger.iterdump())


def _the_token_file_is_the_owners_alone_and_holds_no_key(scene: Scene) -> None:
    """It is the one place where tokens lie."""
    files = [file for file in files_below(scene.folder / "home") if file.suffix == ".json"]
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    content = files[0].read_bytes()
    assert leaks(content, (ACCESS[1],))
    assert leaks(content, (REFRESH[1],))
    assert leaks(content, NOWHERE) == []


def _the_words_around_a_secret_are_kept(scene: Scene) -> None:
    """What the service says is what helps; only the secret is taken out of it."""
    jobs = {job["name"]: job for job in json.loads(scene.outputs["status --json, stdout"])["jobs"]}
    assert jobs["failing"]["error"]["message"].startswith("no: ***")
    assert jobs["rejected"]["error"]["message"].startswith("wrong: ***")


@pytest.mark.timeout(300)
def test_a_full_run_leaves_no_secret_where_none_belongs(tmp_path):
    """Whatever is printed, logged or stored, also of faults and a crash, is searched byte by byte."""
    scene = _played(tmp_path)
    _the_run_went_through_what_it_is_about(scene)
    _nothing_printed_holds_a_secret(scene)
    _no_file_holds_a_key_or_a_token_but_the_token_file(scene)
    _signed_queries_are_in_the_ledger_alone(scene)
    _the_token_file_is_the_owners_alone_and_holds_no_key(scene)
    _the_words_around_a_secret_are_kept(scene)
