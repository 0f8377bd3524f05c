"""Changes as they are made of a job."""

from datetime import UTC, datetime

import attrs
import pytest

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import Change, change
from tests.jobs_kept import a_job

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOB = a_job("one", id="7", attempt=3, owner="run-1c9e", task_id=12, revision=9)


@pytest.mark.parametrize(
    ("event", "revision"), [(ev.GivenUp(at=AT), None), (ev.IntentWritten(at=AT, owner="run-1c9e"), 9)]
)
def test_a_change_expects_the_job_as_its_record_says(event: ev.Event, revision: int | None) -> None:
    """A field left out would let a change through that must not be made; a promise names the revision."""
    made = change(JOB, event)
    written_out = Change(
        job_id="7",
        state=JOB.state,
        attempt=3,
        owner="run-1c9e",
        task_id=12,
        revision=revision,
        event=event,
        known=JOB,
    )
    assert type(made) is Change
    assert made == written_out
    for field in attrs.fields(Change):
        assert getattr(made, field.name) is getattr(written_out, field.name)


def test_a_change_made_of_a_job_is_as_frozen_as_one_written_out() -> None:
    """It is read in another thread later."""
    made = change(JOB, ev.GivenUp(at=AT))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, "attempt", 4)  # noqa: B010 - as a program would that is not checked
