"""One file through `AvatarClient.download`.

Arguments: address, length in bytes, folder, name, CA file, and what is left out (`unverified`, `fleeting`).
"""

import asyncio
import sys
from pathlib import Path

from avatar_async import AvatarClient, RemoteFile, Settings
from bench.contenders.figures import Figures


async def main(url: str, length: str, folder: str, name: str, ca_file: str, *left_out: str) -> None:
    """Download the file."""
    settings = Settings(endpoint="http://127.0.0.1:1", token="unused", ca_file=Path(ca_file))  # noqa: S106
    file = RemoteFile(role="model", name=name, url=url, size_bytes=int(length))
    async with AvatarClient(settings=settings) as client:
        figures = Figures()
        await client.download(
            file, folder, verify="unverified" not in left_out, durable="fleeting" not in left_out
        )
        figures.tell()


asyncio.run(main(*sys.argv[1:]))
