"""Run `avatar-async`, also as `python -m avatar_async`."""

import sys


def main() -> None:
    """Run the command line with the process's arguments and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from avatar_async import __version__

        sys.stdout.write(f"avatar-async {__version__}\n")
        return
    from avatar_async.cli.stopped import end_like_ctrl_c, told

    try:
        end_like_ctrl_c()
        from avatar_async.cli.app import run

        run()
    except KeyboardInterrupt as error:
        line, code = told(error)
        sys.stderr.write(f"{line}.\n")
        sys.exit(code)


if __name__ == "__main__":
    main()
