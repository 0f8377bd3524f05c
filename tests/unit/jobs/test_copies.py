"""Copies of jobs."""

from typing import Any

import attrs
import pytest

from avatar_async._jobs.copies import copied
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.requests import Kind


def _job_of_marks():
    """Return a job each of whose fields holds an object of its own."""
    marks: dict[str, Any] = {field.name: object() for field in attrs.fields(Job)}
    return Job(**marks)


def test_a_copy_has_every_field():
    """A field that a copy leaves out would be lost at the next change of its job."""
    job = _job_of_marks()
    copy = copied(job, {})
    assert type(copy) is Job
    assert copy == job
    for field in attrs.fields(Job):
        assert getattr(copy, field.name) is getattr(job, field.name)


def test_a_copy_takes_the_values_it_is_given_and_leaves_the_job_alone():
    """Other readers hold the same record."""
    job = _job_of_marks()
    copy = copied(job, {"state": State.READY, "owner": None})
    assert (copy.state, copy.owner) == (State.READY, None)
    assert copy == attrs.evolve(job, state=State.READY, owner=None)
    assert job.state is not State.READY


def test_a_copy_is_as_frozen_as_a_job():
    """Records are shared between tasks and threads."""
    copy = copied(_job_of_marks(), {"kind": Kind.TRAINING})
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(copy, "kind", Kind.REBUILD)  # noqa: B010 - as a program would that is not checked
    with pytest.raises(AttributeError):
        copied(_job_of_marks(), {"colour": "red"})
