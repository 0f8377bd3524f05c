"""One process of an account: asks again and again until the service says that it is enough.

Started as `python token_worker.py ENDPOINT TOKEN_FOLDER SPACING_S`; prints how many calls went well.
"""

import sys
from pathlib import Path

import anyio

from avatar_async.client import AvatarClient, Credentials
from avatar_async.errors import AuthError
from avatar_async.settings import Settings

_CALLERS = 6


async def main(endpoint: str, folder: str, spacing_s: str) -> None:
    """Ask with several callers at a time."""
    settings = Settings(
        endpoint=endpoint, token_cache_dir=Path(folder), token_spacing_s=float(spacing_s), read_timeout_s=10.0
    )
    answered = 0

    async def ask(client: AvatarClient) -> None:
        nonlocal answered
        while True:
            try:
                if (await client.query(5)).status == "ENOUGH":
                    return
            except AuthError:
                continue  # on a busy machine the next token, too, may be dead by now
            answered += 1
            await anyio.sleep(0.005)

    async with (
        AvatarClient(settings=settings, credentials=Credentials("app-1", "k3y")) as client,
        anyio.create_task_group() as group,
    ):
        for _ in range(_CALLERS):
            group.start_soon(ask, client)
    print(answered)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], sys.argv[3])
