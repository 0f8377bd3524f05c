"""The debug log: off unless asked for, and never with a secret in it."""

import logging
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from avatar_async.errors import ConfigError

_LOGGER = logging.getLogger("avatar_async")
#: Loggers of what we use whose troubles belong into the log, and never on the screen.
_OTHERS = tuple(logging.getLogger(name) for name in ("aiohttp", "asyncio"))
#: The one logger of ours that a person hears of as well.
_TOLD = logging.getLogger("avatar_async._storage.upgrading")
_RULES = (
    (re.compile(r"(?i)(authorization['\"]?\s*[:=,]\s*['\"]?)(?:bearer\s+)?[^\s'\",}\])]+"), r"\1***"),
    (re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]+"), "Bearer ***"),
    (
        re.compile(
            r"(?i)((?:access_?token|refresh_?token|app_?key|sign)\\?['\"]?\s*[:=]\s*\\?['\"]?)[^\s'\"\\,}&]+"
        ),
        r"\1***",
    ),
)
#: Characters that act on the terminal of who reads the log, and how they are written there.
_ACTING = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(9), *range(11, 32), *range(127, 160), 0x61C, *range(0x200E, 0x2010))
} | {code: f"\\u{code:04x}" for code in (*range(0x2028, 0x202F), *range(0x2066, 0x206A))}


class _State:
    file: Path | None = None
    secrets: tuple[str, ...] = ()


def scrub(text: str) -> str:
    """Return the text without tokens, keys, and the queries and logins of URLs (they may be signed)."""
    from avatar_async.requests.addresses import public_text

    if _State.secrets:
        from avatar_async._wire.redaction import redacted

        text = redacted(text, _State.secrets)
        for secret in _State.secrets:
            text = text.replace(secret, "***")
    for pattern, stands_for in _RULES:
        text = pattern.sub(stands_for, text)
    return public_text(text)


def hide(secrets: Iterable[str | None]) -> None:
    """Keep these very values out of the log as well."""
    _State.secrets = tuple(secret for secret in secrets if secret)


class _OnScreen(logging.Handler):
    """Tells of what is waited for, before there is anything else to show."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write its message to stderr."""
        from avatar_async.cli import exits

        with suppress(OSError):  # the terminal may be what went away; the work goes on
            exits.tell(scrub(record.getMessage()))


class _Scrubbing(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record)).translate(_ACTING)


def open_log(file: Path | None) -> None:
    """Append a debug log to a file that only its owner may read; None logs nowhere.

    Raises:
        ConfigError: The file cannot be written.
    """
    close_log()
    if file is None:
        return
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        handler = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        message = (
            f"--log-file {file}: cannot be written ({error.strerror}); name a file in a folder you may write"
        )
        raise ConfigError(message) from error
    handler.setFormatter(_Scrubbing("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    for logger in (_LOGGER, *_OTHERS):
        logger.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG)
    _LOGGER.propagate = False
    _State.file = file


def keep_off_screen() -> None:
    """Let no library write its troubles on the screen; what a person must know, the command tells."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    if not any(isinstance(handler, _OnScreen) for handler in _TOLD.handlers):
        _TOLD.addHandler(_OnScreen())


def close_log() -> None:
    """Close the log file, if one is open."""
    for logger in (_LOGGER, *_OTHERS):
        for handler in list(logger.handlers):
            if isinstance(handler.formatter, _Scrubbing):
                logger.removeHandler(handler)
                handler.close()
    _LOGGER.propagate = True
    _State.file = None


def exception(error: BaseException) -> None:
    """Write an error that ends the command to the log."""
    if _State.file is not None:
        _LOGGER.error("the command ends: %s", error, exc_info=error)


def whereabouts() -> str:
    """Return one sentence about where to find more on an unexpected error."""
    if _State.file is not None:
        return f"The traceback is in {_State.file}."
    return "To see where, run it again with --log-file FILE, or as: avatar-async --debug ..."
