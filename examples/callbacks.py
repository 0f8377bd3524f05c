"""Take the service's completion callbacks in an aiohttp application of your own.

Try it beside `avatar-async emulator --callback http://127.0.0.1:8799/done`:
python examples/callbacks.py http://127.0.0.1:PORT/media/presenter-green.mp4 8799
"""

import sys

import anyio
from aiohttp import web

from avatar_async import AvatarClient, AvatarError, BaseVideo, Orchestrator, TrainingRequest


async def main(video_url: str, port: int) -> None:
    person = BaseVideo(segment_style=1)  # 1 = green screen
    request = TrainingRequest(material_name="anchor-02", video_url=video_url, personal=person)
    async with AvatarClient.from_env() as client, Orchestrator(client, out="results") as batch:

        async def done(call: web.Request) -> web.Response:
            try:
                task_id = batch.receive_callback(await call.read())  # a hint: the task is queried
            except AvatarError:
                raise web.HTTPBadRequest from None
            print("task", task_id, flush=True)
            return web.Response()

        app = web.Application()  # bodies of more than 1 MiB are refused
        app.router.add_post("/done", done)
        server = web.AppRunner(app)
        await server.setup()
        try:
            await web.TCPSite(server, "127.0.0.1", port).start()
            await batch.add("anchor-02", request)
            async for job in batch.run():
                print(job.name, job.state)
        finally:
            await server.cleanup()


anyio.run(main, sys.argv[1], int(sys.argv[2]))
