"""Every fault by name, with short names for common parameters."""

import re
import textwrap
from collections.abc import Mapping
from typing import Any

from attrs import NOTHING, fields, frozen

from avatar_async.emulator.faults.answers import EndToken, Garbage, Redirect, Status
from avatar_async.emulator.faults.base import HTTP, Fault
from avatar_async.emulator.faults.connection import Delay, Hang, Reset, Slow, Truncate
from avatar_async.emulator.faults.results import Corrupt, Fail, Rename, Vanish, WrongMd5, WrongSize
from avatar_async.emulator.faults.rules import ENDPOINTS
from avatar_async.emulator.faults.shown import ExtraTask, LeaveOut, OtherTask, Put, Say, Times, Twice, WrongId
from avatar_async.emulator.faults.transfers import (
    EarlyEnd,
    Flip,
    Gzip,
    NoRange,
    OtherLength,
    Revoke,
    Validator,
    WrongRange,
)

#: Every kind of fault by its name.
FAULTS: Mapping[str, type[Fault]] = {
    each.name: each
    for each in (
        *(Reset, Delay, Hang, Truncate, Slow),
        *(Status, Redirect, Garbage, EndToken),
        *(WrongId, OtherTask, ExtraTask, LeaveOut, Twice, Say, Put, Times),
        *(WrongRange, NoRange, Validator, Gzip, OtherLength, EarlyEnd, Revoke, Flip),
        *(Fail, Corrupt, WrongMd5, WrongSize, Rename, Vanish),
    )
}
#: Short names: a fault with some parameters given.
SHORT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "reset-before": ("reset", {"when": "before"}),
    "reset-after": ("reset", {"when": "after"}),
    "reset-middle": ("reset", {"when": "middle"}),
    "delay-after": ("delay", {"when": "after"}),
    "hang-after": ("hang", {"when": "after"}),
    "stall": ("hang", {"when": "middle"}),
    "envelope": ("status", {"code": 200, "envelope_code": 1}),
    "unknown-status": ("say", {"status": "MELTING"}),
    "back": ("say", {"status": "RUNNING", "progress": 10, "only": "SUCCESS"}),
    "forget": ("vanish", {"after_s": 0.0}),
}

_GRAMMAR = """\
A spec is a list, separated by commas:
    query:503                     each time
    query:503@3                   the third time; or @2+5, @every4, @first3
    create:reset-after@5%         by chance; seed=NUMBER gives other chances
    create:reset-after@5%x2       twice at most
    file:truncate@first2/name     calls are counted for each name on its own
    file[anchor-*]:truncate       only where the job's or material's name fits
    query:429(retry_after=2)@3    with parameters
Counts of calls are kept in the emulator's folder: after a restart they go on.

Endpoints (file is a download, result what a task makes, * any HTTP call):""".splitlines()

_STATUS = re.compile(r"[2-5]\d\d")


@frozen
class Known:
    """Name a fault and the parameters its name implies."""

    type: type[Fault]
    given: Mapping[str, Any]


def find(name: str) -> Known | None:
    """Return the fault of a name, short name or status number; None if there is none."""
    if _STATUS.fullmatch(name):
        kind = Redirect if name.startswith("3") else Status
        return Known(kind, {"code": int(name)})
    if name in SHORT:
        full, given = SHORT[name]
        return Known(FAULTS[full], given)
    return Known(FAULTS[name], {}) if name in FAULTS else None


def names() -> list[str]:
    """Return all names, for messages."""
    return [*FAULTS, *SHORT]


def listing() -> str:
    """Return how a spec is written, and every fault with its places and parameters, for people."""
    lines = [*_GRAMMAR, *_wrapped(", ".join(ENDPOINTS), "    "), "", "Faults, and the calls that they fit:"]
    for name, fault in FAULTS.items():
        places = "any call" if fault.places == HTTP else ", ".join(sorted(fault.places))
        lines += [f"{name}  ({places})", *_wrapped(fault.meaning, "    ")]
        for each in fields(fault):
            default = "required" if each.default is NOTHING else f"[{_shown(each.default)}]"
            words = each.metadata["words"]
            allowed = f" ({', '.join(words)})" if words else ""
            lines += _wrapped(f"{each.name} {default}: {each.metadata['meaning']}{allowed}", "    - ")
    lines += ["", "Short names:"]
    lines += [f"    {name} = {find_text(name)}" for name in SHORT]
    lines += ["    NNN = status(code=NNN), or redirect(code=3NN)"]
    return "\n".join(lines) + "\n"


def find_text(name: str) -> str:
    """Return what a short name stands for, as a spec writes it."""
    full, given = SHORT[name]
    return FAULTS[full](**given).text if given else full


def _wrapped(text: str, lead: str) -> list[str]:
    return textwrap.wrap(text, 79, initial_indent=lead, subsequent_indent=" " * len(lead))


def _shown(value: object) -> str:
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value) or "none"
    )
