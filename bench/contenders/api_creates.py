"""Create calls, each on a connection of its own: through `AvatarClient`, or with plain aiohttp."""

import asyncio
import sys
from typing import Any

import aiohttp

from avatar_async import AvatarClient, ImagePreviewRequest, Settings
from avatar_async._wire.creation import encode_create
from bench.contenders.api_race import HEADERS, TOKEN, Race, race

_REQUEST = ImagePreviewRequest(material_name="still-001", url="https://media.example/still-001.png")


async def by_client(given: Race) -> None:
    """Make the calls through the client."""
    async with AvatarClient(settings=Settings(endpoint=given.origin, token=TOKEN)) as client:

        async def call() -> bool:
            return await client.create(_REQUEST) > 0

        await race(given, call)


async def by_aiohttp(given: Race) -> None:
    """Make the calls with plain aiohttp."""
    call_ = encode_create(_REQUEST).call
    url = f"{given.origin}{call_.path}"
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector) as session:

        async def call() -> bool:
            async with session.post(url, data=call_.body) as response:
                response.raise_for_status()
                answer: Any = await response.json()
                return int(answer["data"]["id"]) > 0

        await race(given, call)


def main() -> None:
    """Run the race: way (client or aiohttp), origin, calls, open."""
    way, origin, calls, open_ = sys.argv[1:]
    given = Race(origin=origin, tasks=1, calls=int(calls), open=int(open_))
    asyncio.run(by_client(given) if way == "client" else by_aiohttp(given))


main()
