"""Single tasks through `AvatarClient.query`: those who ask at the same moment share a call."""

import asyncio
import itertools

from avatar_async import AvatarClient, Settings
from bench.contenders.api_race import TOKEN, query_path, race, read


async def main() -> None:
    """Run the race; each of those who wait asks for another task of the reply."""
    given = read()
    asked = itertools.cycle(given.task_ids)
    settings = Settings(endpoint=given.origin, token=TOKEN, query_dialect={"path": query_path(given.tasks)})
    async with AvatarClient(settings=settings) as client:

        async def call() -> bool:
            number = next(asked)
            return (await client.query(number)).task_id == number

        if not await call():
            raise SystemExit("the reply holds another task than was asked for")
        await race(given, call)


asyncio.run(main())
