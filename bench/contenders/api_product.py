"""Queries through `AvatarClient`, each reply decoded into tasks."""

import asyncio

from avatar_async import AvatarClient, RemoteTask, Settings
from bench.contenders.api_race import TOKEN, query_path, race, read


async def main() -> None:
    """Run the race: every query is a call of its own, whatever it asks for."""
    given = read()
    asked = given.task_ids
    settings = Settings(endpoint=given.origin, token=TOKEN, query_dialect={"path": query_path(given.tasks)})
    async with AvatarClient(settings=settings) as client:

        async def call() -> tuple[RemoteTask, ...]:
            return (await client.query_tasks(asked)).tasks

        if tuple(task.task_id for task in await call()) != tuple(asked):
            raise SystemExit("the reply holds other tasks than were asked for")
        await race(given, call)


asyncio.run(main())
