"""Every setting, its default and its range, read once and frozen.

A setting comes from, the first that has it: an argument; the environment (`AVATAR_APP_ID`,
`AVATAR_APP_KEY`, `AVATAR_TOKEN`, `AVATAR_ENDPOINT`); the profile, a TOML file named by an argument or
by `AVATAR_PROFILE`; its default. The keys of a profile are the fields of `Settings`.
"""

from avatar_async.settings.checks import is_loopback, origin
from avatar_async.settings.record import DEADLINES_S, VARIABLES, Settings
from avatar_async.settings.sample import sample_profile

__all__ = ["DEADLINES_S", "VARIABLES", "Settings", "is_loopback", "origin", "sample_profile"]
