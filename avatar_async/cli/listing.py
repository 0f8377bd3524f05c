"""Reading a ledger for `status` in pieces, so that a million jobs take no more memory than a thousand."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from attrs import frozen

from avatar_async._jobs.expiry import burden, overtaken
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import RETRYABLE, State
from avatar_async.orchestrator.status import SCHEMA_VERSION, Telling, counts_of, deadlines_of, speed_of

if TYPE_CHECKING:
    from avatar_async._storage.ledger import Ledger

#: Jobs read at a time.
PAGE: Final = 500
#: Jobs of one sort that a long table shows.
_MOST_OF_A_SORT: Final = 25
#: What a long table shows beside what needs a person, in this order.
_SORTS: Final = (State.SUBMITTING, State.IN_FLIGHT, State.PLANNED)
_UNFETCHED: Final = frozenset({State.READY, State.FETCHING})
_encoded: Final = msgspec.json.Encoder().encode


@frozen(kw_only=True)
class Facts:
    """What is known of a ledger as a whole.

    Attributes:
        now: When it was read.
        counts: How many jobs are in each state.
        deadlines_s: Seconds after which a task is overdue, by kind.
        late: Ids of jobs whose files do not come home in time at the speed of the latest run.
    """

    now: datetime
    counts: Mapping[State, int]
    deadlines_s: Mapping[str, float]
    late: frozenset[str]

    @property
    def total(self) -> int:
        """Return how many jobs there are."""
        return sum(self.counts.values())


async def facts(ledger: "Ledger", now: datetime, *, most_unfetched: int | None = None) -> Facts:
    """Read what is known of a ledger as a whole.

    Args:
        ledger: The ledger.
        now: The present instant.
        most_unfetched: How many of the jobs whose results vanish first are looked at for being late.
    """
    speed_bytes_s = await speed_of(ledger)
    burdens: list[tuple[datetime | None, str, int]] = []
    if speed_bytes_s is not None and most_unfetched is not None:
        burdens = [burden(job) for job in await ledger.vanishing(limit=most_unfetched)]
    elif speed_bytes_s is not None:
        burdens = [burden(job) async for page in pages(ledger, _UNFETCHED) for job in page]
    return Facts(
        now=now,
        counts=await ledger.counts(),
        deadlines_s=await deadlines_of(ledger),
        late=overtaken(burdens, now, speed_bytes_s),
    )


async def pages(
    ledger: "Ledger", states: Collection[State] | None, *, limit: int | None = None
) -> AsyncIterator[list[Job]]:
    """Yield the jobs of these states, all if None, in the order they were added.

    Each page is read at its own moment: nothing keeps the log of a run from being cleared meanwhile.
    """
    last: str | None = None
    while page := await ledger.page(states=states, after=last, limit=limit or PAGE):
        yield page
        last = page[-1].id
        if limit is not None:
            return


async def needed(ledger: "Ledger", jobs: Sequence[Job]) -> dict[tuple[str, str], State]:
    """Return the states of the jobs that these need, by batch and name."""
    names = {(job.batch, name) for job in jobs for name in job.needs}
    return await ledger.states_of(names) if names else {}


async def selection(ledger: "Ledger") -> list[Job]:
    """Return the jobs that a person wants to see first of a ledger too long to be read.

    Who waits for a person comes first, then what ended badly, what vanishes soonest, and what goes on.
    """
    found = await ledger.to_look_at(limit=_MOST_OF_A_SORT)
    for state in sorted(RETRYABLE):
        found += await ledger.first(state, limit=_MOST_OF_A_SORT)
    found += await ledger.vanishing(limit=_MOST_OF_A_SORT)
    for state in _SORTS:
        found += await ledger.first(state, limit=_MOST_OF_A_SORT)
    return list({job.id: job for job in found}.values())


async def document(
    ledger: "Ledger", now: datetime, *, where: str = "", states: Collection[State] | None = None
) -> AsyncIterator[str]:
    """Yield the document of `status --json` piece by piece: a script may ask for a million jobs.

    Args:
        ledger: The ledger.
        now: The present instant, for what depends on it (flags).
        where: Option that names the ledger, such as `--out models`, for the commands in `next_step`.
        states: States of the jobs that are told, all if None; every job is counted.
    """
    known = await facts(ledger, now)
    telling = Telling(now=now, where=where, deadlines_s=known.deadlines_s, late=known.late)
    counts: Counter[State] = Counter()
    before = f'{{"schema": {SCHEMA_VERSION}, "jobs": ['
    async for page in pages(ledger, states):
        states_needed = await needed(ledger, page)
        counts.update(job.state for job in page)
        told = b",\n".join([_encoded(telling.job(job, states_needed)) for job in page])
        yield f"{before}\n{told.decode()}"
        before = ","
    counted = counts if states is None else known.counts
    yield f'{before if before != "," else ""}\n], "counts": {_encoded(counts_of(counted)).decode()}}}\n'
