"""Queries with plain aiohttp, each reply read into typed records by cattrs."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import aiohttp
from attrs import frozen
from cattrs import Converter

from bench.contenders.api_race import HEADERS, race, read


@frozen
class File:
    """A file as the reply tells of it."""

    type: str
    name: str
    url: str
    size: int
    md5: str


@frozen
class Task:
    """A task as the reply tells of it."""

    taskId: int  # noqa: N815 - the service's names
    taskType: str  # noqa: N815
    materialName: str  # noqa: N815
    status: str
    progress: int
    failReason: str | None  # noqa: N815
    createTime: datetime | None  # noqa: N815
    finishTime: datetime | None  # noqa: N815
    expireTime: datetime | None  # noqa: N815
    files: Sequence[File]


@frozen
class Answer:
    """The envelope."""

    code: int
    message: str
    data: Sequence[Task]


async def main() -> None:
    """Run the race."""
    given = read()
    url, body = given.url, given.body
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def call() -> Answer:
            async with session.post(url, data=body) as response:
                response.raise_for_status()
                return converter.structure(await response.json(), Answer)

        await race(given, call)


asyncio.run(main())
