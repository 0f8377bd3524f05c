"""Queries with plain aiohttp, one session, and `response.json()`."""

import asyncio
from typing import Any

import aiohttp

from bench.contenders.api_race import HEADERS, race, read


async def main() -> None:
    """Run the race."""
    given = read()
    url, body = given.url, given.body
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def call() -> Any:
            async with session.post(url, data=body) as response:
                response.raise_for_status()
                return await response.json()

        await race(given, call)


asyncio.run(main())
