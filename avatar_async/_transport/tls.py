"""How hosts prove who they are; there is no way to turn that off."""

import ssl
from pathlib import Path

import anyio.to_thread

from avatar_async.errors import ConfigError


async def tls_context(ca_file: Path | None) -> ssl.SSLContext | bool:
    """Return what aiohttp takes to trust the system's authorities, and those of a file.

    `True` stands for its own context, made once per process, which trusts the system's.

    Raises:
        ConfigError: The file cannot be read or holds no certificates.
    """
    "".encode("idna")  # loads the codec of host names, which the first handshake would do otherwise
    return True if ca_file is None else await anyio.to_thread.run_sync(_context, ca_file)


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"ca_file {ca_file} holds no certificates that can be read") from error
    return context
