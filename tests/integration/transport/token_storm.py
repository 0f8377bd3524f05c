"""Kill processes while they write the shared token file, and look at what is left.

Started as `python token_storm.py FOLDER KILLS`; prints, as JSON, what the kills left behind.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from avatar_async._transport.tokenfile import HeldToken, TokenFile

_SECONDS = 10.0


def shared(folder: Path) -> TokenFile:
    """Return the file every process of the account uses."""
    return TokenFile(folder, endpoint="https://service.example", app_id="app-1", app_key="k3y")


def held(number: int) -> HeldToken:
    """Return a long token, so that writing it takes a while."""
    now = datetime.now(UTC)
    late = now + timedelta(hours=8)
    access = f"{number}-" + "a" * 4000
    return HeldToken(
        access_token=access, refresh_token=access, granted_at=now, renew_at=late, expires_at=late
    )


async def write_for_ever(folder: Path, ready: int) -> None:
    """Write one token after the other; tell through the pipe when the first is written."""
    number = 0
    while True:
        async with shared(folder).locked() as file:
            await file.write(held(number))
        if number == 0:
            os.write(ready, b"!")
        number += 1


async def read(folder: Path) -> HeldToken | None:
    """Return the token in the file, at once: nobody alive holds its lock."""
    with anyio.fail_after(_SECONDS):
        async with shared(folder).locked() as file:
            return await file.read()


def look(folder: Path) -> str:
    """Return whether the file can be read whole."""
    token = anyio.run(read, folder)
    if token is None:
        return "absent" if not list(folder.glob("*.json")) else "broken"
    return "whole" if token.access_token == token.refresh_token else "mixed"


def storm(folder: Path, kills: int) -> dict[str, int]:
    """Kill that many writers at random moments; return what was found after each."""
    chance = random.Random(7)
    found: dict[str, int] = {}
    for _ in range(kills):
        told, ready = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                anyio.run(write_for_ever, folder, ready)
            finally:
                os._exit(1)
        os.close(ready)
        os.read(told, 1)
        time.sleep(chance.random() * 0.03)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        seen = look(folder)
        found[seen] = found.get(seen, 0) + 1
    return found


if __name__ == "__main__":
    print(json.dumps(storm(Path(sys.argv[1]), int(sys.argv[2]))))
