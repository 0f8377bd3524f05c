"""Faults of how tasks are shown: wrong ids, odd statuses, wrong times, left out, shown twice."""

# ruff: noqa: ARG002 - overrides share one signature

import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from attrs import frozen

from avatar_async.emulator.faults.base import SHOWS, Delivery, ShownFault, World, param

_SERVICE_ZONE = timezone(timedelta(hours=8))
_TASKS = frozenset({"query", "list"})
_WRONG_IDS: Mapping[str, Any] = {
    "text": "not-a-number",
    "number-text": "12345",
    "float": 1.5,
    "negative": -1,
    "zero": 0,
    "null": None,
    "huge": 1 << 80,
    "bool": True,
    "list": [1],
    "object": {"url": "http://127.0.0.1/"},
}


@frozen(kw_only=True)
class WrongId(ShownFault):
    """Show a task, or accept one, under an id that is not its own."""

    name: ClassVar[str] = "wrong-id"
    meaning: ClassVar[str] = "name another id; the task itself keeps its own"
    to: str = param(
        "unknown",
        "an id nobody has, another task's, or a value of a wrong type",
        words=("unknown", "other", *_WRONG_IDS),
    )

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Exchange the id."""
        if self.to in _WRONG_IDS:
            return [{**shown, "taskId": _WRONG_IDS[self.to]}]
        other = world.other_task(shown.get("taskId"), dice) if self.to == "other" else None
        return [{**shown, "taskId": other["taskId"] if other else dice.randrange(1, 1 << 40)}]


@frozen(kw_only=True)
class OtherTask(ShownFault):
    """Show another task's data."""

    name: ClassVar[str] = "other-task"
    places: ClassVar[frozenset[str]] = _TASKS
    meaning: ClassVar[str] = "show another task's data in its place, under its own id or the other's"
    keep_id: bool = param(True, "under the id that was asked for")

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Exchange everything, with or without the id."""
        other = world.other_task(shown.get("taskId"), dice)
        if other is None:
            return [dict(shown)]
        return [{**other, "taskId": shown["taskId"]} if self.keep_id else other]


@frozen(kw_only=True)
class ExtraTask(ShownFault):
    """Show a task nobody asked for."""

    name: ClassVar[str] = "extra-task"
    places: ClassVar[frozenset[str]] = _TASKS
    meaning: ClassVar[str] = "show another task beside the one asked for"

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Add the other task in front."""
        other = world.other_task(shown.get("taskId"), dice)
        return [*([other] if other else []), dict(shown)]


@frozen(kw_only=True)
class LeaveOut(ShownFault):
    """Leave a task out."""

    name: ClassVar[str] = "leave-out"
    places: ClassVar[frozenset[str]] = SHOWS
    meaning: ClassVar[str] = "leave the task out; a create call's reply has no id, a callback is not sent"

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Show nothing."""
        return []


@frozen(kw_only=True)
class Twice(ShownFault):
    """Show a task, or send a callback, more than once."""

    name: ClassVar[str] = "duplicate"
    places: ClassVar[frozenset[str]] = _TASKS | {"callback"}
    meaning: ClassVar[str] = "show the task several times; send the callback several times"
    times: int = param(2, "how often", least=2)
    gap_s: float = param(0.0, "time between two callbacks", least=0)

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Repeat the object."""
        return [dict(shown) for _ in range(self.times)]

    def deliver(self, delivery: Delivery, dice: random.Random) -> None:
        """Send it again."""
        delivery.times, delivery.gap_s = self.times, self.gap_s


@frozen(kw_only=True)
class Say(ShownFault):
    """Show another status and progress than the true ones."""

    name: ClassVar[str] = "say"
    places: ClassVar[frozenset[str]] = _TASKS | {"callback"}
    meaning: ClassVar[str] = "show another status: a known one out of its order, or an unknown one"
    status: str = param("RUNNING", "status that is shown")
    progress: int | None = param(None, "progress that is shown; the true one if not given")
    only: str = param("", "only while the true status is this one, such as SUCCESS; counts only then")

    def counts(self, shown: Mapping[str, Any]) -> bool:
        """Tell whether the true status is the one wanted."""
        return not self.only or shown.get("status") == self.only

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Exchange the status; only a finished task shows its files and times."""
        changed = {**shown, "status": self.status}
        if "progress" in shown:
            changed["progress"] = shown["progress"] if self.progress is None else self.progress
        if "files" in shown and self.status in {"QUEUED", "RUNNING", "FAILED"}:
            changed["files"] = []
            if self.status != "FAILED":
                changed |= {"finishTime": None, "expireTime": None}
        return [changed]


@frozen(kw_only=True)
class Put(ShownFault):
    """Show any value in any field."""

    name: ClassVar[str] = "put"
    places: ClassVar[frozenset[str]] = _TASKS | {"callback"}
    meaning: ClassVar[str] = "show a value of your own in a field of the task or of its first file"
    field: str = param("status", "name of the field; file.NAME is one of each file's")
    value: str = param("null", "the value, in JSON; what is no JSON is text")

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Exchange one field."""
        try:
            value = json.loads(self.value)
        except ValueError:
            value = self.value
        of_file = self.field.removeprefix("file.")
        if of_file == self.field:
            return [{**shown, self.field: value}]
        return [{**shown, "files": [{**each, of_file: value} for each in shown.get("files", [])]}]


@frozen(kw_only=True)
class Times(ShownFault):
    """Show wrong times."""

    name: ClassVar[str] = "times"
    places: ClassVar[frozenset[str]] = _TASKS
    meaning: ClassVar[str] = "show wrong times of a finished task"
    what: str = param(
        "naive",
        "naive: without zone, in +08:00; utc-naive: the same in UTC; expired: expireTime is past; "
        "far: it is in the year 9999; early, late: finishTime is a day off; none; senseless; number",
        words=("naive", "utc-naive", "expired", "far", "early", "late", "none", "senseless", "number"),
    )

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Exchange the times."""
        if not shown.get("finishTime"):
            return [dict(shown)]
        finish, expire = shown["finishTime"], shown.get("expireTime")
        return [{**shown, **self._times(world.now(), finish, expire)}]

    def _times(self, now: datetime, finish: str, expire: str | None) -> dict[str, Any]:
        day = timedelta(days=1)
        finish_at = datetime.fromisoformat(finish)
        if self.what in {"naive", "utc-naive"}:
            zone = _SERVICE_ZONE if self.what == "naive" else finish_at.tzinfo
            shown = {"finishTime": finish, "expireTime": expire}
            return {
                name: text and datetime.fromisoformat(text).astimezone(zone).replace(tzinfo=None).isoformat()
                for name, text in shown.items()
            }
        wrong: dict[str, dict[str, Any]] = {
            "expired": {"expireTime": (now - day).isoformat()},
            "far": {"expireTime": "9999-12-31T23:59:59+00:00"},
            "early": {"finishTime": (finish_at - day).isoformat()},
            "late": {"finishTime": (finish_at + day).isoformat()},
            "none": {"finishTime": None, "expireTime": None},
            "senseless": {"finishTime": "yesterday", "expireTime": "32 Jan"},
            "number": {"finishTime": int(finish_at.timestamp() * 1000), "expireTime": True},
        }
        return wrong[self.what]
