"""A mixed batch over the real wire: client, emulator, ledger, disk."""

import io
import zipfile

import pytest

from avatar_async import (
    AvatarClient,
    BaseVideo,
    Credentials,
    GreenScreen,
    ImagePreviewRequest,
    Kind,
    Orchestrator,
    RebuildRequest,
    Ref,
    State,
    TakeoverRequest,
    TrainingRequest,
    VideoPreviewRequest,
)


@pytest.fixture
def client_of(tmp_path):
    """A function that makes a client of an emulator, with its token file below the test's folder."""

    def make(emulator):
        from avatar_async import Settings

        return AvatarClient(
            endpoint=emulator.endpoint,
            credentials=Credentials(emulator.app_id, emulator.app_key),
            settings=Settings(token_cache_dir=tmp_path / "tokens"),
        )

    return make


@pytest.mark.filterwarnings("ignore:the vendor deprecated takeover:DeprecationWarning")
async def test_all_five_kinds_come_home_verified_and_only_once(avatar_emulator, client_of, tmp_path):
    """The spine of everything: what was asked for is on disk, paid for once."""
    for _ in range(2):
        async with avatar_emulator() as emulator, client_of(emulator) as client:
            clip, still = emulator.media_url("clip.mp4"), emulator.media_url("still.png")
            async with Orchestrator(client, out=tmp_path / "out", validation="warn") as orchestrator:
                await orchestrator.add(
                    "train",
                    TrainingRequest(
                        material_name="train", video_url=clip, personal=BaseVideo(segment_style=1)
                    ),
                )
                await orchestrator.add(
                    "rebuild",
                    RebuildRequest(
                        material_name="rebuild",
                        video_url=clip,
                        model_url=Ref("train", "model"),
                        segment_style=1,
                    ),
                )
                for number, high in enumerate((120, 200)):
                    await orchestrator.add(
                        f"image-{number}",
                        ImagePreviewRequest(material_name=f"image-{number}", url=still).with_changes(
                            GreenScreen(green_params_refineth_h_bgr=high)
                        ),
                    )
                await orchestrator.add("video", VideoPreviewRequest(material_name="video", url=clip))
                await orchestrator.add(
                    "takeover",
                    TakeoverRequest.from_vendor(
                        {
                            "videoName": "takeover",
                            "param": {
                                "resolution": [270, 480],
                                "digital_role": {"id": 1},
                                "tts_query": {"content": "hello"},
                            },
                        }
                    ),
                )
                jobs = {job.name: job async for job in orchestrator.run()}
            assert {name: job.state for name, job in jobs.items()} == dict.fromkeys(jobs, State.STORED)
            assert len(jobs) == 6
            assert {job.kind for job in jobs.values()} == set(Kind)
            assert set(emulator.received.creates.values()) == {1}
    for name in ("train", "rebuild"):
        folder = tmp_path / "out" / jobs[name].folder
        [model] = [artifact for artifact in jobs[name].artifacts if artifact.role == "model"]
        with zipfile.ZipFile(io.BytesIO((folder / model.name).read_bytes())) as archive:
            assert archive.testzip() is None
    previews = [tmp_path / "out" / jobs[f"image-{n}"].folder for n in (0, 1)]
    pictures = [next(folder.glob("*.png")).read_bytes() for folder in previews]
    assert pictures[0] != pictures[1]


async def test_the_service_restarted_in_the_middle_costs_nothing(avatar_emulator, client_of, tmp_path):
    """The emulator keeps its tasks, so a resumed batch finds them."""
    async with avatar_emulator(durations_s=dict.fromkeys(Kind, (1.0, 1.0))) as emulator:
        async with client_of(emulator) as client:
            clip = emulator.media_url("clip.mp4")
            request = TrainingRequest(
                material_name="train", video_url=clip, personal=BaseVideo(segment_style=1)
            )
            async with Orchestrator(client, out=tmp_path / "out") as orchestrator:
                await orchestrator.add("train", request)
                orchestrator.run()
                async for event in orchestrator.events():
                    if getattr(event, "to_state", None) is State.IN_FLIGHT:
                        break
        port = emulator.endpoint.rsplit(":", 1)[1]
    async with (
        avatar_emulator(port=int(port)) as emulator,
        client_of(emulator) as client,
        Orchestrator(client, out=tmp_path / "out") as orchestrator,
    ):
        await orchestrator.add("train", request)
        [job] = [job async for job in orchestrator.run()]
    assert job.state is State.STORED
    assert emulator.received.creates["train"] == 1
