"""Addresses of files, most of which are cut in two and not taken apart."""

import re
from functools import lru_cache

from attrs import frozen

from avatar_async._transport.addresses import address_of, name_of
from avatar_async._transport.errors import mapped
from avatar_async._transport.plainconnector import Origin, origin_of

# What may stand in an address (RFC 3986, sections 3.3 and 3.4), so that it goes over the wire as it is.
_PART = r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*"
_PLAIN = re.compile(
    rf"(https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[1-9][0-9]{{0,4}})?)(/{_PART}(?:\?{_PART}[A-Za-z0-9=%&-])?)?"
)


@frozen(kw_only=True)
class Place:
    """Where files lie.

    Attributes:
        origin: Scheme, host and port.
        host: The host, as proxies are chosen by it.
        header: The `Host` of requests.
        name: What messages call a download from there.
    """

    origin: Origin
    host: str | None
    header: str
    name: str


def cut(url: str) -> tuple[Place, str] | None:
    """Return where a file lies, and what to ask for there; None if its address has to be taken apart.

    Raises:
        ReplyError: Where it lies can be nowhere.
    """
    match = _PLAIN.fullmatch(url)
    return match and (_place(match[1]), match[2] or "/")


@lru_cache(maxsize=64)
def _place(beginning: str) -> Place:
    with mapped("download"):
        address = address_of(f"{beginning}/")
    return Place(
        origin=origin_of(address),
        host=address.host,
        header=address.host_port_subcomponent or "",
        name=name_of(address),
    )
