"""Clients that leave in the middle."""

import aiohttp
import pytest
from aiohttp import web

from avatar_async import AvatarClient, Credentials
from avatar_async.emulator import Emulator, demo_media
from avatar_async.requests import ImagePreviewRequest, Kind


@web.middleware
async def leaving(request, handler):
    """Close the connection of whoever wants a file, before it is sent."""
    if request.path.startswith("/files/"):
        request.transport.close()
    return await handler(request)


async def test_a_client_that_leaves_its_download_is_no_error_of_the_service(tmp_path, caplog):
    """A paused download would print a traceback on the screen of whoever runs the embedded service."""
    media = tmp_path / "media"
    demo_media(media)
    quick = {Kind.IMAGE_PREVIEW: (0.0, 0.0)}
    async with Emulator(
        tmp_path / "data", media_dir=media, durations_s=quick, middlewares=[leaving]
    ) as emulator:
        account = Credentials(app_id=emulator.app_id, app_key=emulator.app_key)
        async with AvatarClient(endpoint=emulator.endpoint, credentials=account) as client:
            request = ImagePreviewRequest(material_name="a", url=emulator.media_url("still-green.png"))
            task = await client.wait(await client.create(request), timeout_s=60)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get(task.artifacts[0].url)
    assert [record.message for record in caplog.records if record.name.startswith("aiohttp")] == []
