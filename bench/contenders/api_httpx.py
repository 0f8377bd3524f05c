"""Queries with httpx, one client, and `response.json()`."""

import asyncio
from typing import Any

import httpx

from bench.contenders.api_race import HEADERS, race, read


async def main() -> None:
    """Run the race."""
    given = read()
    url, body = given.url, given.body
    async with httpx.AsyncClient(headers=HEADERS) as client:

        async def call() -> Any:
            response = await client.post(url, content=body)
            response.raise_for_status()
            return response.json()

        await race(given, call)


asyncio.run(main())
