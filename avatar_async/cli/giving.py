"""The options of every command that conducts a run, and the one object that they become."""

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, TypeAlias

from avatar_async.cli import exits
from avatar_async.cli import options as opt

if TYPE_CHECKING:
    from avatar_async.cli.given import Given

#: Adds a parameter to a command, as `click.option` does.
Adding: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]
_Work: TypeAlias = Callable[Concatenate["Given", ...], Coroutine[Any, Any, int]]

#: Options that have no use where nothing is created.
_OF_CREATES: tuple[Adding, ...] = (opt.faults, opt.max_in_flight, opt.max_creates)


def giving(
    *,
    first: Sequence[Adding] = (),
    after_limits: Sequence[Adding] = (),
    after_until: Sequence[Adding] = (),
    creates: bool = True,
) -> Callable[[_Work], Callable[..., None]]:
    """Return a decorator that makes a coroutine function the body of a command that conducts a run.

    The command takes the options of a run, in the order that its help shows, hands what they say to the
    function as one object and its own parameters by their names, and leaves with the exit code returned.

    Args:
        first: Options of the command's own that stand behind `--out`.
        after_limits: Those behind the limits, the last of which is `--bandwidth`.
        after_until: Those behind `--until`.
        creates: Whether the command makes tasks; if not, the options that only creates need are left out.
    """
    limits: list[Adding] = [opt.max_in_flight, opt.max_creates, opt.poll_rate, opt.fetches, opt.bandwidth]
    parameters: list[Adding] = [opt.out, *first, opt.embedded, opt.faults, opt.endpoint, opt.profile]
    parameters += [*limits, *after_limits, opt.until, *after_until]
    parameters += [opt.ledger, opt.rebind, opt.rebuild_ledger, opt.json, opt.quiet, opt.log_file]
    if not creates:
        parameters = [add for add in parameters if add not in _OF_CREATES]

    def decorate(work: _Work) -> Callable[..., None]:
        @wraps(work)
        def command(**values: Any) -> None:
            if not creates:
                values["max_creates"] = 0

            async def conduct() -> int:
                from avatar_async.cli.given import taken

                given, own = taken(values)
                return await work(given, **own)

            exits.if_interrupted("nothing was sent; the same command begins anew, or goes on")
            exits.leave(conduct)

        decorated: Callable[..., None] = command
        for add in reversed(parameters):
            decorated = add(decorated)
        return decorated

    return decorate
