import sys

import anyio

from avatar_async import AvatarClient, BaseVideo, Orchestrator, TrainingRequest


async def main(video_url: str) -> None:
    person = BaseVideo(segment_style=1)  # 1 = green screen
    request = TrainingRequest(material_name="anchor-01", video_url=video_url, personal=person)
    async with AvatarClient.from_env() as client, Orchestrator(client, out="results") as batch:
        await batch.add("anchor-01", request)
        async for job in batch.run():
            print(job.name, job.state, [artifact.name for artifact in job.artifacts])


anyio.run(main, sys.argv[1])
