"""A line of limited speed between two ends of this machine: small segments that arrive spread over time."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from attrs import frozen

_SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
#: What the names of the namespaces begin with; the number of the process follows.
_PREFIX = "bench"
#: What may pass at once: a few segments, as on a real line.
_BURST_BYTES = 64_000


@frozen(kw_only=True)
class Line:
    """The far end.

    Attributes:
        address: Its IP address.
        within: Words to put before the command of a server that shall run there.
    """

    address: str
    within: Sequence[str]


@contextmanager
def line(mbit_s: int) -> Iterator[Line | None]:
    """Make a network namespace at the end of a line that `tbf` slows down; None where that is not allowed.

    Segments leave it two by two (hardly any segmentation offload), as a network card that merges little
    receives them.

    Args:
        mbit_s: Megabits a second towards this end.
    """
    _clear()
    name = f"{_PREFIX}{os.getpid()}"
    near, far = f"bn{os.getpid()}", f"bf{os.getpid()}"
    net = f"10.199.{os.getpid() % 256}"
    within = ("ip", "netns", "exec", name)
    shape = ("tbf", "rate", f"{mbit_s}mbit", "burst", str(_BURST_BYTES), "latency", "50ms")
    steps = (
        ("ip", "link", "add", near, "type", "veth", "peer", "name", far),
        ("ip", "link", "set", far, "netns", name),
        ("ip", "addr", "add", f"{net}.1/30", "dev", near),
        ("ip", "link", "set", near, "up"),
        (*within, "ip", "addr", "add", f"{net}.2/30", "dev", far),
        (*within, "ip", "link", "set", "dev", far, "gso_max_segs", "2"),
        (*within, "ip", "link", "set", far, "up"),
        (*within, "tc", "qdisc", "add", "dev", far, "root", *shape),
    )
    made = os.geteuid() == 0 and _done("ip", "netns", "add", name)
    try:
        ready = made and all(_done(*step) for step in steps)
        yield Line(address=f"{net}.2", within=_absolute(within)) if ready else None
    finally:
        if made:
            _done("ip", "link", "del", near)
            _done("ip", "netns", "del", name)


def _clear() -> None:
    """Remove the namespaces of benches that were killed, with their servers and ends of the lines."""
    for name in abandoned(_output("ip", "netns", "list") or "", _alive):
        for pid in (_output("ip", "netns", "pids", name) or "").split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)
        _done("ip", "netns", "del", name)


def abandoned(listing: str, alive: Callable[[int], bool]) -> list[str]:
    """Return the namespaces of benches whose process is gone.

    Args:
        listing: What `ip netns list` shows.
        alive: Tells whether a process runs.
    """
    names = (entry.split()[0] for entry in listing.splitlines() if entry.strip())
    numbers = {name: name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)}
    return [name for name, number in numbers.items() if number.isdecimal() and not alive(int(number))]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _absolute(command: Sequence[str]) -> tuple[str, ...]:
    return (shutil.which(command[0], path=_SBIN) or command[0], *command[1:])


def _done(*command: str) -> bool:
    return _output(*command) is not None


def _output(*command: str) -> str | None:
    """Return what a command prints, None if it fails."""
    try:
        done = subprocess.run(_absolute(command), capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
