"""Options that several commands share, with their help."""

import click

from avatar_async.cli import values

#: Bounds are those of the profile's settings of the same names.
_MOST_IN_FLIGHT, _MOST_FETCHES = 100_000, 256
_LEAST_BANDWIDTH, _MOST_BANDWIDTH = 1024, 10**12

manifests = click.argument("manifests", metavar="MANIFEST...", nargs=-1, required=True, type=values.PATH)
out = click.option(
    "--out", required=True, type=values.PATH, metavar="DIR", help="Folder of the results and their ledger."
)
out_or_here = click.option(
    "--out", type=values.PATH, metavar="DIR", help="Folder of a run. [default: this folder]"
)
ledger = click.option(
    "--ledger", type=values.PATH, metavar="FILE", help="Ledger, if it is not DIR/ledger.db."
)
profile = click.option(
    "--profile", type=values.PATH, metavar="FILE", help="Settings (TOML). [default: $AVATAR_PROFILE]"
)
endpoint = click.option(
    "--endpoint", metavar="URL", help="Origin of the service. [default: $AVATAR_ENDPOINT]"
)
embedded = click.option(
    "--emulator",
    "embedded",
    is_flag=True,
    help="Run the embedded service; its state is kept in DIR/.emulator.",
)
faults = click.option(
    "--faults",
    metavar="SPEC",
    help="What goes wrong at the embedded service; see `emulator --faults list`.",
)
max_in_flight = click.option(
    "--max-in-flight",
    type=values.whole(1, _MOST_IN_FLIGHT, such_as=16),
    metavar="N",
    help="Tasks at the service at a time. [default: 16]",
)
max_creates = click.option(
    "--max-creates",
    type=values.whole(0, 10**9, such_as=10),
    metavar="N",
    help="Create calls of this run, at most. [default: no bound]",
)
poll_rate = click.option(
    "--poll-rate",
    type=values.number(0.001, 1000, such_as=5),
    metavar="R",
    help="Query calls in any second, at most (of 2.5, two). [default: 5]",
)
fetches = click.option(
    "--fetches",
    type=values.whole(1, _MOST_FETCHES, such_as=4),
    metavar="N",
    help="Downloads at a time. [default: 4]",
)
bandwidth = click.option(
    "--bandwidth",
    "bandwidth_bytes_s",
    type=values.size(_LEAST_BANDWIDTH, _MOST_BANDWIDTH),
    metavar="SIZE",
    help="Bytes a second of all downloads, such as 20MB. [default: no bound]",
)
validation = click.option(
    "--validation",
    type=values.one_of("strict", "warn", "off"),
    metavar="MODE",
    help="strict refuses requests with errors, warn only tells, off does not look. [default: strict]",
)
no_preflight = click.option("--no-preflight", is_flag=True, help="Skip the checks of the media.")
until = click.option(
    "--until",
    "until_s",
    type=values.duration,
    metavar="TIME",
    help="Stop after 90s, 45m, 2h30m or 1d; the same command goes on later.",
)
callback_port = click.option(
    "--callback-port",
    type=values.whole(0, 65535, such_as=8765),
    metavar="PORT",
    help="Take the service's completion callbacks at http://HOST:PORT/callback, as hints; "
    "0 is any free port.",
)
callback_host = click.option(
    "--callback-host", metavar="HOST", help="Address to take callbacks at. [default: 127.0.0.1]"
)
rebind = click.option(
    "--rebind", is_flag=True, help="Accept a ledger that belongs to another endpoint or account."
)
rebuild_ledger = click.option(
    "--rebuild-ledger", is_flag=True, help="Make a lost ledger anew from the receipts in DIR."
)
json = click.option("--json", is_flag=True, help="One JSON object a line on stdout.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Show errors and what needs attention only.")
log_file = click.option(
    "--log-file", type=values.PATH, metavar="FILE", help="Append a debug log; it holds no secrets."
)
