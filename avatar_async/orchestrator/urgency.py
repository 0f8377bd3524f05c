"""Who makes room, or gives way, for files that vanish sooner."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from avatar_async._jobs.expiry import AT_RISK, bytes_left, urgency
from avatar_async._jobs.records import Job

#: Downloads that end within this many seconds are not interrupted for another.
_NEARLY_DONE_S: Final = 5.0
#: A job whose files would take this share of the time it has left does not wait for a slot.
_SHARE: Final = 0.5
#: Others give way to a job that would need more than this share of the time it has left,
_PRESSED: Final = 0.8
#: until it would need less than this one: in between, nothing changes.
_RELIEVED: Final = 0.5
#: A job that would be late even at this many times the measured speed is not worth holding others back.
_HOPELESS: Final = 2.0


def displaced(
    newcomer: Job,
    running: Iterable[Job],
    now: datetime,
    speed_bytes_s: float | None,
    *,
    yields: Callable[[Job], bool] = lambda _: False,
) -> Job | None:
    """Return the download to be parked, with what it has, for a job that waits for a slot; None to wait.

    The least urgent one makes room, if it is less urgent than the newcomer and the newcomer is at risk
    otherwise. Urgency never changes, so that a job is parked at most once for each more urgent one.

    Args:
        newcomer: The most urgent job that waits.
        running: The jobs that hold a slot.
        now: The present instant.
        speed_bytes_s: Measured speed of all downloads together, if known.
        yields: Tells of a running job whether it gives way to another, so that its end is not near.
    """
    running = list(running)
    victim = max(running, key=urgency, default=None)
    if victim is None or urgency(victim) <= urgency(newcomer) or newcomer.expires_at is None:
        return None
    left_s = (newcomer.expires_at - now).total_seconds()
    if left_s <= 0:
        return None
    if speed_bytes_s:
        rest_s = bytes_left(victim) * len(running) / speed_bytes_s
        if not yields(victim) and 0 < rest_s < min(_NEARLY_DONE_S, left_s / 10):
            return None
        ahead = sum(bytes_left(job) for job in running) + bytes_left(newcomer)
        if ahead / speed_bytes_s > left_s * _SHARE:
            return victim
    return victim if left_s < AT_RISK.total_seconds() else None


@frozen(kw_only=True)
class Transfer:
    """What of a job is still to come.

    Attributes:
        urgency: The lowest vanishes first.
        left_bytes: Bytes still to come; None if the length of a file is not known.
        left_s: Seconds until the results vanish; None if that is not known.
        running: Whether it is on its way now, not waiting for a slot.
    """

    urgency: tuple[float, str]
    left_bytes: int | None
    left_s: float | None
    running: bool


@frozen(kw_only=True)
class Rest:
    """What is to come for jobs that cannot be pressed, behind all others.

    Attributes:
        left_bytes: Bytes of those for which that is known.
        longest_bytes: The most of any of them.
        unknown: How many there are for which it is not known.
    """

    left_bytes: int = 0
    longest_bytes: int = 0
    unknown: int = 0


#: Nothing is to come beside what is told one by one.
NOTHING: Final = Rest()


def horizon_s(rest: Rest, running: Iterable[Transfer], speed_bytes_s: float) -> float:
    """Return a number of seconds; whoever has more of them left is neither pressed nor hopeless.

    Args:
        rest: What is to come for all jobs that wait.
        running: The jobs under way.
        speed_bytes_s: Measured speed of the line, more than 0.
    """
    known, unknown, longest = rest.left_bytes, rest.unknown, rest.longest_bytes
    for each in running:
        known += each.left_bytes or 0
        unknown += each.left_bytes is None
        longest = max(longest, each.left_bytes or 0)
    all_s = (known + unknown * longest) / speed_bytes_s / _RELIEVED
    return max(all_s, AT_RISK.total_seconds()) if unknown else all_s


def first_pressed(
    transfers: Iterable[Transfer], speed_bytes_s: float, *, holding: bool, rest: Rest = NOTHING
) -> Transfer | None:
    """Return the most urgent transfer that needs others to give way; None if all get home as it is.

    The line shares itself equally among those under way. A transfer is pressed if at its share it would need
    more than four fifths of the time it has left, or if all that vanish no later would, at their shares
    together; so nobody is held back while days are left, and the order of expiry still meets what it could
    have met from the start. Once others give way, that lasts until half of the time would do.

    Files of unknown length count as the largest of the others; who has such a file is pressed on its last
    day, since nobody can tell how soon it is home. What has vanished, or would be late at twice the
    speed with the line for itself, presses nobody.

    Args:
        transfers: Every job with files to come that is under way or could be, save the rest.
        speed_bytes_s: Measured speed of the line, more than 0.
        holding: Whether others give way at present.
        rest: What is to come for jobs beyond the `horizon_s`.
    """
    worth = sorted(
        (each for each in transfers if not _hopeless(each, speed_bytes_s)), key=lambda each: each.urgency
    )
    longest = max((each.left_bytes or 0 for each in worth), default=0)
    longest = max(longest, rest.longest_bytes)
    lengths = [longest if each.left_bytes is None else each.left_bytes for each in worth]
    total = sum(lengths) + rest.left_bytes + rest.unknown * longest
    at_once = max(1, sum(each.running for each in worth))
    share = _RELIEVED if holding else _PRESSED
    ahead, ahead_at_once = 0, 0
    for each, length in zip(worth, lengths, strict=True):
        ahead += length
        ahead_at_once += each.running
        if each.left_s is None or each.left_bytes == 0:
            continue
        alone_s = min(length * at_once, total) / speed_bytes_s
        group_s = min(ahead * at_once / max(1, ahead_at_once), total) / speed_bytes_s
        unknown = each.left_bytes is None and each.left_s < AT_RISK.total_seconds()
        if unknown or max(alone_s, group_s) > each.left_s * share:
            return each
    return None


def going_on(transfers: Sequence[Transfer], pressed: Transfer | None, extra: int) -> tuple[float, str] | None:
    """Return the least urgency that goes on while the rest give way; None if nobody has to.

    Args:
        transfers: As for `first_pressed`.
        pressed: To whom the others give way.
        extra: How many more go on, because the first ones cannot use the line up.
    """
    running = sorted(each.urgency for each in transfers if each.running)
    first = 0 if pressed is None else sum(urgency <= pressed.urgency for urgency in running)
    if not first or first + extra >= len(running):
        return None
    return running[first + extra - 1]


def _hopeless(transfer: Transfer, speed_bytes_s: float) -> bool:
    if transfer.left_s is None:
        return False
    return (transfer.left_bytes or 0) / speed_bytes_s >= transfer.left_s * _HOPELESS
