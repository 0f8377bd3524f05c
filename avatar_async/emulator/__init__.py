"""The service, embedded or standalone, on loopback. Needs the `emulator` extra."""

try:
    from avatar_async.emulator.demo import demo_media
    from avatar_async.emulator.emulator import Emulator, keep_image_memory, serve
    from avatar_async.emulator.service import DEFAULT_DURATIONS_S
    from avatar_async.emulator.store import Received
except ModuleNotFoundError as error:
    if error.name not in {"PIL", "av"}:
        raise
    raise ModuleNotFoundError(
        "the emulator needs the emulator extra: pip install 'avatar-async[emulator]'", name=error.name
    ) from error

__all__ = ["DEFAULT_DURATIONS_S", "Emulator", "Received", "demo_media", "keep_image_memory", "serve"]
