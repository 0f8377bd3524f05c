"""A small HTTP server that takes the service's completion callbacks."""

import hmac
import logging
import os
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import anyio
from aiohttp import web

from avatar_async._wire.envelope import MAX_BODY_BYTES
from avatar_async.errors import AvatarError, ConfigError

_log = logging.getLogger(__name__)
#: Where callbacks are taken; a secret, if there is one, follows after a slash.
PATH: Final = "/callback"
#: Seconds that a body may take to come.
_BODY_S: Final = 10.0
_IDLE_S: Final = 5.0
_SHUTDOWN_S: Final = 1.0
#: Callbacks being read at once; more are told to come again.
_AT_ONCE: Final = 64


class CallbackServer:
    """Hand the body of each callback on, and answer at once; nothing that comes in can raise.

    Enter it to open the port; leaving closes it. Answers: 200 taken, 400 not understood, 404 another path
    or a wrong secret, 405 not a POST, 408 too slow, 413 longer than 1 MiB, 503 too many at once, or none
    can be taken yet.

    Args:
        receive: Takes a body; an `AvatarError` it raises means that it was not understood. None for nobody
            yet.
        port: The port; 0 for any that is free.
        host: The address to listen at.
        secret: What the path must end with, so that only the service can know it.

    Raises:
        ConfigError: On entering: the port cannot be opened.
    """

    def __init__(
        self,
        receive: Callable[[bytes], object] | None = None,
        *,
        port: int,
        host: str = "127.0.0.1",
        secret: str | None = None,
    ) -> None:
        #: Takes bodies; to be set when the port was to be opened before that.
        self.receive = receive
        self._host = host
        self._port = port
        self._path = PATH if secret is None else f"{PATH}/{secret}"
        self._reading = 0
        self._runner: web.AppRunner | None = None
        #: Where callbacks are taken, the secret left out.
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            auto_decompress=False,
            keepalive_timeout=_IDLE_S,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except (OSError, OverflowError, UnicodeError) as error:
            await runner.cleanup()
            number = error.errno if isinstance(error, OSError) else None
            said = getattr(error, "strerror", None) or str(error)
            reason = os.strerror(number) if number is not None and number > 0 else said
            raise ConfigError(
                f"callbacks cannot be taken at {self._host}, port {self._port}: {reason}; "
                "choose another port, or 0 for a free one"
            ) from error
        self._runner = runner
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{runner.addresses[0][1]}{PATH}"
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            with anyio.move_on_after(2 * _SHUTDOWN_S, shield=True):
                await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.path.encode("utf-8", "replace"), self._path.encode()):
            _log.info("a call to another path was refused: callbacks are taken at %s", self.url)
            return _reply(404, "there is nothing here")
        if request.method != "POST":
            return _reply(405, "callbacks are posted")
        receive = self.receive
        if receive is None or self._reading >= _AT_ONCE:
            return _reply(503, "not now: come again")
        self._reading += 1
        try:
            with anyio.fail_after(_BODY_S):
                body = await request.read()
            receive(body)
        except TimeoutError:
            return _reply(408, "the body took too long")
        except web.HTTPRequestEntityTooLarge:
            return _reply(413, f"longer than {MAX_BODY_BYTES} bytes")
        except (OSError, web.RequestPayloadError):
            return _reply(400, "the body broke off")
        except AvatarError as error:
            _log.debug("a callback was not understood: %s", error)
            return _reply(400, "not understood")
        except Exception:  # noqa: BLE001 - whatever comes in, the run goes on
            _log.exception("a callback was not taken")
            return _reply(503, "not taken")
        finally:
            self._reading -= 1
        return _reply(200, "success")


def _reply(status: int, message: str) -> web.Response:
    return web.json_response({"code": 0 if status == 200 else status, "message": message}, status=status)
