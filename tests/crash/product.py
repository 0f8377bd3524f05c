"""The product under test: a batch in a folder of its own, and the processes that work on it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from tests.crash.service import Service

ROOT = Path(__file__).parents[2]
#: Seconds that no command may take.
LIMIT_S = 60.0
KINDS = ("training", "rebuild", "image_preview", "video_preview", "takeover")
_PROFILE = """
connect_timeout_s = 5
read_timeout_s = {timeout_s}
total_timeout_s = {timeout_s}
max_in_flight = {max_in_flight}
poll_rate = 100
token_spacing_s = 0
disk_reserve_bytes = 0
"""
_NO_LIST = '[query_dialect]\nmethod = "POST"\n'


class Process(Protocol):
    """A started command."""

    pid: int

    def wait(self, timeout: float) -> int:
        """Return the exit code, negative for the signal that ended it; raises TimeoutExpired."""
        ...


class Forked:
    """A command that a `Starter` forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = threading.Event()
        self._code = 0

    def end(self, code: int) -> None:
        """Note how it ended."""
        self._code = code
        self._ended.set()

    def wait(self, timeout: float) -> int:
        """Return the exit code, negative for the signal that ended it."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self._code


class Starter:
    """Start commands quickly; see `starter.py`.

    Args:
        changed: What its environment has beside that of this process, such as a library to preload.
    """

    def __init__(self, changed: Mapping[str, str] | None = None) -> None:
        self._program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("starter.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(changed or {})},
            start_new_session=True,
        )
        self._asking = threading.Lock()
        self._changed = threading.Condition()
        self._started: list[Forked] = []
        self._running: dict[int, Forked] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._program.stdin is not None
        self._program.stdin.close()
        self._program.wait(LIMIT_S)
        assert self._program.stdout is not None
        self._program.stdout.close()

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, output: Path) -> Forked:
        """Start a command; its output is added to a file."""
        request = {"argv": list(argv), "env": dict(env), "cwd": str(cwd), "output": str(output)}
        assert self._program.stdin is not None
        with self._asking:
            self._program.stdin.write(json.dumps(request).encode() + b"\n")
            self._program.stdin.flush()
            with self._changed:
                assert self._changed.wait_for(lambda: self._started, LIMIT_S), "the starter is gone"
                return self._started.pop()

    def _listen(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            said = json.loads(line)
            with self._changed:
                if "started" in said:
                    process = self._running[said["started"]] = Forked(said["started"])
                    self._started.append(process)
                    self._changed.notify_all()
                else:
                    self._running.pop(said["ended"]).end(said["status"])


class Product:
    """One batch: its manifest, its settings, its output folder.

    Args:
        folder: An empty folder.
        service: Whom it talks to.
        starter: Starts its commands; None starts `python -m avatar_async` itself, slower.
        jobs: How many jobs, of all kinds in turn, some of which need others.
        prefix: Of the jobs' names, unique at that service.
        timeout_s: Seconds that a call may take.
    """

    def __init__(
        self,
        folder: Path,
        service: Service,
        starter: Starter | None,
        *,
        jobs: int = 6,
        prefix: str = "job",
        max_in_flight: int = 8,
        timeout_s: float = 10.0,
    ) -> None:
        self.folder, self.service = folder, service
        self.out, self.output = folder / "out", folder / "output.txt"
        self.manifest, self._starter = folder / "batch.json", starter
        entries = [entry(f"{prefix}-{number}", number) for number in range(jobs)]
        self.names = [str(made["name"]) for made in entries]
        self.manifest.write_text(json.dumps({"jobs": entries}))
        profile = _PROFILE.format(timeout_s=timeout_s, max_in_flight=max_in_flight)
        profile += f'token_cache_dir = "{folder / "tokens"}"\n'
        (folder / "avatar.toml").write_text(profile + ("" if service.lists else _NO_LIST))
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AVATAR_", "XDG_"))}
        self.environ = ours | {
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(folder),
            "AVATAR_ENDPOINT": service.origin,
            "AVATAR_APP_ID": service.app_id,
            "AVATAR_APP_KEY": service.app_key,
            "AVATAR_PROFILE": str(folder / "avatar.toml"),
        }

    def start(self, *argv: str, output: Path | None = None, **changed: str) -> Process:
        """Start a command.

        Args:
            argv: Its words.
            output: Where what it says is added; the file of all commands if not given.
            changed: What is different in its environment.
        """
        env, path = self.environ | changed, output or self.output
        if path == self.output:
            with path.open("a") as stream:
                stream.write(f"\n$ {' '.join(argv)}\n")
        if self._starter is not None:
            return self._starter.start(argv, env, self.folder, path)
        command = [sys.executable, "-m", "avatar_async", *argv]
        with path.open("a") as stream:
            return subprocess.Popen(
                command, cwd=self.folder, env=env, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
            )

    def run(self, *options: str, output: Path | None = None, **changed: str) -> Process:
        """Start the run, or go on with it."""
        words = ("run", str(self.manifest), "--out", str(self.out), "--quiet", "--no-preflight", *options)
        return self.start(*words, output=output, **changed)

    def resolve(self, name: str, *choice: str) -> int:
        """Settle a job in doubt as a person would; returns the exit code."""
        return self.start("resolve", name, "--out", str(self.out), *choice).wait(LIMIT_S)

    def kill(self, process: Process, number: int = signal.SIGKILL) -> int:
        """Send a signal to a process, and return its exit code once it has ended."""
        os.kill(process.pid, number)
        return process.wait(LIMIT_S)

    def said(self, last: int = 2000) -> str:
        """Return the end of what the commands wrote."""
        return self.output.read_text()[-last:] if self.output.exists() else ""

    def status(self) -> dict[str, Any]:
        """Return what `status --json` tells."""
        output = self.folder / f"status-{time.monotonic_ns()}.json"
        code = self.start("status", "--out", str(self.out), "--json", output=output).wait(LIMIT_S)
        text = output.read_text()
        output.unlink()
        assert code in (0, 1), text
        shown: dict[str, Any] = json.loads(text)
        return shown


def entry(name: str, number: int) -> dict[str, Any]:
    """Return a job of a manifest; the kinds take turns, a tenth of the jobs need their neighbour's model."""
    kind = KINDS[number % len(KINDS)]
    video = f"https://media.example/{name}.mp4?signature=secret-of-{name}"
    job: dict[str, Any] = {"name": name, "kind": kind}
    if kind == "takeover":
        needs = {"needs": [name.replace(f"-{number}", f"-{number - 4}")]} if number % 10 == 4 else {}
        scene = {"digital_role": {"id": 4051}, "tts_query": {"content": f"Welcome, {name}", "ssml": False}}
        return job | needs | {"request": {"videoName": name, "param": scene}}
    job["material_name"] = name
    if kind == "training":
        return job | {"video_url": video, "personal": {"segment_style": 1}}
    if kind == "rebuild":
        model: Any = f"https://media.example/{name}.zip"
        if number % 10 == 1:
            model = {"ref": name.replace(f"-{number}", f"-{number - 1}"), "role": "model", "index": 0}
        return job | {"video_url": video, "model_url": model, "segment_style": 1}
    return job | {"url": video.replace(".mp4", ".png") if kind == "image_preview" else video}
