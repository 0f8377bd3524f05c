"""Having every file asked for by plain requests, from the first one to a host on, or none."""

from contextlib import suppress

import aiohttp
import pytest

from avatar_async._transport.plainconnector import PlainConnector
from avatar_async._transport.plaingets import PlainGets


class _ReachedError(Exception):
    """A connection was made, and nothing sent."""


def ask_plainly(monkeypatch: pytest.MonkeyPatch, *, from_the_first: bool) -> None:
    """Have even the first file of a host asked for plainly, or every one by aiohttp.

    Plain requests need a host that aiohttp has connected to: so it does that beforehand, and says nothing.
    """
    if not from_the_first:
        monkeypatch.setattr(PlainConnector, "reaches", lambda *_: False)
        return
    plain = PlainGets.open

    async def opened(self, place, path):
        connector = self._connector
        if not connector.reaches(place.origin):
            with pytest.MonkeyPatch.context() as patch, suppress(_ReachedError, aiohttp.ClientError, OSError):
                patch.setattr(PlainConnector, "connect", _only_connected)
                async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
                    await session.get(f"{place.origin[0]}://{place.header}{path}")
        return await plain(self, place, path)

    monkeypatch.setattr(PlainGets, "open", opened)


_connect = PlainConnector.connect


async def _only_connected(self, *arguments, **named):
    (await _connect(self, *arguments, **named)).close()
    raise _ReachedError
