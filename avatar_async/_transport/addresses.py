"""Addresses that files are read from: what is asked for, where redirects lead, what messages say."""

import re

from yarl import URL

from avatar_async.errors import ReplyError

#: Redirects that are followed one after the other, at most.
MAX_REDIRECTS = 5
#: Statuses that lead elsewhere.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PRINTABLE = re.compile(r"[!-~]+")


def address_of(url: str) -> URL:
    """Return an address as it will be asked for.

    Raises:
        ReplyError: It is not http or https, or names no host.
    """
    address = URL(url, encoded=_PRINTABLE.fullmatch(url) is not None)
    if address.scheme not in ("http", "https") or not address.host:
        raise ReplyError("download: the address is not http or https")
    return address


def redirected(address: URL, location: str) -> URL:
    """Return where a redirect leads.

    Raises:
        ReplyError: Not to an http or https address, or from https back to http.
    """
    target = address.join(URL(location, encoded=_PRINTABLE.fullmatch(location) is not None))
    if target.scheme not in ("http", "https") or not target.host:
        raise ReplyError(f"{name_of(address)}: a redirect leads to an address that is not http or https")
    if address.scheme == "https" and target.scheme != "https":
        raise ReplyError(f"{name_of(address)}: a redirect leads from https to an address that is not")
    return target


def name_of(address: URL) -> str:
    """Return what messages call a download: no more of its address than the host."""
    return f"download from {address.host}"
