"""The `job.json` beside a job's files, and a ledger made anew from it."""

import hashlib
import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.rebuild import adopt_receipts
from avatar_async._storage.receipts import ReceiptFolder
from avatar_async.errors import ConflictError, DownloadError, LedgerError, LedgerMismatchError

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds):
    """Return an instant so many seconds after the story's start."""
    return T0 + timedelta(seconds=seconds)


async def step(store, job, *events):
    """Apply events one after the other."""
    for event in events:
        [job] = await store.apply([change(job, event)])
    return job


async def accepted(store, job, task_id=2**53 + 1):
    """Bring a job in flight."""
    return await step(
        store, job, ev.IntentWritten(at=at(1), owner="run-1"), ev.Accepted(at=at(2), task_id=task_id)
    )


async def stored(store, job, out, *, names=("model.zip",), task_id=2**53 + 1):
    """Bring a job home, its files included."""
    artifacts = tuple(
        Artifact(role="model", name=name, url=f"https://files.invalid/{name}?sign=secret", md5="0" * 32)
        for name in names
    )
    job = await accepted(store, job, task_id)
    job = await step(
        store,
        job,
        ev.Finished(
            at=at(70),
            remote_status="SUCCESS",
            finished_at=at(60),
            expires_at=at(60) + timedelta(days=7),
            artifacts=artifacts,
        ),
        ev.FetchStarted(at=at(71), owner="run-1"),
    )
    (out / job.folder).mkdir(parents=True)
    for artifact in artifacts:
        content = artifact.name.encode() * 100
        (out / job.folder / artifact.name).write_bytes(content)
        here = evolve(
            artifact,
            state=ArtifactState.STORED,
            stored_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            note="odd",
        )
        job = await step(store, job, ev.ArtifactChanged(at=at(72), artifact=here))
    return await step(store, job, ev.AllStored(at=at(73)))


async def write(receipts, job, request):
    """Write one receipt, or raise what keeps it from being written."""
    [problem] = await receipts.write([(job, request)])
    if problem is not None:
        raise problem


@pytest.fixture
def receipts(tmp_path):
    """The receipts below this test's output folder."""
    return ReceiptFolder(tmp_path / "out", endpoint="https://one.invalid", account="app-1")


@pytest.fixture
def out(tmp_path):
    """This test's output folder."""
    return tmp_path / "out"


async def test_a_receipt_tells_everything_but_secrets(tmp_path, out, receipts, new_job):
    """People pass receipts on."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job("主播 01", folder="one", needs=("base",))])
        job = await stored(store, job, out)
        await write(receipts, job, await store.request(job.id))
    path = out / "one" / "job.json"
    text = path.read_text("utf-8")
    assert "secret" not in text
    assert "word" not in text
    assert "主播 01" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in sorted(path.parent.iterdir())] == ["job.json", "model.zip"]
    data = json.loads(text)
    assert data["schema"] == 1
    assert data["task_id"] == str(2**53 + 1)
    assert data["request"] == {"videoUrl": "https://files.invalid/主播 01.mp4"}
    assert (data["endpoint"], data["account"]) == ("https://one.invalid", "app-1")
    assert (data["state"], data["attempt"], data["error"]) == ("stored", 1, None)
    assert data["stored_at"] == "2026-03-01T12:01:13+00:00"
    [artifact] = data["artifacts"]
    assert artifact["path"] == "one/model.zip"
    assert artifact["bytes"] == 900
    assert (artifact["md5"], artifact["note"], artifact["state"]) == ("0" * 32, "odd", "stored")


async def test_errors_in_a_receipt_lose_their_addresses(tmp_path, out, receipts, new_job):
    """A service may quote a signed address in its reason."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job()])
        error = JobError(
            code=9, message="cannot read https://u:p@files.invalid/a?sign=secret", field="videoUrl"
        )
        failure = ev.RemoteFailed(at=at(9), remote_status="FAILED", error=error)
        job = await step(store, await accepted(store, job), failure)
        await write(receipts, job, {})
    data = json.loads((out / "one" / "job.json").read_text())
    assert data["error"] == {
        "code": 9,
        "message": "cannot read https://files.invalid/a",
        "field": "videoUrl",
    }


async def test_a_receipt_that_cannot_be_written_is_told(tmp_path, out, receipts, new_job):
    """The folder's name may be taken by a link or a file."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job()])
    out.mkdir()
    (out / "one").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(DownloadError):
        await write(receipts, job, {})
    with pytest.raises(DownloadError):
        await write(receipts, evolve(job, folder=".."), {})
    assert not (tmp_path / "job.json").exists()


async def test_a_lost_ledger_is_made_anew_from_receipts(tmp_path, out, receipts, new_job):
    """Paid tasks must not be lost with one file."""
    async with Ledger.open(tmp_path / "old.db") as store:
        await store.insert([new_job("never sent")])
        names = ("whole", "changed", "half", "flying", "failed")
        jobs = await store.insert([new_job(name) for name in names])
        whole = await stored(store, jobs[0], out, task_id=1)
        changed = await stored(store, jobs[1], out, task_id=2, names=("a.zip", "b.zip"))
        half = await stored(store, jobs[2], out, task_id=3, names=("a.zip", "b.zip"))
        flying = await accepted(store, jobs[3], 4)
        error = JobError(code="failed", message="no face")
        failure = ev.RemoteFailed(at=at(9), remote_status="FAILED", error=error)
        failed = await step(store, await accepted(store, jobs[4], 5), failure)
        for job in (whole, changed, half, flying, failed):
            await write(receipts, job, await store.request(job.id))
    (out / "changed" / "b.zip").write_bytes(b"x")
    (out / "half" / "b.zip").unlink()

    async with Ledger.open(tmp_path / "new.db") as store:
        adopted = {job.name: job for job in await adopt_receipts(store, out)}
        assert {name: job.state for name, job in adopted.items()} == {
            "whole": State.STORED,
            "changed": State.IN_FLIGHT,
            "half": State.IN_FLIGHT,
            "flying": State.IN_FLIGHT,
            "failed": State.FAILED,
        }
        assert {job.id: job for job in await store.jobs()} == {job.id: job for job in adopted.values()}
        assert (
            evolve(
                adopted["whole"],
                id=whole.id,
                revision=whole.revision,
                receipt_state=None,
                artifacts=whole.artifacts,
            )
            == whole
        )
        assert [each.sha256 for each in adopted["whole"].artifacts] == [whole.artifacts[0].sha256]
        assert [each.name for each in adopted["half"].artifacts] == ["a.zip"]
        assert adopted["failed"].error == error
        assert await store.claimed(range(1, 6)) == {
            1: "whole",
            2: "changed",
            3: "half",
            4: "flying",
            5: "failed",
        }
        assert {job.name for job in await store.receipts_due()} == {"changed", "half"}
        assert await store.binding() == ("https://one.invalid", "app-1")
        assert set(await store.submitted_as(["print-whole", "print-never sent"])) == {"print-whole"}
        assert await adopt_receipts(store, out) == []
        with pytest.raises(LedgerMismatchError):
            await store.bind("https://two.invalid", "app-1")


async def test_doubt_survives_the_loss_of_the_ledger(tmp_path, out, receipts, new_job):
    """A call of unknown outcome must not become a second call."""
    async with Ledger.open(tmp_path / "old.db") as store:
        one, two = await store.insert([new_job("one"), new_job("two")])
        one = await step(store, one, ev.IntentWritten(at=at(1), owner="run-1"))
        await write(receipts, one, {})
        lost = JobError(code="lost", message="connection lost")
        two = await step(
            store, two, ev.IntentWritten(at=at(1), owner="run-1"), ev.OutcomeUnknown(at=at(2), error=lost)
        )
        await write(receipts, two, {})
    async with Ledger.open(tmp_path / "new.db") as store:
        assert [job.state for job in await adopt_receipts(store, out)] == [State.IN_DOUBT] * 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data | {"schema": 2},
        lambda data: data | {"created_at": "2026-03-01T12:00:00"},
        lambda data: data | {"state": "nonsense"},
        lambda data: {key: data[key] for key in data if key != "attempt"},
        lambda data: data | {"artifacts": [{"name": "../../etc/passwd"}]},
        lambda data: [data],
    ],
    ids=["newer", "naive time", "unknown state", "field missing", "hostile name", "no object"],
)
async def test_unreadable_receipts_are_all_named_and_nothing_is_saved(
    tmp_path, out, receipts, new_job, damage
):
    """Half a ledger would look like a whole one."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        for name in ("bad", "good", "ugly"):
            [job] = await store.insert([new_job(name)])
            await write(receipts, job, {})
    bad = out / "bad" / "job.json"
    bad.write_text(json.dumps(damage(json.loads(bad.read_text()))))
    (out / "ugly" / "job.json").write_text("{")
    async with Ledger.open(tmp_path / "new.db") as store:
        with pytest.raises(LedgerError, match=r"bad/job\.json.*ugly/job\.json"):
            await adopt_receipts(store, out)
        assert await store.jobs() == []


async def test_receipts_of_two_accounts_are_not_mixed(tmp_path, out, receipts, new_job):
    """Their task ids mean different things."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        one, two = await store.insert([new_job("one"), new_job("two")])
        await write(receipts, one, {})
        await write(ReceiptFolder(out, endpoint="https://one.invalid", account="app-2"), two, {})
    async with Ledger.open(tmp_path / "new.db") as store:
        with pytest.raises(LedgerMismatchError, match=r"app-1.*app-2"):
            await adopt_receipts(store, out)


async def test_receipts_that_claim_one_task_are_refused(tmp_path, out, receipts, new_job):
    """Somebody copied a folder by hand."""
    async with Ledger.open(tmp_path / "old.db") as store:
        [job] = await store.insert([new_job("one")])
        job = await accepted(store, job)
        await write(receipts, job, {})
        await write(receipts, evolve(job, name="copy", folder="copy"), {})
    async with Ledger.open(tmp_path / "new.db") as store:
        with pytest.raises(ConflictError):
            await adopt_receipts(store, out)
        assert await store.jobs() == []
