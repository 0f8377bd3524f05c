"""The document of `status --json`."""

import json
from datetime import timedelta

import pytest

from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage.ledger import Ledger
from avatar_async.cli import listing

JOB_KEYS = [
    *("name", "kind", "state", "remote_status", "task_id", "attempt", "created_at", "submitted_at"),
    *("finished_at", "expires_at", "stored_at", "flags", "error", "artifacts", "next_step"),
]


@pytest.fixture
def document_of(tmp_path, now):
    """Keep jobs in a ledger and return the text that is printed of it."""

    async def printed(*jobs, where=""):
        async with Ledger.open(tmp_path / "ledger.db") as store:
            await store.adopt([(job, {}) for job in jobs])
            return "".join([piece async for piece in listing.document(store, now, where=where)])

    return printed


async def test_the_document_has_the_documented_keys_and_types(make_job, now, document_of):
    """Programs read it; a task id is text because JavaScript cannot hold int64."""
    artifact = Artifact(role="model", name="m.zip", url="https://host/m.zip?sig=1", size_bytes=5)
    job = make_job(
        "a b",
        State.READY,
        folder="a b~1",
        task_id=2**62,
        expires_at=now + timedelta(hours=1),
        artifacts=(artifact,),
        error=JobError(code="timeout", message="no bytes", field="x"),
    )
    text = await document_of(job)
    document = json.loads(text)
    assert list(document) == ["schema", "jobs", "counts"]
    assert document["schema"] == 1
    [told] = document["jobs"]
    assert list(told) == JOB_KEYS
    assert told["task_id"] == str(2**62)
    assert told["flags"] == ["at_risk"]
    assert told["error"] == {"code": "timeout", "message": "no bytes"}
    assert told["artifacts"] == [
        {
            "role": "model",
            "name": "m.zip",
            "path": "a b~1/m.zip",
            "bytes": 5,
            "sha256": None,
            "state": "known",
        }
    ]
    assert "sig=1" not in text


async def test_every_state_is_counted(make_job, document_of):
    """A missing key would be an error in somebody's dashboard."""
    counts = json.loads(await document_of(make_job("a"), make_job("b", State.STORED)))["counts"]
    assert set(counts) == {state.value for state in State}
    assert (counts["planned"], counts["stored"], counts["failed"]) == (1, 1, 0)


async def test_a_stored_file_is_told_with_its_true_length(make_job, document_of):
    """The announced length may have been wrong or missing."""
    stored = Artifact(
        role="image",
        name="i.png",
        url="",
        state=ArtifactState.STORED,
        stored_bytes=7,
        size_bytes=5,
        sha256="ab",
    )
    document = json.loads(await document_of(make_job("a", State.STORED, artifacts=(stored,))))
    [told] = document["jobs"][0]["artifacts"]
    assert (told["bytes"], told["sha256"], told["state"]) == (7, "ab", "stored")


async def test_a_blocked_job_names_what_it_waits_for(make_job, document_of):
    """The next step depends on the states of other jobs."""
    jobs = [make_job("model", State.FAILED), make_job("update", needs=("model",))]
    document = json.loads(await document_of(*jobs, where="--out m"))
    assert document["jobs"][0]["next_step"].endswith("\navatar-async retry model --out m")
    assert document["jobs"][1]["next_step"] == "blocked: needs model (failed); settle that first"
