"""One file by the recipe that people use with httpx. Arguments: address, file, CA file."""

import asyncio
import ssl
import sys

import aiofiles
import httpx

from bench.contenders.figures import Figures


async def main(url: str, path: str, ca_file: str) -> None:
    """Download the file in blocks of 64 KiB, each written by aiofiles."""
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca_file)) as client:
        figures = Figures()
        async with client.stream("GET", url) as response:
            response.raise_for_status()
            async with aiofiles.open(path, "wb") as file:
                async for chunk in response.aiter_bytes(65536):
                    await file.write(chunk)
        figures.tell()


asyncio.run(main(*sys.argv[1:]))
