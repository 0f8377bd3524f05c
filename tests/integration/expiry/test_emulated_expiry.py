"""Retention over the real wire: client, emulator, ledger and disk, while days go by between two runs."""

import json
from datetime import timedelta

import pytest

from avatar_async import (
    AvatarClient,
    BaseVideo,
    Credentials,
    Kind,
    Orchestrator,
    Settings,
    State,
    TrainingRequest,
)
from avatar_async._clock import SystemClock

DAY_S = 86400.0


class Calendar(SystemClock):
    """The machine's time, some days on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self):
        """Return the instant that many days on."""
        return super().now() + timedelta(seconds=self.ahead_s)

    def monotonic(self):
        """Return seconds that went on as well."""
        return super().monotonic() + self.ahead_s


@pytest.mark.parametrize(("days", "home"), [(6.9, True), (8.0, False)])
async def test_results_left_at_the_service_for_days(avatar_emulator, tmp_path, days, home):
    """Almost seven days later they come home from fresh addresses; a day too late they are lost, and told."""
    calendar = Calendar()
    options = {"clock": calendar, "durations_s": dict.fromkeys(Kind, (0.5, 0.5))}
    async with avatar_emulator(**options) as emulator:
        client = AvatarClient(
            endpoint=emulator.endpoint,
            credentials=Credentials(emulator.app_id, emulator.app_key),
            settings=Settings(token_cache_dir=tmp_path / "tokens"),
            clock=calendar,
        )
        request = TrainingRequest(
            material_name="a",
            video_url=emulator.media_url("clip.mp4"),
            personal=BaseVideo(segment_style=1),
        )
        async with client:
            async with Orchestrator(client, out=tmp_path / "out", clock=calendar) as runner:
                events = runner.events()
                await runner.add("a", request)
                runner.run()
                async for event in events:
                    if getattr(event, "to_state", None) is State.IN_FLIGHT:
                        break
            task = (await runner_task(client, tmp_path)).task_id
            await client.wait(task, timeout_s=60)
            calendar.ahead_s += days * DAY_S
            async with Orchestrator(client, out=tmp_path / "out", clock=calendar) as runner:
                [job] = [job async for job in runner.run()]
            receipt = json.loads((tmp_path / "out" / "a" / "job.json").read_bytes())
            assert emulator.received.creates["a"] == 1
            if home:
                assert (job.state, receipt["lost_at"]) == (State.STORED, None)
                assert job.finished_at is not None
                assert job.stored_at is not None
                assert job.expires_at is not None
                assert job.finished_at < job.stored_at < job.expires_at
                return
            assert (job.state, receipt["state"]) == (State.EXPIRED, "expired")
            assert job.lost_at is not None
            assert receipt["lost_at"] == job.lost_at.isoformat()
            async with Orchestrator(client, out=tmp_path / "out", clock=calendar) as runner:
                await runner.retry("a")
                async for _ in runner.run():
                    pass
                [job] = await runner.jobs()
        assert (job.state, job.attempt) == (State.STORED, 2)
        assert emulator.received.creates["a"] == 2


async def runner_task(client, tmp_path):
    """Return the job as the ledger has it."""
    async with Orchestrator(client, out=tmp_path / "out") as runner:
        [job] = await runner.jobs()
    return job
