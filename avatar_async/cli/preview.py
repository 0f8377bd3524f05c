"""`preview`: many pictures and videos times many parameter sets, on this machine or by the service."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import options as opt
from avatar_async.cli import values
from avatar_async.cli.giving import giving
from avatar_async.cli.pages import arguments, examples

if TYPE_CHECKING:
    from avatar_async.cli.given import Given

HELP = """See green-screen parameters at work before a training is paid for.

Keys pictures and videos with one or many sets of parameters and puts them on a
contact sheet: DIR/contact-sheet.html and .png. The defaults are always among
the sets. Choose a set on the sheet, or with --pick, and `include` it in a
manifest.

With --local the keying is done here, at once; the documented directions are
reproduced, not the vendor's pixels. Without, each picture and set is a preview
job of the service, as durable as any job of `run`. The same command goes on
with what was interrupted and makes nothing twice.
{arguments}
\b
Exit codes:
  0    every preview is there
  1    some could not be made, or need a person
  2    bad usage or configuration: nothing was sent
  129  SIGHUP (a closed terminal), 130 Ctrl-C, 143 SIGTERM: the same command
       goes on
""".format(
    arguments=arguments(("MEDIUM", "Pictures and videos: files, or http(s) addresses. None to pick only."))
)
EXAMPLES = examples(
    "avatar-async preview a.png --out looks --local --sweep h=120..200:20",
    ("avatar-async preview *.mp4 --out o --local --sweep h=90,160 --sweep blur=1,6", "a grid"),
    ("avatar-async preview a.png --out looks --local --preset black_edges", "a vendor's recipe"),
    ("avatar-async preview a.mp4 --out o --local --fix black-edges", "what helps against it"),
    ("avatar-async preview a.mp4 --out looks --local --auto --pick auto", "search, and carry on"),
    ("avatar-async preview https://x.example/a.png --out looks --sweep h=90", "by the service"),
    ("avatar-async preview --out looks --pick h180-blur6 --to picked.toml", "carry a set on"),
)


#: What is previewed, with which sets of parameters, and how.
_WANTED = (
    click.option(
        "--sweep",
        "sweeps",
        multiple=True,
        metavar="P=VALUES",
        help="Vary a parameter: h=120..200:20, blur_ks=1,3,6, sample_point_bgr=0,255,0/7,200,7. "
        "Several make a grid.",
    ),
    click.option("--one-at-a-time", is_flag=True, help="Vary one parameter at a time, not all in a grid."),
    click.option("--preset", "presets", multiple=True, metavar="NAME", help="Add a preset as a set."),
    click.option(
        "--set", "files", multiple=True, metavar="FILE", help="Add a file's [green_screen] as a set."
    ),
    click.option(
        "--base",
        "--include",
        "base",
        multiple=True,
        metavar="NAME|FILE",
        help="What the sets begin with, in place of the defaults.",
    ),
    click.option(
        "--fix",
        "fixes",
        multiple=True,
        metavar="COMPLAINT",
        help="Add the vendor's recipe against black-edges, green-tint, grey-cheeks or unclear, or against "
        "what is measured, and tell what it does to this one picture or video.",
    ),
    click.option("--auto", is_flag=True, help="Search parameters for one picture or video; score every set."),
    click.option("--local", is_flag=True, help="Key on this machine; nothing is sent."),
    click.option(
        "--quality", is_flag=True, help="Key better than the service does (--local only); the sheet says so."
    ),
    click.option("--clips", is_flag=True, help="Key videos too, 10 s at 540p at most (--local only)."),
    click.option(
        "--at",
        multiple=True,
        type=values.number(0, 10**6, such_as=5),
        metavar="SECONDS",
        help="Show videos at this instant. [default: 5, or the middle of shorter ones]",
    ),
    click.option(
        "--workers",
        type=values.whole(1, 64, such_as=3),
        metavar="N",
        help="Previews made at a time (--local only). [default: cores + 1]",
    ),
    click.option("--pick", metavar="SET", help="Save a set as a fragment that manifests include."),
    click.option(
        "--to",
        "target",
        type=values.PATH,
        metavar="FILE",
        help="Where --pick saves it. [default: picked.toml]",
    ),
    click.option("--yes", is_flag=True, help="Make more than 200 previews."),
    click.option("--dry-run", is_flag=True, help="List what would be made; make and send nothing."),
)


@click.command(help=HELP, epilog=EXAMPLES)
@click.argument("media", metavar="[MEDIUM...]", nargs=-1)
@giving(first=_WANTED, after_limits=(opt.no_preflight,))
async def preview(
    given: "Given",
    *,
    media: Sequence[str],
    sweeps: Sequence[str],
    one_at_a_time: bool,
    presets: Sequence[str],
    files: Sequence[str],
    base: Sequence[str],
    fixes: Sequence[str],
    auto: bool,
    local: bool,
    quality: bool,
    clips: bool,
    at: Sequence[float],
    workers: int | None,
    pick: str | None,
    target: Path | None,
    yes: bool,
    dry_run: bool,
    no_preflight: bool,
) -> int:
    """Preview media with sets of parameters."""
    from avatar_async.cli.previews.advising import Wish
    from avatar_async.cli.previews.making import Asked, make
    from avatar_async.cli.previews.wanted import SetsGiven

    asked = Asked(
        media=tuple(dict.fromkeys(media)),
        sets=SetsGiven(base=base, presets=presets, files=files, sweeps=sweeps, one_at_a_time=one_at_a_time),
        wish=Wish(fixes=tuple(dict.fromkeys(fixes)), auto=auto),
        at=at,
        local=local,
        quality=quality,
        clips=clips,
        workers=workers,
        pick=pick,
        target=target,
        many=yes,
        dry_run=dry_run,
        no_preflight=no_preflight,
    )
    return await make(asked, given)
