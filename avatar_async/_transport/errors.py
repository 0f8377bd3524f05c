"""The boundary: every error of aiohttp and the system becomes one of the error tree.

Messages and causes carry no addresses, since addresses of artifacts are signed and proxies have passwords.
"""

import errno
import os
import ssl
from types import TracebackType

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from attrs import define

from avatar_async.errors import (
    AvatarError,
    ConnectionLostError,
    NotSentError,
    ReplyError,
    TransportError,
    TransportTimeoutError,
)

#: Errors that mean, whatever was seen, that no byte of the request left.
_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,
)
_CONNECTORS = (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorError)
#: Everything that aiohttp and the system raise.
MAPPED = (
    aiohttp.ClientError,
    HttpProcessingError,
    TimeoutError,
    OSError,
    ssl.SSLError,
    ValueError,
    EOFError,
)


@define
class Departure:
    """Whether a request's first byte was handed to a socket; None if nobody watches."""

    sent: bool | None = None


class mapped:  # noqa: N801 - reads as the verb it is, like contextlib.suppress
    """Turn every error of aiohttp and the system that leaves the block into one of the error tree.

    Args:
        what: The call and its host, for messages.
        departure: What is known of the request's first byte.

    Raises:
        NotSentError: Nothing was sent.
        TransportTimeoutError: No answer in time.
        ConnectionLostError: The connection broke.
        ReplyError: The answer breaks the rules of HTTP.
    """

    __slots__ = ("_departure", "_what")

    def __init__(self, what: str, departure: Departure | None = None) -> None:
        self._what = what
        self._departure = departure

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, MAPPED) and not isinstance(error, AvatarError):
            translated = translate(error, self._what, self._departure or Departure())
            plain_cause = isinstance(error, OSError)
            raise translated from (error if plain_cause else None)


def translate(error: BaseException, what: str, departure: Departure) -> TransportError:
    """Return what an error of aiohttp or the system means to us."""
    words = f"{what}: {_reason(error)}"
    if departure.sent is False or isinstance(error, _NEVER_SENT):
        return NotSentError(words)
    if isinstance(error, TimeoutError):
        return TransportTimeoutError(words)
    if isinstance(error, aiohttp.RedirectClientError):
        return ReplyError(words)
    if departure.sent is None and isinstance(error, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)):
        return NotSentError(words)
    if isinstance(error, (aiohttp.ClientResponseError, HttpProcessingError, ValueError)) and not isinstance(
        error, OSError
    ):
        return ReplyError(words)
    return ConnectionLostError(words)


def _reason(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered HTTP {error.status}"
    if isinstance(error, ssl.SSLCertVerificationError | aiohttp.ClientConnectorCertificateError):
        cause = getattr(error, "certificate_error", error)
        return (
            f"the certificate is not trusted ({getattr(cause, 'verify_message', '') or type(cause).__name__})"
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the host name cannot be resolved"
    if isinstance(error, _CONNECTORS):
        return f"no connection ({_refusal(getattr(error, 'os_error', error))})"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.TooManyRedirects):
        return "too many redirects"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _WORDS.get(type(error).__name__, type(error).__name__)


def _refusal(cause: OSError) -> str:
    """Return why no connection came about; what asyncio says itself names addresses and its own calls."""
    if isinstance(cause, ssl.SSLError):
        return f"TLS: {(getattr(cause, 'reason', None) or 'failed').replace('_', ' ').lower()}"
    if cause.errno is not None and cause.errno in errno.errorcode:
        return os.strerror(cause.errno).lower()
    return "the host cannot be reached"


_WORDS = {
    "ServerDisconnectedError": "the host closed the connection without an answer",
    "ClientPayloadError": "the answer broke off",
    "ClientResponseError": "the answer is no valid HTTP",
    "HttpProcessingError": "the answer is no valid HTTP",
    "InvalidUrlClientError": "the address is not valid",
    "NonHttpUrlClientError": "the address is not http or https",
    "NonHttpUrlRedirectClientError": "a redirect leads to an address that is not http or https",
    "InvalidUrlRedirectClientError": "a redirect leads to an address that is not valid",
    "ClientConnectionError": "the connection was closed",
    "ClientConnectionResetError": "the connection was reset",
}
