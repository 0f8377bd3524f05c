"""The independent service as a counting witness that can strike its client at chosen moments.

Run as ``python -I server.py OPTIONS``, OPTIONS being a JSON object (see `Options`); prints its port. It
shares no code with the package. What is sent to a moment of a call (``create/arrived``, ``query/replied``,
``file/middle``...) by ``/private/arm`` is a signal for the process whose id ``/private/pid`` tells.
"""

import contextlib
import hashlib
import importlib.util
import json
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def _load(path: Path) -> Any:
    """Import a file by its path: nothing else of this project can be imported here."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


independent: Any = _load(_HERE.parent / "integration" / "service" / "independent.py")
lengths: Any = _load(_HERE / "lengths.py")
strikes: Any = _load(_HERE / "strikes.py")

LISTED = f"{independent.MATERIAL}task/list"
QUERIED = f"{independent.MATERIAL}task/query"
#: Seconds that connections of dead clients may take to close.
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Options:
    """How the service behaves.

    Attributes:
        app_id: The account.
        app_key: Its key.
        takes_s: Shortest and longest duration of a task, in seconds.
        reply_s: Longest delay of a create's reply, in seconds.
        file_s: Longest pause in the middle of a file, in seconds.
        longer: By how many bytes files are longer than the shortest, in turns; see `lengths.py`.
        lists: Whether the list call is offered.
        seed: Of durations, delays and faults.
        faults: Chance of each fault; see `Handler`.
    """

    app_id: str = "app-crash"
    app_key: str = "key-of-app-crash"
    takes_s: tuple[float, float] = (0.0, 0.3)
    reply_s: float = 0.0
    file_s: float = 0.0
    longer: tuple[int, ...] = (0,)
    lists: bool = True
    seed: int = 0
    faults: dict[str, float] = field(default_factory=dict)


class Witness(ThreadingHTTPServer):
    """The server, its account, and what it saw of every job."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self, options: Options) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.options = options
        self.account = independent.Account(options.app_id, options.app_key)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.chance = random.Random(options.seed)
        self.strike = strikes.Strike()
        self.lock = threading.Condition()
        #: By the name of the job: instants and words, in order.
        self.journal: dict[str, list[tuple[float, str]]] = {}
        #: By their names, the files that were sent whole.
        self.served: dict[str, int] = {}
        self.connections: dict[int, str] = {}
        self.faults: dict[str, int] = {}

    def note(self, name: str, word: str) -> None:
        """Write down what happened to a job's create call."""
        with self.lock:
            self.journal.setdefault(name, []).append((time.time(), word))

    def draw(self, call: str) -> str:
        """Return the fault of this call, empty for none."""
        with self.lock:
            drawn = self.chance.random()
            for fault, share in self.options.faults.items():
                if fault.startswith(f"{call}/"):
                    if drawn < share:
                        self.faults[fault] = self.faults.get(fault, 0) + 1
                        return fault.partition("/")[2]
                    drawn -= share
        return ""

    def pause(self, longest_s: float) -> None:
        """Wait for a while that chance decides."""
        if longest_s:
            with self.lock:
                pause_s = self.chance.uniform(0, longest_s)
            time.sleep(pause_s)

    def drain(self, own: int) -> int:
        """Wait until every other connection is closed, and return how many are not."""
        with self.lock:
            self.lock.wait_for(lambda: not (self.connections.keys() - {own}), _PATIENCE_S)
            return len(self.connections) - 1

    def truth(self) -> dict[str, Any]:
        """Return all that was seen."""
        with self.account.lock:
            tasks = dict(self.account.tasks)
            counts = dict(self.account.counts)
        with self.lock:
            return {
                "journal": self.journal,
                "served": self.served,
                "faults": self.faults,
                "counts": counts,
                "tasks": {
                    str(task_id): {
                        "name": task.name,
                        "kind": task.kind,
                        "files": {
                            name: hashlib.sha256(body).hexdigest() for name, body in task.files.items()
                        },
                    }
                    for task_id, task in tasks.items()
                },
            }


class Handler(independent.Handler):  # type: ignore[misc]
    """One connection; moments, faults and journal around the independent service's own answers.

    Faults: ``create/lost`` (the task is made, the connection breaks before the reply), ``create/half`` (in
    the middle of it), ``create/500`` (made, but answered as an error), ``create/drop`` (nothing is made, no
    reply), ``create/busy`` (429, nothing is made), ``query/drop``, ``query/500``, ``file/cut``, ``file/500``.
    """

    server: Witness

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections[id(self)] = str(self.client_address)

    def finish(self) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                super().finish()
        finally:
            with self.server.lock:
                del self.server.connections[id(self)]
                self.server.lock.notify_all()

    def handle(self) -> None:
        """Serve the connection; a client that was killed is no news."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    # ------------------------------------------------------------ calls
    def do_POST(self) -> None:  # noqa: N802 - the base class names it so
        """Answer a call of the protocol or an order of the test."""
        if self.path.startswith("/private/"):
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._order(self.path.removeprefix("/private/"), json.loads(raw))
            return
        call = self._call()
        self.server.strike.moment(f"{call}/headers")
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if call == "create":
            self._create(raw)
        else:
            self._other(call, raw)

    def _call(self) -> str:
        if self.path in independent.CREATES:
            return "create"
        return {QUERIED: "query", LISTED: "list"}.get(self.path, "token")

    def _create(self, raw: bytes) -> None:
        server = self.server
        body = json.loads(raw)
        name = str(body.get(independent.CREATES[self.path][1]))
        server.note(name, "arrived")
        server.strike.moment("create/arrived")
        fault = server.draw("create")
        if fault == "drop":
            self._break_off()
            return
        if fault == "busy":
            server.note(name, "refused")
            self._reply(429, {"code": 4290, "message": "busy"}, "create", {"Retry-After": "0"})
            return
        status, envelope, made = self._judge(raw)
        server.note(name, "made" if made else "refused")
        server.pause(server.options.reply_s)
        server.strike.moment("create/handled")
        if fault == "lost":
            self._break_off()
        elif fault == "500":
            self._reply(500, {"code": 9001, "message": "internal"}, "create")
        else:
            self._reply(status, envelope, "create", broken=fault == "half")
            if fault != "half":
                server.note(name, "replied")

    def _other(self, call: str, raw: bytes) -> None:
        server = self.server
        server.strike.moment(f"{call}/arrived")
        fault = server.draw(call)
        if fault == "drop":
            self._break_off()
        elif fault == "500":
            self._reply(500, {"code": 9001, "message": "internal"}, call)
        elif call == "list" and not server.options.lists:
            self._reply(404, {"code": 404, "message": "no such call"}, call)
        else:
            status, envelope, _ = self._judge(raw)
            server.strike.moment(f"{call}/handled")
            self._reply(status, envelope, call)

    def _judge(self, raw: bytes) -> tuple[int, dict[str, Any], bool]:
        account = self.server.account
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with account.lock:
            before = set(account.tasks)
            try:
                data = self._answer(bearer, raw)
            except independent.CallRefusedError as refused:
                return refused.status, {"code": refused.code, "message": str(refused)}, False
            for task_id in account.tasks.keys() - before:
                options, task = self.server.options, account.tasks[task_id]
                task.files = lengths.grown(task.files, options.longer, len(account.tasks))
                with self.server.lock:
                    task.takes_s = self.server.chance.uniform(*options.takes_s)
            return 200, {"code": 0, "message": "success", "data": data}, True

    def _reply(
        self,
        status: int,
        envelope: dict[str, Any],
        call: str,
        headers: dict[str, str] | None = None,
        *,
        broken: bool = False,
    ) -> None:
        body = json.dumps(envelope).encode()
        self._head(status, len(body), "application/json;charset=UTF-8", headers or {})
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.server.strike.moment(f"{call}/half")
        if broken:
            self._break_off()
            return
        self.wfile.write(body[len(body) // 2 :])
        self.wfile.flush()
        self.server.strike.moment(f"{call}/replied")

    def _head(self, status: int, length: int, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _break_off(self) -> None:
        self.close_connection = True

    # ------------------------------------------------------------ files
    def _send(self, status: int, body: bytes, content_type: str) -> None:
        """Send a file piece by piece, a moment between every two."""
        server, fault = self.server, self.server.draw("file")
        if fault == "500":
            self._head(500, 0, "text/plain", {})
            return
        self._head(status, len(body), content_type, {})
        middle = len(body) // 2
        pieces = (("first", 0, 1), ("middle", 1, middle), ("last", middle, len(body) - 1))
        for moment, begin, end in pieces:
            self.wfile.write(body[begin:end])
            self.wfile.flush()
            server.strike.moment(f"file/{moment}")
            if moment == "middle":
                if fault == "cut":
                    self._break_off()
                    return
                server.pause(server.options.file_s)
        self.wfile.write(body[-1:])
        self.wfile.flush()
        with server.lock:
            key = self.path.partition("?")[0]
            server.served[key] = server.served.get(key, 0) + 1
        server.strike.moment("file/sent")

    # ------------------------------------------------------------ the test's own paths
    def do_GET(self) -> None:  # noqa: N802 - the base class names it so
        """Offer files, and what was seen."""
        if not self.path.startswith("/private/"):
            self._send_file()
        elif self.path == "/private/drain":
            self._private(self.server.drain(id(self)))
        elif self.path == "/private/struck":
            self._private(self.server.strike.struck)
        else:
            self._private(self.server.truth())

    def _order(self, order: str, given: dict[str, Any]) -> None:
        if order == "arm":
            self.server.strike.arm(given["moment"], given["nth"], given["signal"], given["hold_s"])
        elif order == "pid":
            self.server.strike.tell(given["pid"])
        else:
            self.server.note(given["name"], given["word"])
        self._private(None)

    def _private(self, value: object) -> None:
        body = json.dumps(value).encode()
        self._head(200, len(body), "application/json", {"Connection": "close"})
        self.wfile.write(body)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    witness = Witness(Options(**given | {"takes_s": tuple(given.get("takes_s", (0.0, 0.3)))}))
    print(witness.server_port, flush=True)
    witness.serve_forever()
