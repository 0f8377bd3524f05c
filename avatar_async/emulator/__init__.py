"""The service, embedded or standalone, on loopback. Needs the `emulator` extra."""

from avatar_async.emulator.demo import demo_media
from avatar_async.emulator.emulator import Emulator, serve
from avatar_async.emulator.service import DEFAULT_DURATIONS_S
from avatar_async.emulator.store import Received

__all__ = ["DEFAULT_DURATIONS_S", "Emulator", "Received", "demo_media", "serve"]
