"""Queries through `AvatarClient`, each reply decoded into tasks."""

import asyncio

from avatar_async import AvatarClient, RemoteTask, Settings
from bench.contenders.api_race import TOKEN, query_path, race, read


async def main() -> None:
    """Run the race; a single task is asked for by `query`, several by `query_tasks`."""
    given = read()
    asked = given.task_ids
    settings = Settings(endpoint=given.origin, token=TOKEN, query_dialect={"path": query_path(given.tasks)})
    async with AvatarClient(settings=settings) as client:

        async def one() -> tuple[RemoteTask, ...]:
            return (await client.query(asked[0]),)

        async def several() -> tuple[RemoteTask, ...]:
            return (await client.query_tasks(asked)).tasks

        call = one if given.tasks == 1 else several
        if tuple(task.task_id for task in await call()) != tuple(asked):
            raise SystemExit("the reply holds other tasks than were asked for")
        await race(given, call)


asyncio.run(main())
