"""Start the command line by forking a process that has everything imported already.

Reads one JSON request a line (`argv`, `env`, `cwd`, `output`), forks, and writes one JSON line with the new
pid; another one with pid and wait status when it has ended. A start costs a few milliseconds, not half a
second, so that hundreds of kills fit into a test. Every child is a process of its own like any other.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

from avatar_async import __main__ as program

#: What only a run that talks to a service imports.
_MODULES = (
    "aiohttp",
    "anyio._core._fileio",
    "avatar_async.cli.service",
    "avatar_async.cli.session",
    "avatar_async.cli.settle",
    "avatar_async.client",
    "avatar_async.orchestrator",
    "filelock",
)


#: What a child hears of only once it is what it was asked to be.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Requests:
    """The pipe to the test."""

    def __init__(self) -> None:
        self._incoming = os.dup(0)
        self._outgoing = os.dup(1)
        self._noticed, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._descriptors = (self._incoming, self._outgoing, self._noticed, waker)
        self._children: set[int] = set()

    def serve(self) -> dict[str, Any]:
        """Fork for each request; returns in the children only, with what to do."""
        pending = b""
        while True:
            readable, _, _ = select.select([self._incoming, self._noticed], [], [])
            if self._noticed in readable:
                os.read(self._noticed, 4096)
                self._reap()
            if self._incoming not in readable:
                continue
            chunk = os.read(self._incoming, 1 << 16)
            if not chunk:
                self._end()
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                request: dict[str, Any] = json.loads(line)
                signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
                pid = os.fork()
                if not pid:
                    self._leave()
                    return request
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
                self._children.add(pid)
                self._say({"started": pid})

    def _reap(self) -> None:
        for pid in tuple(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                self._say({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def _say(self, what: dict[str, int]) -> None:
        os.write(self._outgoing, json.dumps(what).encode() + b"\n")

    def _end(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    def _leave(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, *_ENDING):
            signal.signal(number, signal.SIG_DFL)  # whatever the shell of the tests ignores
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for descriptor in self._descriptors:
            os.close(descriptor)


def become(request: dict[str, Any]) -> None:
    """Take the environment, the folder and the streams of the request."""
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def warm_up() -> None:
    """Import what a run needs, also what the parser of the command line imports late."""
    for module in _MODULES:
        importlib.import_module(module)
    absent = "/nonexistent/batch.json"
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):  # noqa: PTH123
        for argv in (["run", absent, "--out", absent], ["status", "--out", absent]):
            sys.argv = [program.__file__, *argv]
            with suppress(SystemExit):
                program.main()
    gc.freeze()


if __name__ == "__main__":
    warm_up()
    wanted = Requests().serve()
    become(wanted)
    sys.argv = [program.__file__, *wanted["argv"]]
    program.main()
