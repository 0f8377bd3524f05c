"""Taking jobs up: everything that is wrong is told at once, before anything is written."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any, Final, TypeVar

import anyio.lowlevel
from attrs import evolve, frozen

from avatar_async._jobs import events as ev
from avatar_async._jobs.advice import command
from avatar_async._jobs.names import folder_choices, folder_key
from avatar_async._jobs.ports import Clock, JobStore
from avatar_async._jobs.records import Job, JobSpec, NewJob
from avatar_async._jobs.states import State
from avatar_async.errors import DuplicateRequestError, RequestChangedError, RequestError
from avatar_async.orchestrator.options import RunOptions
from avatar_async.requests import Difference, Kind, Severity, differences, fingerprint, from_plain

#: Kinds whose doubles cost real money.
_COSTLY: Final = frozenset({Kind.TRAINING, Kind.REBUILD, Kind.TAKEOVER})
#: Jobs that are dealt with before others have their turn.
_AT_ONCE: Final = 100
_Item = TypeVar("_Item")


@frozen(kw_only=True)
class Plan:
    """What taking up some jobs would write.

    Attributes:
        new: Jobs to insert.
        amended: Planned jobs whose fields changed, with the event that takes the change up.
        known: Jobs that are in the ledger as they are asked for.
        warnings: What a person should know, with the job's name.
    """

    new: tuple[NewJob, ...] = ()
    amended: tuple[tuple[Job, ev.Amended], ...] = ()
    known: tuple[Job, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


async def plan(store: JobStore, specs: Sequence[JobSpec], options: RunOptions, clock: Clock) -> Plan:
    """Return what taking up these jobs would write; writes nothing itself.

    Others have their turn in between, however many jobs there are.

    Raises:
        RequestError: Some requests have errors (under strict validation), a name is used twice,
            or needs lead nowhere or in a circle; all of it is listed.
        RequestChangedError: A job already submitted is given other fields.
        DuplicateRequestError: A request was already submitted under another name.
    """
    specs = [_with_ref_needs(spec) async for spec in _in_turns(specs)]
    names = {spec.name for spec in specs}
    existing: dict[str, Job] = {}
    for some in _slices(names | {need for spec in specs for need in spec.needs}):
        existing |= await store.find(options.batch, some)
    warnings = await _check_requests(specs, existing, options)
    prints = {spec.name: fingerprint(spec.request) async for spec in _in_turns(specs)}

    new = [spec for spec in specs if spec.name not in existing]
    amended = await _amendments(
        store, [spec for spec in specs if spec.name in existing], existing, prints, clock
    )
    if not options.allow_duplicate:
        turned = {job.name for job, event in amended if event.fingerprint != job.fingerprint}
        asked = [spec for spec in specs if spec.name not in existing or spec.name in turned]
        warnings += await _check_doubles(store, asked, prints)
    folders = await free_folders(store, [spec.name for spec in new])
    records = [
        NewJob(
            batch=options.batch,
            name=spec.name,
            kind=spec.kind,
            folder=folders[spec.name],
            task_name=spec.request.name,
            request=spec.request.to_plain(),
            fingerprint=prints[spec.name],
            needs=spec.needs,
            created_at=clock.now(),
        )
        async for spec in _in_turns(new)
    ]
    changed = {job.name for job, _ in amended}
    known = tuple(job for name, job in existing.items() if name in names and name not in changed)
    return Plan(new=tuple(records), amended=tuple(amended), known=known, warnings=tuple(warnings))


async def free_folders(store: JobStore, names: Sequence[str]) -> dict[str, str]:
    """Return a folder name for each new job: nobody's in the store, and no other's among these."""
    folders: dict[str, str] = {}
    given: set[str] = set()
    choices = {name: folder_choices(name) async for name in _in_turns(names)}
    wanted = {name: next(choices[name]) async for name in _in_turns(names)}
    while wanted:
        taken: set[str] = set()
        for some in _slices(wanted.values()):
            taken |= await store.taken_folders(some)
        again: dict[str, str] = {}
        async for name in _in_turns(wanted):
            folder = wanted[name]
            if folder in taken or folder_key(folder) in given:
                again[name] = next(choices[name])
            else:
                folders[name] = folder
                given.add(folder_key(folder))
        wanted = again
    return folders


def _slices(items: Iterable[_Item]) -> Iterable[list[_Item]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, _AT_ONCE)), [])


async def _in_turns(items: Iterable[_Item]) -> AsyncIterator[_Item]:
    """Yield the items; let others have their turn after every so many."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % _AT_ONCE == 0:
            await anyio.lowlevel.checkpoint()


def _with_ref_needs(spec: JobSpec) -> JobSpec:
    """Return the spec with the jobs it refers to among its needs."""
    needs = dict.fromkeys([*spec.needs, *(ref.job for ref in spec.request.refs())])
    return evolve(spec, needs=tuple(needs))


async def _check_requests(
    specs: Sequence[JobSpec], existing: Mapping[str, Job], options: RunOptions
) -> list[tuple[str, str]]:
    faults: list[str] = []
    warnings: list[tuple[str, str]] = []
    problems = []
    named = {spec.name for spec in specs}
    seen: set[str] = set()
    async for spec in _in_turns(specs):
        if spec.name in seen:
            faults.append(f"{spec.name}: the name is used twice")
        seen.add(spec.name)
        if options.validation != "off":
            for problem in spec.request.problems():
                problems.append(problem)
                if problem.severity is Severity.ERROR and options.validation == "strict":
                    faults.append(f"{spec.name}: {problem.path}: {problem.message}")
                else:
                    warnings.append((spec.name, f"{problem.path}: {problem.message}"))
        faults += [
            f"{spec.name}: needs {need!r}, which is no job of this batch"
            for need in spec.needs
            if need not in existing and need not in named
        ]
    # Whoever needs nobody is in no circle.
    order: TopologicalSorter[str] = TopologicalSorter()
    async for spec in _in_turns(spec for spec in specs if spec.needs):
        order.add(spec.name, *spec.needs)
    try:
        order.prepare()
    except CycleError as error:
        faults.append(f"jobs need each other in a circle: {' -> '.join(error.args[1])}")
    if faults:
        raise RequestError("\n".join(faults), problems)
    return warnings


async def _amendments(
    store: JobStore,
    specs: Sequence[JobSpec],
    existing: Mapping[str, Job],
    prints: Mapping[str, str],
    clock: Clock,
) -> list[tuple[Job, ev.Amended]]:
    amended: list[tuple[Job, ev.Amended]] = []
    faults: list[str] = []
    found: list[Difference] = []
    requests: dict[str, dict[str, Any]] = {}
    for position, spec in enumerate(specs):
        if position % _AT_ONCE == 0:
            asked = [existing[each.name] for each in specs[position : position + _AT_ONCE]]
            requests = await store.requests([job.id for job in asked if job.state is State.PLANNED])
        job = existing[spec.name]
        same = job.kind is spec.kind and job.fingerprint == prints[spec.name]
        if job.state is State.PLANNED and job.kind is spec.kind:
            # The whole request counts: an address signed anew replaces one that may have run out.
            if job.needs == spec.needs and requests[job.id] == spec.request.to_plain():
                continue
            event = ev.Amended(
                at=clock.now(),
                request=spec.request.to_plain(),
                fingerprint=prints[spec.name],
                task_name=spec.request.name,
                needs=spec.needs,
            )
            amended.append((job, event))
        elif not same:
            before = from_plain(job.kind, await store.request(job.id))
            changes = differences(before, spec.request)
            found += changes
            listed = "; ".join(f"{item.path}: {item.old!r} -> {item.new!r}" for item in changes)
            faults.append(
                f"{spec.name} is {job.state} and cannot take other fields ({listed}): {_remedy(job)}"
            )
    if faults:
        raise RequestChangedError("\n".join(faults), found)
    return amended


def _remedy(job: Job) -> str:
    if job.state in (State.REJECTED, State.FAILED, State.EXPIRED):
        return f"type `{command('retry', job.name)}` first, or give the changed job a new name"
    return "give the changed job a new name, or undo the change"


async def _check_doubles(
    store: JobStore, specs: Sequence[JobSpec], prints: Mapping[str, str]
) -> list[tuple[str, str]]:
    owners: dict[str, str] = {}
    for some in _slices({prints[spec.name] for spec in specs}):
        owners |= await store.submitted_as(some)
    warnings: list[tuple[str, str]] = []
    faults: list[str] = []
    for spec in specs:
        owner = owners.get(prints[spec.name])
        if owner in (None, spec.name):
            continue
        if spec.kind in _COSTLY:
            faults.append(f"{spec.name}: the same {spec.kind} was already submitted as {owner!r}")
        else:
            warnings.append((spec.name, f"the same {spec.kind} was already submitted as {owner!r}"))
    if faults:
        faults.append("it would be paid for again: --allow-duplicate submits it all the same")
        raise DuplicateRequestError("\n".join(faults))
    return warnings
