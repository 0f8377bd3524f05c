"""Keep the emulator's own requests on this machine."""

import ipaddress
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


class LoopbackResolver(AbstractResolver):
    """Resolve names that lead to this machine, and no others."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host that is this machine.

        Raises:
            OSError: One of them is another machine's.
        """
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(ipaddress.ip_address(each["host"]).is_loopback for each in found):
            raise OSError(None, f"{host} is not on this machine")
        return found

    async def close(self) -> None:
        """Let go of the resolver underneath."""
        await self._resolver.close()


def is_elsewhere(host: str) -> bool:
    """Tell whether a host is an address of another machine; of names the resolver decides."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_loopback
