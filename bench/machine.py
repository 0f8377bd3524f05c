"""What the figures were taken on: told in general terms, never by host name."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("avatar-async", "aiohttp", "aiofiles", "aiosqlite", "httpx", "anyio")
_PROGRAMS = {
    "curl": ("--version",),
    "wget": ("--version",),
    "aria2c": ("--version",),
    "nginx": ("-v",),
    "wrk": ("-v",),
}


def facts() -> dict[str, str]:
    """Return the machine and the versions of all that takes part."""
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: _package(name) for name in _PACKAGES},
        **{name: _program(name, *arguments) for name, arguments in _PROGRAMS.items()},
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else "unknown"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _program(name: str, *arguments: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        return "absent"
    told = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=10)
    found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
    return found[0] if found else "unknown"
