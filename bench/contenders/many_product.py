"""Many files through `AvatarClient.download`. Arguments: list of files, what is left out."""

import asyncio
import sys

from avatar_async import AvatarClient, RemoteFile, Settings
from bench.contenders.figures import Figures
from bench.contenders.many_files import Files, name_of


async def main(path: str, *left_out: str) -> None:
    """Download the files."""
    files = Files.load(path)
    settings = Settings(endpoint="http://127.0.0.1:1", token="unused", disk_reserve_bytes=0)  # noqa: S106
    verify, durable = "unverified" not in left_out, "fleeting" not in left_out
    async with AvatarClient(settings=settings) as client:

        async def download(url: str) -> None:
            file = RemoteFile(role="model", name=name_of(url), url=url, size_bytes=files.length)
            await client.download(file, files.folder, verify=verify, durable=durable)

        figures = Figures()
        await files.each(download)
        figures.tell()


asyncio.run(main(*sys.argv[1:]))
