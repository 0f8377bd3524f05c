"""A list is read to its end, or is known not to have been."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.listing import MAX_PAGES, TaskListing
from avatar_async._wire.querying import TaskPage
from avatar_async.errors import ConfigError, ReplyError

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def dialect(**listing):
    """Return the default dialect with pages of two tasks."""
    return QueryDialect.from_mapping({"list": {"page_size": 2} | listing})


def page(*ids, total=None, unread=0):
    """Return a page of tasks, some of which could not be read."""
    tasks = tuple(RemoteTask(task_id=number, state=RemoteState.RUNNING, status="RUNNING") for number in ids)
    return TaskPage(answer=QueryAnswer(tasks=tasks, asked_at=NOW), count=len(tasks) + unread, total=total)


def read(listing, *pages):
    """Feed pages until the listing wants no more; return its answer and how many it took."""
    taken = 0
    while listing.next_call() is not None:
        listing.add(pages[taken])
        taken += 1
    return listing.answer(), taken


def ids(answer):
    """Return the ids of an answer's tasks."""
    return [task.task_id for task in answer.tasks]


@pytest.mark.parametrize(
    ("pages", "found", "whole", "why"),
    [
        ([page(1, total=1)], [1], True, "the service counts as many"),
        ([page(total=0)], [], True, "none at all"),
        ([page(1), page()], [1], True, "a short page may be a capped one, an empty one ends"),
        ([page(1, 2), page(3), page()], [1, 2, 3], True, "no count: until a page brings nothing"),
        ([page(1, total=3), page(2, total=3), page(3, total=3)], [1, 2, 3], True, "pages capped at one"),
        ([page(1, 2, total=3), page(2, 3, total=3)], [1, 2, 3], True, "the list moved while it was read"),
        ([page(1, total=3), page(total=3)], [1], False, "two are missing"),
        ([page(1, total=3), page(1, total=3)], [1], False, "the page number is ignored"),
        ([page(1), page(1)], [1], True, "one short page, whatever its number"),
        ([page(1, 2), page(1, 2)], [1, 2], False, "a full page again: more may lie behind it"),
        ([page(1, total=2, unread=1)], [1], False, "one cannot be read"),
        ([page(1, unread=1), page()], [1], False, "one cannot be read, without a count"),
    ],
)
def test_a_list_counts_as_whole_only_if_it_surely_is(pages, found, whole, why):
    """A second candidate that went unseen would give a job the wrong task."""
    answer, taken = read(TaskListing(dialect(), "clip"), *pages)
    assert (ids(answer), answer.whole, taken) == (found, whole, len(pages)), why


def test_a_list_without_pages_is_one_call():
    """Its one reply is all there is, unless the service counts more."""
    unpaged = dialect(page_name=False)
    assert read(TaskListing(unpaged, "clip"), page(1, 2))[0].whole
    assert not read(TaskListing(unpaged, "clip"), page(1, 2, total=3))[0].whole


def test_a_list_that_never_ends_is_refused():
    """Bounded, whatever the service does."""
    listing = TaskListing(dialect(), "clip")
    for number in range(MAX_PAGES):
        assert listing.next_call() is not None
        listing.add(page(2 * number + 1, 2 * number + 2))
    with pytest.raises(ReplyError, match=f"{MAX_PAGES} pages"):
        listing.next_call()


def test_a_dialect_without_a_list_is_told():
    """The profile has to describe it."""
    with pytest.raises(ConfigError, match="no list call"):
        TaskListing(QueryDialect.from_mapping({}), "clip").next_call()


@given(
    total=st.integers(0, 40),
    cap=st.integers(1, 7),
    told=st.booleans(),
    asked=st.integers(1, 9),
)
def test_every_honest_list_is_read_to_its_end(total, cap, told, asked):
    """Whatever page length is asked for, and whatever the service makes of it."""
    listing = TaskListing(dialect(page_size=asked), "clip")
    number, everything = 0, list(range(1, total + 1))
    while listing.next_call() is not None:
        size = min(cap, asked)
        listing.add(page(*everything[number * size : (number + 1) * size], total=total if told else None))
        number += 1
    answer = listing.answer()
    assert (ids(answer), answer.whole) == (everything, True)
