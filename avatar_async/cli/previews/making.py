"""What `preview` does, step by step: check everything that was asked, make it, show it, pick from it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from avatar_async.cli import exits
from avatar_async.cli.given import Given
from avatar_async.cli.previews.advising import Wish
from avatar_async.cli.previews.media import missing
from avatar_async.cli.previews.sheets import check_pick, pick
from avatar_async.cli.previews.wanted import SetsGiven, read_wanted
from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from avatar_async.media.parameter_sets import ParameterSet

#: Previews from which a person has to confirm that they are meant.
MANY = 200
_NO_EXTRA = "previews need Pillow and PyAV: pip install 'avatar-async[media]'"


@frozen(kw_only=True)
class Asked:
    """What the command line asks of `preview`.

    Attributes:
        media: Paths and URLs, each once.
        sets: The parameter sets.
        wish: The advice that is asked for.
        at: Instants of videos to show, in seconds.
        local: Whether to key on this machine.
        quality: Whether to key in the quality mode.
        clips: Whether to key videos as well.
        workers: Previews made at a time here; None for the usual number.
        pick: Name of a set to save.
        target: Where to save it.
        many: Whether more than `MANY` previews are meant.
        dry_run: Whether to list only.
        no_preflight: Whether to skip the checks of the media.
    """

    media: tuple[str, ...]
    sets: SetsGiven = field(factory=SetsGiven)
    wish: Wish = field(factory=Wish)
    at: Sequence[float] = ()
    local: bool = False
    quality: bool = False
    clips: bool = False
    workers: int | None = None
    pick: str | None = None
    target: Path | None = None
    many: bool = False
    dry_run: bool = False
    no_preflight: bool = False


async def make(asked: Asked, given: Given) -> int:
    """Make the previews that are asked for, and return the exit code.

    Raises:
        ConfigError: Something asked for is wrong; carries all of it, and nothing was made or sent.
        AvatarError: As for `run`.
        OSError: Files cannot be written.
    """
    if not asked.media and asked.pick is not None:
        return _pick(asked, given)
    try:
        import av  # noqa: F401
        import PIL  # noqa: F401
    except ImportError as error:
        raise ConfigError(_NO_EXTRA) from error
    sets = _checked(asked, given)
    if asked.local:
        from avatar_async.cli.previews.here import make_here

        code = await make_here(asked, sets, given)
    else:
        from avatar_async.cli.previews.there import make_there

        code = await make_there(asked, sets, given)
    if asked.pick is not None and not asked.dry_run and code in (exits.ExitCode.DONE, exits.ExitCode.BAD_END):
        _pick(asked, given)
    return code


def _checked(asked: Asked, given: Given) -> "list[ParameterSet]":
    """Return the sets that are asked for.

    Raises:
        ConfigError: Something asked for is wrong; carries all of it.
    """
    wanted, problems = read_wanted(asked.sets)
    if not asked.media:
        problems.append("name pictures or videos to preview")
    problems += missing(asked.media)
    problems += [*_misfits(asked, given), *asked.wish.faults(asked.media)]
    if not problems:
        sets = wanted.sets()
        if asked.pick is not None and not asked.wish.may_make(asked.pick):
            problems += check_pick(asked.pick, sets)
        problems += _too_many(asked, sets)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError("\n  ".join([f"{count}, nothing was made or sent:", *problems]))
    return sets


def _misfits(asked: Asked, given: Given) -> list[str]:
    """Return what is wrong with options that do not go together."""
    if asked.local:
        service = {
            "--emulator": given.embedded,
            "--endpoint": given.endpoint,
            "--faults": given.faults,
            "--max-in-flight": given.max_in_flight,
            "--max-creates": given.max_creates,
            "--poll-rate": given.poll_rate,
            "--fetches": given.fetches,
            "--bandwidth": given.bandwidth_bytes_s,
            "--until": given.until_s,
        }
        problems = [
            f"{option} is for previews by the service; leave it out, or leave out --local"
            for option, value in service.items()
            if value not in (None, False)
        ]
    else:
        here = {"--quality": asked.quality, "--clips": asked.clips, "--workers": asked.workers}
        problems = [
            f"{option} is for previews made on this machine; add --local, or leave it out"
            for option, value in here.items()
            if value not in (None, False)
        ]
        if not given.embedded:
            from avatar_async.cli.previews.remote import only_local

            problems += only_local(asked.media)
    if asked.target is not None and asked.pick is None:
        problems.append(f"--to {asked.target} needs --pick SET: it is where the picked set is saved")
    return problems


def _too_many(asked: Asked, sets: "Sequence[ParameterSet]") -> list[str]:
    looks = max(1, len(set(asked.at))) if asked.local else 1
    total = len(sets) * len(asked.media) * looks
    if total <= MANY or asked.many or asked.dry_run:
        return []
    at = f" x {looks} instants" if looks > 1 else ""
    told = f"{len(sets)} sets x {len(asked.media)} media{at} = {total} previews; more than {MANY} need --yes"
    return [f"{told} (--dry-run lists them, --one-at-a-time makes fewer)"]


def _pick(asked: Asked, given: Given) -> int:
    assert asked.pick is not None
    target = asked.target or Path("picked.toml")
    name = pick(asked.pick, given.place.out, target)
    if given.manner.json:
        import json

        sys.stdout.write(json.dumps({"event": "picked", "set": name, "file": str(target)}) + "\n")
    elif not given.manner.quiet:
        sys.stdout.write(f'Saved {name} to {target}; in a manifest: include = ["{target}"]\n')
    return exits.ExitCode.DONE
