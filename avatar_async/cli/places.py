"""Where a command's ledger and results lie, and opening the ledger for a command beside a run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from avatar_async._storage.ledger import Ledger

LEDGER_NAME = "ledger.db"
#: Ledgers elsewhere that are named where there is none, those of the latest changes.
_MOST_NEAR = 3


@frozen(kw_only=True)
class Place:
    """A folder of results and its ledger.

    Attributes:
        out: The folder, as the user named it.
        ledger: The ledger's file.
        where: The option that names them again, "" if none is needed.
    """

    out: Path
    ledger: Path
    where: str


def place_of(out: Path | None, ledger: Path | None) -> Place:
    """Return the place that `--out` and `--ledger` name; without both it is the present folder.

    Raises:
        ConfigError: The ledger is a folder, or the folder is a file.
    """
    folder = out or (ledger.parent if ledger is not None else Path())
    if folder.exists() and not folder.is_dir():
        message = f"--out {folder} is a file; name a folder"
        raise ConfigError(message)
    if ledger is not None and ledger.is_dir():
        message = f"--ledger {ledger} is a folder; name the file, such as {ledger / LEDGER_NAME}"
        raise ConfigError(message)
    from avatar_async._jobs.advice import quoted

    if ledger is not None:
        where = f"--ledger {quoted(str(ledger))}"
    else:
        where = "" if folder == Path() else f"--out {quoted(str(folder))}"
    return Place(out=folder, ledger=ledger or folder / LEDGER_NAME, where=where)


@asynccontextmanager
async def opened(place: Place, *, read_only: bool) -> AsyncIterator["Ledger"]:
    """Open the ledger of a place for the block; a run may hold it at the same time.

    Raises:
        ConfigError: There is no ledger.
        LedgerError: It cannot be opened.
    """
    from avatar_async._storage.ledger import Ledger

    if not place.ledger.exists():
        raise ConfigError(_missing(place))
    async with Ledger.open(place.ledger, read_only=read_only, create=False, beside=True) as ledger:
        yield ledger


def _missing(place: Place) -> str:
    from avatar_async._jobs.advice import quoted

    message = f"there is no ledger at {place.ledger.absolute()}; name the folder of a run with --out DIR"
    there = place.out if place.out.is_dir() else place.out.parent
    near = sorted(there.glob(f"*/{LEDGER_NAME}"), key=lambda ledger: ledger.stat().st_mtime_ns, reverse=True)
    if near:
        options = [f"--out {quoted(str(ledger.parent))}" for ledger in near[:_MOST_NEAR]]
        message += f" (here {'is one' if len(near) == 1 else 'are some'}: {', '.join(options)})"
    return message
