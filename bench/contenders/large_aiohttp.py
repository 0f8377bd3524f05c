"""One file by the recipe that people use with aiohttp. Arguments: address, file, CA file."""

import asyncio
import ssl
import sys

import aiofiles
import aiohttp

from bench.contenders.figures import Figures


async def main(url: str, path: str, ca_file: str) -> None:
    """Download the file in blocks of 64 KiB, each written by aiofiles."""
    context = ssl.create_default_context(cafile=ca_file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        figures = Figures()
        async with session.get(url) as response:
            response.raise_for_status()
            async with aiofiles.open(path, "wb") as file:
                async for chunk in response.content.iter_chunked(65536):
                    await file.write(chunk)
        figures.tell()


asyncio.run(main(*sys.argv[1:]))
