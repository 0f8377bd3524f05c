"""Having every file asked for by aiohttp, or none that can be asked for plainly."""

import pytest

from avatar_async._transport.plainconnector import PlainConnector


def ask_by(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files asked for by "aiohttp", though plain requests would do, or as ever, by "plain" ones."""
    if way == "aiohttp":
        for name in ("reaches", "may_reach"):
            monkeypatch.setattr(PlainConnector, name, lambda *_: False)
