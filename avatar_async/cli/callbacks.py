"""`run --callback-port`: take the service's completion callbacks while a run goes on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from attrs import frozen

from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from avatar_async._transport.callbacks import CallbackServer
    from avatar_async.settings import Settings

LOOPBACK = "127.0.0.1"


@frozen(kw_only=True)
class Callbacks:
    """Where callbacks are taken.

    Attributes:
        host: The address.
        port: The port, 0 for any that is free.
        secret: End of the path, if the profile has one.
    """

    host: str
    port: int
    secret: str | None

    @asynccontextmanager
    async def serving(self, say: Callable[[str], None]) -> AsyncIterator["CallbackServer"]:
        """Hold the port for the block, tell of it, and yield who takes callbacks once told who wants them.

        Raises:
            ConfigError: The port cannot be opened.
        """
        from avatar_async._transport.callbacks import CallbackServer
        from avatar_async.settings import is_loopback

        async with CallbackServer(port=self.port, host=self.host, secret=self.secret) as server:
            tail = "/ and then the profile's callback_secret" if self.secret else ""
            say(f"Callbacks are taken at {server.url}{tail}")
            if not self.secret and not is_loopback(self.host):
                say("Whoever can reach that address can send hints: set callback_secret in the profile")
            yield server


def callbacks_of(settings: "Settings", port: int | None, host: str | None) -> Callbacks | None:
    """Return where callbacks are to be taken, None if they are not.

    Raises:
        ConfigError: There is a host, but no port.
    """
    if port is None:
        if host is not None:
            message = "--callback-host needs --callback-port: say at which port callbacks are to be taken"
            raise ConfigError(message)
        return None
    return Callbacks(host=host or LOOPBACK, port=port, secret=settings.callback_secret)
