"""Many files by the recipe that people use with aiohttp. Argument: list of files."""

import asyncio
import sys

import aiofiles
import aiohttp

from bench.contenders.figures import Figures
from bench.contenders.many_files import Files, name_of


async def main(path: str) -> None:
    """Download each file in blocks of 64 KiB, written by aiofiles, under a semaphore."""
    files = Files.load(path)
    semaphore = asyncio.Semaphore(files.at_once)
    async with aiohttp.ClientSession() as session:

        async def download(url: str) -> None:
            async with semaphore, session.get(url) as response:
                response.raise_for_status()
                async with aiofiles.open(files.folder / name_of(url), "wb") as file:
                    async for chunk in response.content.iter_chunked(65536):
                        await file.write(chunk)

        figures = Figures()
        await asyncio.gather(*(download(url) for url in files.urls))  # noqa: TID251 - as people do it
        figures.tell()


asyncio.run(main(*sys.argv[1:]))
