"""Train an avatar and bring its model home: python library.py VIDEO_URL."""

import sys

import anyio

from avatar_async import AvatarClient, BaseVideo, Orchestrator, SegmentStyle, TrainingRequest


async def main(video_url: str) -> None:
    """Run one training; started again, it goes on where it stood."""
    person = BaseVideo(segment_style=SegmentStyle.GREEN_SCREEN, green_params_blur_ks=5)
    request = TrainingRequest(material_name="anchor-01", video_url=video_url, personal=person)
    async with AvatarClient.from_env() as client, Orchestrator(client, out="models") as orchestrator:
        await orchestrator.add("anchor-01", request)
        async for job in orchestrator.run():
            print(job.name, job.state, [artifact.name for artifact in job.artifacts])


anyio.run(main, sys.argv[1])
