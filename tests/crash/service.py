"""The witness server as the tests see it: a process that counts, and strikes where it is told to."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

from attrs import frozen

_LIMIT_S = 60


@frozen(kw_only=True)
class Truth:
    """What the server saw.

    Attributes:
        journal: By the name of the job: instants (seconds since 1970) and words, in order.
        tasks: By task id: name, kind, and the SHA-256 of each file.
        served: How often each file was sent whole.
        counts: Of calls.
        faults: Faults injected, by kind.
    """

    journal: dict[str, list[tuple[float, str]]]
    tasks: dict[str, dict[str, Any]]
    served: dict[str, int]
    counts: dict[str, int]
    faults: dict[str, int]

    def tasks_of(self, name: str) -> list[int]:
        """Return the ids of the tasks that were made for a job."""
        return [int(task_id) for task_id, task in self.tasks.items() if task["name"] == name]

    def words(self, name: str) -> list[str]:
        """Return what happened to a job's create calls, in order."""
        return [word for _, word in self.journal.get(name, [])]


class Service:
    """A running server, as a context manager; `options` as in `server.py`."""

    app_id, app_key = "app-crash", "key-of-app-crash"

    def __init__(self, **options: Any) -> None:
        self.lists = bool(options.get("lists", True))
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("server.py")), json.dumps(options)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.origin = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.wait(_LIMIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def truth(self) -> Truth:
        """Return all that the server saw so far."""
        return Truth(**self._ask("truth"))

    def drain(self) -> None:
        """Wait until what dead clients had sent is dealt with: the truth is then final."""
        left = self._ask("drain")
        assert not left, f"{left} connections stay open"

    def arm(self, moment: str, nth: int = 1, number: int = signal.SIGKILL, hold_s: float = 0.0) -> None:
        """Order a signal for the client at a moment of its nth such call from now.

        Args:
            moment: Call and step, as in `create/arrived`.
            nth: Which such call.
            number: The signal.
            hold_s: How long the server goes no further with that call afterwards, in seconds.
        """
        self._ask("arm", moment=moment, nth=nth, signal=number, hold_s=hold_s)

    def disarm(self) -> None:
        """Take the order back."""
        self.arm("none", 0)

    def tell_pid(self, pid: int) -> None:
        """Name the process to strike."""
        self._ask("pid", pid=pid)

    def struck(self) -> bool:
        """Tell whether the moment came."""
        return bool(self._ask("struck"))

    def wait_until_struck(self) -> None:
        """Wait for the moment."""
        ends = time.monotonic() + _LIMIT_S
        while not self.struck():
            assert time.monotonic() < ends, "the moment never came"
            time.sleep(0.005)

    def note_order(self, name: str) -> None:
        """Write into the journal that a person orders a job to be sent again."""
        self._ask("note", name=name, word="ordered")

    def _ask(self, what: str, **given: Any) -> Any:
        data = json.dumps(given).encode() if given else None
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.origin}/private/{what}", data), timeout=_LIMIT_S
        ) as reply:
            return json.load(reply)
