"""`emulator`: the service on loopback, for other programs."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import exits, values
from avatar_async.cli import options as opt
from avatar_async.cli.pages import examples

if TYPE_CHECKING:
    from avatar_async.emulator import Emulator

HELP = """Run the service on this machine until Ctrl-C.

Speaks the vendor's token and create calls and does honest work: models,
thumbnails and previews are made from the clips it is given. Its tasks, account
and port are kept in DIR, so that it goes on where it was. Demo clips are served
under /media/; put your own files into DIR/media/.

\b
What it does not do as the service does, it says here, when it is first asked
for, and in the results themselves:
  pixels          keyed by the documented directions; not the vendor's
  video previews  cut to 10 s, made smaller down to 540p
  segmentStyle 2  a learned segmentation, which keying cannot emulate: frames
                  keep their background and are labelled so
  segmentStyle 3  is the service's during synthesis: frames are keyed at once
"""
EXAMPLES = examples(
    "avatar-async emulator --port 8765",
    ("avatar-async emulator --time-scale 10 --strict", "ten times faster, ranges enforced"),
    ("avatar-async emulator --faults list", "what can go wrong, with all parameters"),
    (
        "avatar-async emulator --faults 'create:reset-after@5%,query:429@3,seed=7'",
        "5% of the create calls lose their reply, the third query has to wait",
    ),
    (
        "avatar-async emulator --faults 'file[anchor-*]:truncate@first2/name'",
        "the first two downloads of each anchor break off",
    ),
    ("avatar-async emulator --faults @faults.toml", "a plan from a file"),
    (
        "avatar-async emulator --callback http://127.0.0.1:8799/callback",
        "tell a run that was started with --callback-port 8799",
    ),
)


@click.command(help=HELP, epilog=EXAMPLES)
@click.option(
    "--port",
    type=values.whole(0, 65535, such_as=8765),
    default=0,
    metavar="P",
    help="Port. [default: the last one, or a free one]",
)
@click.option(
    "--data",
    type=values.PATH,
    default=Path("avatar-emulator"),
    show_default=True,
    metavar="DIR",
    help="Folder of its state.",
)
@click.option(
    "--time-scale",
    type=values.number(0.001, 10_000, such_as=10),
    default=1.0,
    show_default=True,
    metavar="X",
    help="How many times faster tasks run.",
)
@click.option("--strict", is_flag=True, help="Refuse numbers outside the documented ranges, too.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="HOST",
    help="Address to listen on; keep it on loopback.",
)
@click.option(
    "--faults",
    metavar="SPEC",
    help="What goes wrong, when and how often: ENDPOINT:FAULT@WHEN,... or @FILE; "
    "'list' shows how, and every fault.",
)
@click.option("--callback", metavar="URL", help="Post the id and status of each finished task there.")
@click.option("--allow-remote", is_flag=True, help="Also fetch media from, and call back, other machines.")
@opt.log_file
def emulator(
    port: int,
    data: Path,
    time_scale: float,
    strict: bool,
    host: str,
    faults: str | None,
    callback: str | None,
    allow_remote: bool,
    log_file: Path | None,
) -> None:
    """Run the service on this machine until Ctrl-C."""

    async def work() -> int:
        import anyio

        from avatar_async.cli import logs
        from avatar_async.cli.service import list_faults, open_emulator, read_faults
        from avatar_async.cli.signals import heeding
        from avatar_async.settings.checks import is_loopback

        logs.open_log(log_file)
        if faults == "list":
            sys.stdout.write(list_faults())
            return exits.ExitCode.DONE
        plan = read_faults(faults)
        if not is_loopback(host):
            exits.tell(
                f"warning: {host} is not loopback: other machines may reach this service, and clients refuse "
                "it unless their profile says allow_plain_http = true"
            )
        scope = anyio.CancelScope()
        with heeding(scope.cancel, scope.cancel, lambda _text: None), scope:
            async with open_emulator(
                data,
                demo_clips=True,
                say=exits.tell,
                host=host,
                port=port,
                time_scale=time_scale,
                strict=strict,
                faults=plan,
                callback_url=callback,
                allow_remote_sources=allow_remote,
                allow_remote_callbacks=allow_remote,
                tell=exits.tell,
            ) as service:
                logs.hide([service.app_key])
                _announce(service, data)
                await anyio.sleep_forever()
        exits.tell("Stopped; the same command goes on with the same tasks.")
        return exits.ExitCode.DONE

    exits.leave(work)


def _announce(service: "Emulator", data: Path) -> None:
    import shlex

    lines = [
        f"# The service listens at {service.endpoint}; paste this into another shell:",
        f"export AVATAR_ENDPOINT={shlex.quote(service.endpoint)}",
        f"export AVATAR_APP_ID={shlex.quote(service.app_id)}",
        f"export AVATAR_APP_KEY={shlex.quote(service.app_key)}",
    ]
    if service.faults.plan.rules:
        lines += ["# What goes wrong:", *(f"#   {rule.text}" for rule in service.faults.plan.rules)]
        lines += [f"#   seed={service.faults.plan.seed}; what happened is logged in {data / 'faults.jsonl'}"]
    lines += [f"# Counts of what was received: {service.endpoint}/emulator/received"]
    lines += [f"# Media in {data / 'media'}:"]
    names = sorted(entry.name for entry in os.scandir(data / "media") if entry.is_file())
    lines += [f"#   {service.media_url(name)}" for name in names]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
