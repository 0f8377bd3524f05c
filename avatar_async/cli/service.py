"""Open the service that a run talks to: the real one, or the embedded one."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from attrs import evolve

from avatar_async._jobs.ports import Service
from avatar_async._storage.lock import RunnerLock
from avatar_async.cli import logs
from avatar_async.cli.embedded import FOLDER, EmbeddedService, uses_embedded
from avatar_async.cli.places import Place
from avatar_async.errors import EmulatorError
from avatar_async.settings import Settings

if TYPE_CHECKING:
    from avatar_async._jobs.records import JobSpec
    from avatar_async.emulator import Emulator, FaultPlan


@asynccontextmanager
async def open_service(
    settings: Settings,
    place: Place,
    *,
    embedded: bool,
    faults: "FaultPlan | None" = None,
    specs: "Sequence[JobSpec]" = (),
    say: Callable[[str], None] = lambda _text: None,
) -> AsyncIterator[Service]:
    """Open the service for the block.

    Args:
        settings: Where it is and who asks; for the embedded one, only its bounds count.
        place: Where the results lie; the embedded service keeps its tasks below them.
        embedded: Whether to run the embedded one.
        faults: What goes wrong at the embedded one.
        specs: The jobs; the demo clips are made if one of them uses the embedded service's files.
        say: Told what takes a while.

    Raises:
        ConfigError: Settings are wrong.
        EmulatorError: The embedded service cannot start.
        LedgerLockedError: Another run holds the ledger, and so the embedded service's folder.
    """
    from avatar_async.client import AvatarClient

    if not embedded:
        async with AvatarClient(settings=settings) as client:
            yield client
        return
    _emulator()
    async with RunnerLock(place.ledger):
        pass
    media = any(uses_embedded(spec.request) for spec in specs)
    data = place.out / FOLDER
    async with open_emulator(data, demo_clips=media, say=say, faults=faults, tell=say) as emulator:
        logs.hide([emulator.app_key])
        async with AvatarClient(settings=_for_emulator(settings, emulator, data)) as client:
            yield EmbeddedService(client, emulator.endpoint)


@asynccontextmanager
async def open_emulator(
    data: Path, *, demo_clips: bool, say: Callable[[str], None], **options: Any
) -> AsyncIterator["Emulator"]:
    """Run an emulator on a data folder for the block, its `media` folder served, clips made if wanted.

    Args:
        data: Folder of its state.
        demo_clips: Whether missing demo clips are made.
        say: Told what takes a while.
        options: As for `Emulator`.

    Raises:
        EmulatorError: It cannot start, or the `emulator` extra is not installed.
        MediaError: A clip cannot be made.
    """
    emulator_type, demo_media, keep_image_memory = _emulator()
    emulator = emulator_type(data, media_dir=data / "media", **options)
    keep_image_memory()
    media = await anyio.to_thread.run_sync(_media_folder, data)
    if demo_clips:
        if not any(media.iterdir()):
            say("Making small green-screen clips, once ...")
        await anyio.to_thread.run_sync(demo_media, media)
    async with emulator:
        yield emulator


def _media_folder(data: Path) -> Path:
    media = data / "media"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        media.mkdir(exist_ok=True)
    except OSError as error:
        message = f"{error.filename}: the emulator's folder cannot be made ({error.strerror})"
        raise EmulatorError(message) from error
    return media


def list_faults() -> str:
    """Return how a plan of faults is written, and every fault.

    Raises:
        EmulatorError: The `emulator` extra is not installed.
    """
    _emulator()
    from avatar_async.emulator.faults import listing

    return listing()


def read_faults(spec: str | None) -> "FaultPlan | None":
    """Return the plan that a text describes or names, None without a text.

    Raises:
        EmulatorError: It cannot be read, or the `emulator` extra is not installed.
    """
    if spec is None:
        return None
    _emulator()
    from avatar_async.emulator.faults import read_spec

    return read_spec(spec)


def _emulator() -> "tuple[type[Emulator], Callable[[Path], list[Path]], Callable[[], None]]":
    try:
        from avatar_async.emulator import Emulator, demo_media, keep_image_memory
    except ImportError as error:
        message = "the embedded service needs Pillow and PyAV: pip install 'avatar-async[emulator]'"
        raise EmulatorError(message) from error
    return Emulator, demo_media, keep_image_memory


def _for_emulator(settings: Settings, emulator: "Emulator", data: Path) -> Settings:
    return evolve(
        settings,
        endpoint=emulator.endpoint,
        app_id=emulator.app_id,
        app_key=emulator.app_key,
        token=None,
        proxy=None,
        token_spacing_s=0.0,
        token_cache_dir=data / "tokens",
        query_dialect=None,
        codes={},
    )
