"""Options that several commands share, with their help, and how examples are shown."""

from pathlib import Path
from typing import Annotated

import typer

from avatar_async.cli import values

#: Bounds are those of the profile's settings of the same names.
_MOST_IN_FLIGHT, _MOST_FETCHES = 100_000, 256
_LEAST_BANDWIDTH, _MOST_BANDWIDTH = 1024, 10**12

Manifests = Annotated[
    list[Path],
    typer.Argument(metavar="MANIFEST", hidden=True, show_default=False),
]
Out = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder of the results and their ledger.", show_default=False),
]
OutOrHere = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of a run. [default: this folder]", show_default=False),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="Ledger, if it is not DIR/ledger.db.", show_default=False),
]
Profile = Annotated[
    Path | None,
    typer.Option(
        "--profile", metavar="FILE", help="Settings (TOML). [default: $AVATAR_PROFILE]", show_default=False
    ),
]
Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        metavar="URL",
        help="Origin of the service. [default: $AVATAR_ENDPOINT]",
        show_default=False,
    ),
]
Embedded = Annotated[
    bool, typer.Option("--emulator", help="Run the embedded service; its state is kept in DIR/.emulator.")
]
Faults = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help="What goes wrong at the embedded service; see `emulator --faults list`.",
        show_default=False,
    ),
]
MaxInFlight = Annotated[
    int | None,
    typer.Option(
        parser=values.whole(1, _MOST_IN_FLIGHT, such_as=16),
        metavar="N",
        help="Tasks at the service at a time. [default: 16]",
        show_default=False,
    ),
]
MaxCreates = Annotated[
    int | None,
    typer.Option(
        parser=values.whole(0, 10**9, such_as=10),
        metavar="N",
        help="Create calls of this run, at most. [default: no bound]",
        show_default=False,
    ),
]
PollRate = Annotated[
    float | None,
    typer.Option(
        parser=values.number(0.001, 1000, such_as=5),
        metavar="R",
        help="Query calls a second, at most. [default: 5]",
        show_default=False,
    ),
]
Fetches = Annotated[
    int | None,
    typer.Option(
        parser=values.whole(1, _MOST_FETCHES, such_as=4),
        metavar="N",
        help="Downloads at a time. [default: 4]",
        show_default=False,
    ),
]
Bandwidth = Annotated[
    int | None,
    typer.Option(
        parser=values.size(_LEAST_BANDWIDTH, _MOST_BANDWIDTH),
        metavar="SIZE",
        help="Bytes a second of all downloads, such as 20MB. [default: no bound]",
        show_default=False,
    ),
]
ValidationMode = Annotated[
    str | None,
    typer.Option(
        parser=values.one_of("strict", "warn", "off"),
        metavar="MODE",
        help="strict refuses requests with errors, warn only tells, off does not look. [default: strict]",
        show_default=False,
    ),
]
Until = Annotated[
    float | None,
    typer.Option(
        parser=values.duration,
        metavar="TIME",
        help="Stop after 90s, 45m, 2h30m or 1d; the same command goes on later.",
        show_default=False,
    ),
]
CallbackPort = Annotated[
    int | None,
    typer.Option(
        parser=values.whole(0, 65535, such_as=8765),
        metavar="PORT",
        help="Take the service's completion callbacks at http://HOST:PORT/callback, as hints; "
        "0 is any free port.",
        show_default=False,
    ),
]
CallbackHost = Annotated[
    str | None,
    typer.Option(
        metavar="HOST",
        help="Address to take callbacks at. [default: 127.0.0.1]",
        show_default=False,
    ),
]
Rebind = Annotated[
    bool, typer.Option("--rebind", help="Accept a ledger that belongs to another endpoint or account.")
]
RebuildLedger = Annotated[
    bool, typer.Option("--rebuild-ledger", help="Make a lost ledger anew from the receipts in DIR.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show errors and what needs attention only.")]
LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log-file", metavar="FILE", help="Append a debug log; it holds no secrets.", show_default=False
    ),
]


def arguments(*rows: tuple[str, str]) -> str:
    """Return the part of a command's help that tells of its arguments, each with what it is.

    The arguments themselves are hidden from the help: it would show the types of Python for them.
    """
    width = max(len(name) for name, _ in rows)
    return "\n".join(["", "\b", "Arguments:", *(f"  {name:<{width}}  {text}" for name, text in rows), ""])


def examples(*rows: tuple[str, str] | str) -> str:
    """Return the end of a command's help: commands that can be typed, each with what it does.

    Args:
        rows: A command and a word about it, or a command alone.
    """
    lines = ["\b", "Examples:"]
    for row in rows:
        command, text = (row, "") if isinstance(row, str) else row
        if text:
            lines.append(f"  # {text}")
        lines.append(f"  {command}")
    return "\n".join(lines)
