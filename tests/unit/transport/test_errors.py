"""The boundary: no error of a lower library may pass it."""

import asyncio
import errno
import gc
import ssl
from typing import Any

import aiohttp
import pytest
from aiohttp import http_exceptions
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from avatar_async._transport.errors import Departure, mapped, translate
from avatar_async.errors import (
    ConnectionLostError,
    NotSentError,
    ReplyError,
    TransportError,
    TransportTimeoutError,
)

SECRET = "signature=s3cret"
ADDRESS = URL(f"https://store.example/a.zip?{SECRET}")
KEY = ConnectionKey("store.example", 443, True, True, None, None, None)
INFO = aiohttp.RequestInfo(ADDRESS, "GET", {}, ADDRESS)  # type: ignore[arg-type] # a dict will do for the headers


def subclasses(root: type[Any]) -> set[type[Any]]:
    """Return a class and everything below it, as far as it is imported."""
    return {root, *(deep for direct in root.__subclasses__() for deep in subclasses(direct))}


def made(kind: Any) -> Any:
    """Return an instance of an aiohttp error class, made as aiohttp makes it."""
    if issubclass(kind, aiohttp.ClientConnectorCertificateError):
        return kind(KEY, ssl.SSLCertVerificationError(1, "self-signed"))
    if kind.__name__ == "UnixClientConnectorError":
        return kind("/socket", KEY, OSError(errno.ENOENT, "no such file"))
    if issubclass(kind, aiohttp.ClientConnectorError):
        return kind(KEY, OSError(errno.ECONNREFUSED, "refused"))
    if issubclass(kind, aiohttp.ServerFingerprintMismatch):
        return kind(b"a", b"b", "store.example", 443)
    if issubclass(kind, aiohttp.ClientResponseError):
        return kind(INFO, (), status=500, message=SECRET)
    if issubclass(kind, aiohttp.InvalidURL):
        return kind(ADDRESS, SECRET)
    if issubclass(kind, (http_exceptions.HttpProcessingError, http_exceptions.BadHttpMessage)):
        try:
            return kind(message=SECRET)
        except TypeError:
            return kind(SECRET)
    return kind()


AIOHTTP = sorted(
    (
        kind
        for root in (aiohttp.ClientError, http_exceptions.HttpProcessingError)
        for kind in subclasses(root)
        if kind.__module__.startswith("aiohttp.")
    ),
    key=lambda kind: kind.__name__,
)


def test_the_walk_finds_aiohttps_errors():
    """An empty walk would prove nothing."""
    gc.collect()
    assert len(AIOHTTP) > 25


@pytest.mark.parametrize("sent", [None, False, True])
@pytest.mark.parametrize("kind", AIOHTTP, ids=lambda kind: kind.__name__)
def test_every_aiohttp_error_is_mapped(kind, sent):
    """A new class in a new aiohttp must land in the tree, too, and say nothing of the address."""
    with pytest.raises(TransportError) as caught, mapped("download", Departure(sent=sent)):
        raise made(kind)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)
    if sent is False:
        assert isinstance(caught.value, NotSentError)


OS_ERRORS = [
    TimeoutError(),
    TimeoutError(errno.ETIMEDOUT, "timed out"),
    ConnectionResetError(errno.ECONNRESET, "reset"),
    BrokenPipeError(errno.EPIPE, "pipe"),
    OSError(errno.ENETUNREACH, "unreachable"),
    ssl.SSLError(1, "bad record"),
    ssl.SSLCertVerificationError(1, "self-signed"),
    ValueError("header"),
    EOFError(),
    asyncio.IncompleteReadError(b"", 3),
]


@pytest.mark.parametrize("sent", [None, False, True])
@pytest.mark.parametrize("error", OS_ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_of_the_system_is_mapped(error, sent):
    """Sockets and TLS raise past aiohttp now and then."""
    with pytest.raises(TransportError) as caught, mapped("call", Departure(sent=sent)):
        raise error
    assert isinstance(caught.value, NotSentError) is (sent is False)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiohttp.ServerDisconnectedError(), ConnectionLostError),
        (aiohttp.ClientPayloadError(), ConnectionLostError),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), ConnectionLostError),
        (ConnectionResetError(), ConnectionLostError),
        (ssl.SSLError(1, "bad record"), ConnectionLostError),
        (TimeoutError(), TransportTimeoutError),
        (aiohttp.SocketTimeoutError(), TransportTimeoutError),
        (made(aiohttp.ClientResponseError), ReplyError),
        (made(aiohttp.TooManyRedirects), ReplyError),
        (http_exceptions.BadHttpMessage("x"), ReplyError),
        (made(aiohttp.ClientHttpProxyError), NotSentError),
        (made(aiohttp.ClientConnectorDNSError), NotSentError),
        (aiohttp.ConnectionTimeoutError(), NotSentError),
    ],
)
def test_what_happened_decides_the_error(error, expected):
    """A create call's verdict, and so money, hangs on it."""
    assert type(translate(error, "call", Departure(sent=True))) is expected


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9)"), "connection refused"),
        (OSError(errno.ENETUNREACH, "Multiple exceptions"), "network is unreachable"),
        (OSError("Multiple exceptions: [Errno 111] ..., [Errno 101] ..."), "the host cannot be reached"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] ..."), "TLS: failed"),
    ],
)
def test_why_there_is_no_connection_is_told_in_plain_words(cause, reason):
    """Calls of asyncio and addresses are no news to who typed the endpoint."""
    error = translate(aiohttp.ClientConnectorError(KEY, cause), "call", Departure())
    assert str(error) == f"call: no connection ({reason})"


def test_other_errors_pass_unchanged():
    """A mistake of ours must not look like the network's."""
    with pytest.raises(KeyError), mapped("call"):
        raise KeyError("x")
