"""The service, embedded or standalone, on loopback. Needs the `emulator` extra."""

try:
    from avatar_async.emulator.demo import demo_media
    from avatar_async.emulator.emulator import Emulator
    from avatar_async.emulator.faults import FaultPlan, Rule
    from avatar_async.emulator.received import Received
    from avatar_async.emulator.service import DEFAULT_DURATIONS_S
    from avatar_async.emulator.serving import serve
    from avatar_async.media.memory import keep_image_memory
except ModuleNotFoundError as error:
    if error.name not in {"PIL", "av"}:
        raise
    raise ModuleNotFoundError(
        "the emulator needs the emulator extra: pip install 'avatar-async[emulator]'", name=error.name
    ) from error

__all__ = [
    "DEFAULT_DURATIONS_S",
    "Emulator",
    "FaultPlan",
    "Received",
    "Rule",
    "demo_media",
    "keep_image_memory",
    "serve",
]
