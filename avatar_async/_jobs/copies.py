"""Copies of a job with other values in some fields, three times as fast as `attrs.evolve` makes them."""

from collections import deque
from itertools import repeat
from operator import attrgetter, call
from typing import Any, Final

from avatar_async._jobs.records import Job

_FIELDS: Final = tuple(field.name for field in Job.__attrs_attrs__)
_values_of: Final = attrgetter(*_FIELDS)
#: A frozen record cannot be written to; the slots that it is made of can.
_slots: Final = {name: getattr(Job, name).__set__ for name in _FIELDS}
_all_slots: Final = tuple(_slots.values())


def copied(job: Job, **changes: Any) -> Job:
    """Return a job like that one, with other values in the named fields."""
    copy = object.__new__(Job)
    deque(map(call, _all_slots, repeat(copy), _values_of(job)), maxlen=0)
    for name, value in changes.items():
        _slots[name](copy, value)
    return copy


def stamped(job: Job, revision: int) -> Job:
    """Return that very record with its revision set: only for one that nobody else has seen yet."""
    _slots["revision"](job, revision)
    return job
