"""A batch through the whole product, each file of it served with another fault of the emulator."""

import pytest

from avatar_async import AvatarClient, Credentials, ImagePreviewRequest, Orchestrator, Settings, State
from avatar_async._jobs.states import ArtifactState

#: A fault for each job's file, by the job's name.
FAULTS = {
    "reset-before": "file[{}]:reset@first2",
    "reset-after": "file[{}]:reset-after@first2",
    "cut": "file[{}]:truncate(share=0.5)@first2",
    "cut-hard": "file[{}]:truncate(share=0.3,reset=true)@first2",
    "stalled": "file[{}]:truncate(share=0.5,hang=true)@first1",
    "hung": "file[{}]:hang@first1",
    "busy": "file[{}]:503@first2",
    "throttled": "file[{}]:429(retry_after=1)@first1",
    "gone": "file[{}]:404@first1",
    "packed": "file[{}]:gzip@first2",
    "ranges": "file[{}]:truncate(share=0.5)@1,file[{}]:wrong-range@2",
    "no-range": "file[{}]:truncate(share=0.5)@1,file[{}]:no-range@2",
    "changed": "file[{}]:truncate(share=0.5)@1,file[{}]:etag@2",
    "changed-206": "file[{}]:truncate(share=0.5)@1,file[{}]:etag(what=changed-206)@2",
    "weak": "file[{}]:etag(what=weak)@first2",
    "no-etag": "file[{}]:etag(what=missing)@first2",
    "longer": "file[{}]:length(by=9)@first1",
    "shorter": "file[{}]:length(by=-9)@first1",
    "early-end": "file[{}]:early-end(share=0.5)@first1",
    "revoked": "file[{}]:revoke(share=0.5)@first1",
    "flipped": "file[{}]:flip@first1",
    "redirected": "file[{}]:redirect(to=ftp://127.0.0.1/x)@first1",
}
#: What the service says or makes of a result, and whether the job is stored with a note, or held.
RESULTS = {
    "bad-md5": ("result[{}]:wrong-md5", "noted"),
    "bad-size": ("result[{}]:wrong-size(by=7)", "noted"),
    "parent": ("result[{}]:rename(to=parent)", "plain"),
    "corrupt": ("result[{}]:corrupt", "held"),
}


def client_of(emulator, folder):
    """Return a client with little patience."""
    return AvatarClient(
        endpoint=emulator.endpoint,
        credentials=Credentials(emulator.app_id, emulator.app_key),
        settings=Settings(token_cache_dir=folder / "tokens", read_timeout_s=0.5, disk_reserve_bytes=0),
    )


@pytest.mark.parametrize("what", ["transfers", "results"])
async def test_every_file_comes_home_whole_or_waits_for_a_person_with_a_reason(
    avatar_emulator, tmp_path, what
):
    """Nothing is lost, nothing wrong is stored, nothing is paid twice."""
    rules = FAULTS if what == "transfers" else {name: rule for name, (rule, _) in RESULTS.items()}
    spec = ",".join(rule.replace("{}", name) for name, rule in rules.items())
    async with avatar_emulator(faults=spec) as emulator, client_of(emulator, tmp_path) as client:
        still = emulator.media_url("still.png")
        async with Orchestrator(client, out=tmp_path / "out", fetches=32, poll_rate=50) as orchestrator:
            for name in rules:
                request = ImagePreviewRequest(material_name=name, url=still)
                await orchestrator.add(
                    name,
                    request,
                )
            jobs = {job.name: job async for job in orchestrator.run()}
        assert emulator.faults.counts, "nothing went wrong at all"
        assert set(emulator.received.creates.values()) == {1}
    for name, job in jobs.items():
        wanted = RESULTS[name][1] if name in RESULTS else "plain"
        [artifact] = job.artifacts
        final = tmp_path / "out" / job.folder / artifact.name
        if wanted == "held":
            assert (job.state, artifact.state) == (State.READY, ArtifactState.SUSPECT), name
            assert job.hold
            assert not final.exists()
            continue
        assert (job.state, artifact.state) == (State.STORED, ArtifactState.STORED), name
        assert final.stat().st_size == artifact.stored_bytes
        assert bool(artifact.note) == (wanted == "noted"), (name, artifact.note)
        assert [path.name for path in final.parent.glob("*.part")] == []
    leftovers = {path.name for path in tmp_path.iterdir()}
    assert leftovers <= {"out", "tokens", "avatar-emulator", "media", "avatar-media"}, leftovers
