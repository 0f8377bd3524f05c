"""What a fault is, and what it may do to a call, to a task shown and to a callback."""

import json
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

from aiohttp import web
from attrs import NOTHING, define, evolve, field, fields, frozen

from avatar_async.emulator.replies import Content, Reply, Sending, reply_of

#: HTTP calls of the interface, as rules name them.
API = frozenset({"create", "query", "list", "token", "refresh"})
#: Every HTTP call a fault can hit.
HTTP = API | {"file"}
#: Calls that show tasks.
SHOWS = frozenset({"create", "query", "list", "callback"})
#: Whether something goes wrong before a call is handled, or after.
WHEN = ("before", "after")

Inner = Callable[[], Awaitable[web.StreamResponse]]


class World(Protocol):
    """What a fault may ask of the emulator and do to it."""

    @property
    def endpoint(self) -> str:
        """Origin of the service."""

    def now(self) -> datetime:
        """Return the emulator's time."""

    async def wait(self, seconds: float) -> None:
        """Wait on the emulator's clock, or until it closes."""

    async def until_gone(self, request: web.Request) -> None:
        """Wait until the other side has left, or until the emulator closes."""

    async def end_token(self, authorization: str | None) -> None:
        """Make a token invalid from now on."""

    def revoke(self, address: str) -> None:
        """Refuse an artifact's address (path and query) from now on."""

    def other_task(self, task_id: Any, dice: random.Random) -> dict[str, Any] | None:
        """Return what the service would show of another task, or None if there is none."""


@frozen(kw_only=True)
class Hit:
    """Describe one call that is hit.

    Attributes:
        request: The call.
        endpoint: Which one, such as `create.training`.
        world: The emulator.
        dice: Chances of this hit, the same at each replay.
    """

    request: web.Request
    endpoint: str
    world: World
    dice: random.Random

    def sending(self, reply: Reply) -> Sending:
        """Return the response that sends a reply."""
        return Sending(reply, self.world.wait, self.world.until_gone)


@define(kw_only=True)
class Delivery:
    """Describe one callback on its way; faults change it.

    Attributes:
        body: What is posted.
        times: How often.
        gap_s: Time between two of them, in seconds.
        delay_s: Time before the first, in seconds.
    """

    body: bytes
    times: int = 1
    gap_s: float = 0.0
    delay_s: float = 0.0


def param(
    default: Any,
    meaning: str,
    *,
    least: float | None = None,
    most: float | None = None,
    words: Sequence[str] = (),
) -> Any:
    """Declare a parameter of a fault.

    Args:
        default: Used if it is not given.
        meaning: One line for the reader of `--faults list`.
        least: Smallest value allowed.
        most: Largest value allowed.
        words: The values allowed, if they are words of a closed set.
    """

    def check(_self: object, attribute: Any, value: Any) -> None:
        if words and value not in words:
            raise ValueError(f"{attribute.name} must be one of {', '.join(words)}, not {value!r}")
        if least is not None and value is not None and value < least:
            raise ValueError(f"{attribute.name} must be at least {least:g}, not {value!r}")
        if most is not None and value is not None and value > most:
            raise ValueError(f"{attribute.name} must be at most {most:g}, not {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{attribute.name} must be a finite number, not {value!r}")

    metadata = {"meaning": meaning, "words": tuple(words)}
    return field(default=default, validator=check, metadata=metadata, kw_only=True)


@frozen(kw_only=True)
class Fault:
    """Be something that goes wrong. Each kind overrides the way it works."""

    #: How specs name it.
    name: ClassVar[str] = ""
    #: Where it can happen.
    places: ClassVar[frozenset[str]] = frozenset()
    #: What it does, in one line.
    meaning: ClassVar[str] = ""

    @property
    def text(self) -> str:
        """Return the fault as a spec writes it."""
        given = [
            f"{each.name}={_plain(getattr(self, each.name))}"
            for each in fields(type(self))
            if each.default is NOTHING or getattr(self, each.name) != each.default
        ]
        return f"{self.name}({', '.join(given)})" if given else self.name

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Answer a call, with or without having it handled by `inner`."""
        del hit
        return await inner()

    def deliver(self, delivery: Delivery, dice: random.Random) -> None:
        """Change a callback on its way."""


@frozen(kw_only=True)
class ReplyFault(Fault):
    """Change the reply of a call that was handled."""

    async def around(self, hit: Hit, inner: Inner) -> web.StreamResponse:
        """Have the call handled and change its reply."""
        return hit.sending(await self.change(hit, reply_of(await inner())))

    async def change(self, hit: Hit, reply: Reply) -> Reply:
        """Return the changed reply."""
        del hit
        return reply


@frozen(kw_only=True)
class ShownFault(Fault):
    """Change how a task is shown: in a query's or list's reply, a create's id, or a callback."""

    places: ClassVar[frozenset[str]] = SHOWS

    def counts(self, shown: Mapping[str, Any]) -> bool:
        """Tell whether this showing of a task is one of those that are counted."""
        del shown
        return True

    def show(self, shown: Mapping[str, Any], world: World, dice: random.Random) -> list[dict[str, Any]]:
        """Return what is shown in place of a task: usually one object."""
        del world, dice
        return [dict(shown)]


def with_content(reply: Reply, content: bytes, **headers: str) -> Reply:
    """Return a reply with another body and its right length."""
    changed = {**reply.headers, **headers}
    return evolve(reply, body=Content(content), promised_bytes=len(content), headers=changed)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if value.replace("-", "").replace("_", "").isalnum() else json.dumps(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
