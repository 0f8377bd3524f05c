"""Many files by the recipe that people use with httpx. Argument: list of files."""

import asyncio
import sys

import aiofiles
import httpx

from bench.contenders.figures import Figures
from bench.contenders.many_files import Files, name_of


async def main(path: str) -> None:
    """Download each file in blocks of 64 KiB, written by aiofiles, under a semaphore."""
    files = Files.load(path)
    semaphore = asyncio.Semaphore(files.at_once)
    async with httpx.AsyncClient(timeout=60.0) as client:

        async def download(url: str) -> None:
            async with semaphore, client.stream("GET", url) as response:
                response.raise_for_status()
                async with aiofiles.open(files.folder / name_of(url), "wb") as file:
                    async for chunk in response.aiter_bytes(65536):
                        await file.write(chunk)

        figures = Figures()
        await asyncio.gather(*(download(url) for url in files.urls))  # noqa: TID251 - as people do it
        figures.tell()


asyncio.run(main(*sys.argv[1:]))
