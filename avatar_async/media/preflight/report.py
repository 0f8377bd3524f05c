"""A whole preflight: the files of many requests, or files by themselves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from avatar_async.media.preflight.findings import Finding, Gravity, named, verdict
from avatar_async.media.preflight.looking import Asked, Looker, Seen, merged
from avatar_async.media.preflight.rules import SCREENS, alone_findings, request_findings
from avatar_async.media.preflight.uses import uses_of
from avatar_async.requests import Request

if TYPE_CHECKING:
    from avatar_async.media.screens import ScreenLook


@frozen(kw_only=True)
class Checked:
    """What a preflight found.

    Attributes:
        findings: Everything that was found, in the order of the jobs and files.
        seen: What was seen of each file, by address.
    """

    findings: tuple[Finding, ...]
    seen: Mapping[str, Seen]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What refuses a run."""
        return tuple(finding for finding in self.findings if finding.gravity is Gravity.ERROR)

    @property
    def verdict(self) -> str:
        """The worst of it in a word: failed, unknown, warnings or passed."""
        return verdict(self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        gravities = [finding.gravity for finding in self.findings]
        return {gravity.value: gravities.count(gravity) for gravity in Gravity}


def facts_of(address: str, seen: Seen) -> dict[str, Any]:
    """Return what was learnt of a file as `check --json` prints it; null is unknown."""
    footage = seen.footage
    facts: dict[str, Any] = {
        "file": named(address),
        "failure": str(seen.failure) if seen.failure else None,
    }
    if footage is None:
        return {**facts, "sort": None}
    screens = [look for look in seen.screens.values() if look.screen_rgb is not None]
    best = max(screens, key=lambda look: look.coverage, default=None)
    return {**facts, **asdict(footage), "screen": None if best is None else _screen(best)}


def _screen(look: "ScreenLook") -> dict[str, Any]:
    return {
        "rgb": look.screen_rgb,
        "sample_bgr": look.sample_bgr,
        "coverage": look.coverage,
        "lighting": look.lighting,
        "spill": look.spill,
        "leftover_at_160": look.leftover(160),
        "pictures": look.pictures,
    }


async def check_requests(
    requests: Sequence[tuple[str | None, Request]], looker: Looker, *, lenient: bool = False
) -> Checked:
    """Look at the files of requests, each once, and judge them.

    Args:
        requests: Names of jobs and their requests.
        looker: Looks at the files.
        lenient: Whether rules of length only warn, as against an endpoint on this machine.
    """
    asked = merged((use.address, use.asked) for _, request in requests for use in uses_of(request))
    seen = await looker.look_at(asked)
    found = (request_findings(job, request, seen, lenient=lenient) for job, request in requests)
    return Checked(findings=tuple(finding for each in found for finding in each), seen=seen)


async def check_files(addresses: Iterable[str], looker: Looker) -> Checked:
    """Look at files by themselves: videos as footage for any call, the rest by what it is.

    Args:
        addresses: Where they are.
        looker: Looks at them.
    """
    seen = await looker.look_at(dict.fromkeys(addresses, Asked(decoded=True, samples=frozenset(SCREENS))))
    found = (alone_findings(address, each) for address, each in seen.items())
    return Checked(findings=tuple(finding for each in found for finding in each), seen=seen)
