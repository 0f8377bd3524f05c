"""The product against a hostile service: every count is the service's own."""

import anyio

from avatar_async import AvatarClient, Credentials, ImagePreviewRequest, Orchestrator

JOBS = 8
PLAN = (
    "create:503(when=after)@2,query:garbage@1,query:back@2,query:unknown-status@1,"
    "query:times(what=naive)@50%,file:truncate@2+5,file:flip@3,file:revoke@4,seed=3"
)


async def test_a_batch_comes_home_and_nothing_is_made_twice(avatar_emulator, tmp_path):
    """A create call whose outcome is unknown is settled by itself, everything else by asking again."""
    async with avatar_emulator(faults=PLAN) as emulator:
        account = Credentials(app_id=emulator.app_id, app_key=emulator.app_key)
        async with (
            AvatarClient(endpoint=emulator.endpoint, credentials=account) as client,
            Orchestrator(client, out=tmp_path / "out") as orchestrator,
        ):
            for number in range(JOBS):
                url = f"{emulator.media_url('still.png')}?{number}"
                await orchestrator.add(
                    f"job-{number}", ImagePreviewRequest(material_name=f"job-{number}", url=url)
                )
            ended = {}
            with anyio.fail_after(60):
                async for job in orchestrator.run():
                    ended[job.name] = job.state
        assert {state.value for state in ended.values()} == {"stored"}
        assert emulator.received.creates == emulator.received.accepted == dict.fromkeys(ended, 1)
        assert len(ended) == JOBS
        happened = emulator.faults.counts
        assert {"status", "garbage", "say", "truncate", "flip", "revoke"} <= happened.keys()
        assert not emulator.received.file_authorizations
