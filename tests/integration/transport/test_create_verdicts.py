"""Create calls to peers that misbehave: the verdict, and how often the peer was asked."""

import asyncio
import gzip
import json
import zlib

import pytest

from avatar_async._jobs.verdicts import SubmissionCodes, Verdict, decide
from avatar_async.client import AvatarClient
from avatar_async.requests import ImagePreviewRequest
from avatar_async.settings import Settings
from tests.integration.transport.peers import http, peer, replying

REQUEST = ImagePreviewRequest(material_name="anchor", url="https://x.example/p.png")
#: A body of many segments, which no peer takes in at one go.
LONG_REQUEST = ImagePreviewRequest(
    material_name="anchor", url="https://x.example/p.png", extra={"pad": "x" * 1_000_000}
)
OK = b'{"code": 0, "message": "success", "data": 812345}'
NO = b'{"code": 3333, "message": "crf is wrong", "data": null}'
MIB = 1 << 20
#: Little patience, for peers that never end.
SHORT = {"read_timeout_s": 0.25, "total_timeout_s": 0.5, "connect_timeout_s": 0.3}


async def verdict_on(script, *, request=REQUEST, codes=None, **changes):
    """Return the verdict on one create call to a peer, what was reported, and the peer."""
    async with peer(script) as met:
        settings = Settings(endpoint=met.origin, **{"token": "t0ken", **SHORT, **changes})
        async with AvatarClient(settings=settings) as client:
            report = await client.submit(request)
    return decide(report, after_token_refusal=False, codes=codes), report, met


# ---------------------------------------------------------------- the peer breaks off


async def never(conversation):
    """Read the request and answer nothing."""
    await conversation.read_request()
    await conversation.wait_until_left()


async def deaf(conversation):
    """Read nothing and answer nothing."""
    await asyncio.sleep(0.6)


async def close_at_once(conversation):
    """Close before reading."""


async def reset_at_once(conversation):
    """Reset before reading."""
    conversation.reset()


async def close_in_the_request(conversation):
    """Close after the request's head and a little of its body."""
    await conversation.read_head()
    await conversation.reader.readexactly(20)


async def reset_in_the_request(conversation):
    """Reset after the request's head and a little of its body."""
    await close_in_the_request(conversation)
    conversation.reset()


async def close_after_the_request(conversation):
    """Close after the whole request."""
    await conversation.read_request()


async def reset_after_the_request(conversation):
    """Reset after the whole request."""
    await conversation.read_request()
    conversation.reset()


def then_reset(*parts):
    """Return a script that answers in part and resets."""

    async def script(conversation):
        await conversation.read_request()
        await conversation.send(*parts)
        conversation.reset()

    return script


def then_silence(*parts):
    """Return a script that answers in part and says no more."""

    async def script(conversation):
        await conversation.read_request()
        await conversation.send(*parts)
        await conversation.wait_until_left()

    return script


WHOLE = http(OK)
HEAD = WHOLE[: -len(OK)]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN = {
    "never answers": never,
    "reads nothing": deaf,
    "closes at once": close_at_once,
    "resets at once": reset_at_once,
    "closes after the request": close_after_the_request,
    "resets after the request": reset_after_the_request,
    "closes in the status line": replying(WHOLE[:7]),
    "closes in the headers": replying(WHOLE[:25]),
    "closes after the headers": replying(HEAD),
    "closes in the body": replying(WHOLE[:-20]),
    "closes before the last byte": replying(WHOLE[:-1]),
    "resets in the headers": then_reset(WHOLE[:25]),
    "resets after the headers": then_reset(HEAD),
    "resets in the body": then_reset(HEAD, OK[:20]),
    "falls silent in the headers": then_silence(WHOLE[:25]),
    "falls silent after the headers": then_silence(HEAD),
    "falls silent before the last byte": then_silence(WHOLE[:-1]),
    "chunks without an end": replying(CHUNKED + b"31\r\n" + OK),
    "chunks that end early": replying(CHUNKED + b"14\r\n" + OK[:20] + b"\r\n0\r\n\r\n"),
    "chunks of a size that is none": replying(CHUNKED + b"zz\r\n" + OK + b"\r\n0\r\n\r\n"),
    "chunks and a length": replying(
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n" + OK
    ),
    "half an envelope, its length right": replying(http(OK[:25])),
    "half an envelope, a longer length": replying(http(OK[:25], length=len(OK))),
    "an envelope, a shorter length": replying(http(OK, length=len(OK) - 5)),
    "an envelope, a longer length": replying(http(OK, length=len(OK) + 5)),
    "a length below zero": replying(http(OK, length=-1)),
    "a length that is none": replying(http(OK, length="many")),
    "two lengths": replying(http(OK, "200 OK", "Content-Length: 3")),
    "half an envelope up to the end": replying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + OK[:30]),
    "an older HTTP's answer": replying(OK),
    "another protocol": replying(b"220 mail.example ESMTP\r\n"),
    "TLS bytes": replying(b"\x15\x03\x03\x00\x02\x02\x46"),
    "a status that is none": replying(b"HTTP/1.1 2OO OK\r\n\r\n"),
    "a status of four digits": replying(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    "another protocol from now on": replying(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + OK
    ),
    "only a 100": replying(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "only a 103, then silence": then_silence(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "a header without an end": replying(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
    "a hundred thousand headers": replying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n" + OK),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_peer_that_breaks_off_leaves_the_outcome_unknown_after_one_request(name):
    """Bytes left and no whole answer came: a task may have been made."""
    verdict, report, met = await verdict_on(BROKEN[name])
    assert verdict is Verdict.UNKNOWN, report
    assert report.sent
    assert report.message
    assert met.connections == 1
    assert len(met.requests) <= 1


@pytest.mark.parametrize("script", [close_in_the_request, reset_in_the_request, deaf])
async def test_a_peer_that_leaves_in_the_middle_of_the_request_leaves_its_outcome_unknown(script):
    """How much of it the service read, nobody knows."""
    verdict, report, met = await verdict_on(script, request=LONG_REQUEST)
    assert verdict is Verdict.UNKNOWN, report
    assert (met.connections, met.requests) == (1, [])


async def test_endless_interim_answers_end_in_time():
    """Each of them is a sign of life, and none is an answer."""

    async def script(conversation):
        await conversation.read_request()
        while True:
            await conversation.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            await asyncio.sleep(0.02)

    verdict, report, met = await verdict_on(script)
    assert verdict is Verdict.UNKNOWN, report
    assert met.connections == 1


# ---------------------------------------------------------------- the answer is odd, but whole

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
raw_deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_DEFLATED = raw_deflate.compress(OK) + raw_deflate.flush()
ACCEPTED = {
    "a plain answer": WHOLE,
    "an answer in single bytes": WHOLE,
    "an answer in chunks": CHUNKED + b"14\r\n" + OK[:20] + b"\r\n1d\r\n" + OK[20:] + b"\r\n0\r\n\r\n",
    "an answer up to the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + OK,
    "an answer of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + OK,
    "a 201": http(OK, "201 Created"),
    "interim answers first": CONTINUE + HINTS + CONTINUE + WHOLE,
    "a second answer behind it": WHOLE + http(OK.replace(b"812345", b"666")),
    "a refusal behind it": WHOLE + http(NO, "400 Bad Request"),
    "gzip": http(gzip.compress(OK), "200 OK", "Content-Encoding: gzip"),
    "gzip by its old name": http(gzip.compress(OK), "200 OK", "Content-Encoding: X-GZIP"),
    "deflate": http(zlib.compress(OK), "200 OK", "Content-Encoding: deflate"),
    "deflate without a head": http(RAW_DEFLATED, "200 OK", "Content-Encoding: deflate"),
    "another type": http(OK, "200 OK", "Content-Type: text/html; charset=gbk"),
    "a mark of byte order": http(b"\xef\xbb\xbf" + OK),
    "the most bytes that are read": http(OK + b" " * (MIB - len(OK))),
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_an_odd_but_whole_answer_is_not_lost(name):
    """A task id that was paid for must be read wherever it can be."""
    parts = [bytes([byte]) for byte in WHOLE] if "single bytes" in name else [ACCEPTED[name]]
    verdict, report, met = await verdict_on(replying(*parts), total_timeout_s=5.0, read_timeout_s=2.0)
    assert verdict is Verdict.ACCEPTED, report
    assert report.task_id == 812345
    assert (met.connections, len(met.requests)) == (1, 1)


def bomb(compress):
    """Return 64 MiB of spaces, packed."""
    return compress(b" " * (64 * MIB))


UNREADABLE = {
    "one byte too many": http(OK + b" " * (MIB - len(OK) + 1)),
    "far too many": http(b" " * (3 * MIB)),
    "far too many in chunks": CHUNKED + b"".join(b"10000\r\n" + b" " * 65536 + b"\r\n" for _ in range(32)),
    "a gzip bomb": http(bomb(gzip.compress), "200 OK", "Content-Encoding: gzip"),
    "a deflate bomb": http(bomb(zlib.compress), "200 OK", "Content-Encoding: deflate"),
    "a gzip of a gzip": http(gzip.compress(gzip.compress(OK)), "200 OK", "Content-Encoding: gzip, gzip"),
    "half a gzip": http(gzip.compress(OK)[:-12], "200 OK", "Content-Encoding: gzip"),
    "a gzip with a wrong sum": http(gzip.compress(OK)[:-8] + b"\0" * 8, "200 OK", "Content-Encoding: gzip"),
    "no gzip at all": http(OK, "200 OK", "Content-Encoding: gzip"),
    "Brotli": http(OK, "200 OK", "Content-Encoding: br"),
    "nesting": http(b"[" * 50_000 + b"]" * 50_000),
    "a number of a million digits": http(b'{"code": 0, "data": ' + b"9" * 1_000_000 + b"}"),
    "UTF-16": http(OK.decode().encode("utf-16")),
    "nothing": http(),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a list": http(b"[" + OK + b"]"),
    "zeros": http(b"\0" * 100),
    "garbage behind an envelope": WHOLE + b"\0\xff garbage",
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(name):
    """Neither memory nor time is spent on it, and nothing is sent again."""
    verdict, report, met = await verdict_on(
        replying(UNREADABLE[name]), total_timeout_s=10.0, read_timeout_s=5.0
    )
    assert verdict is Verdict.UNKNOWN, report
    assert (met.connections, len(met.requests)) == (1, 1)


# ---------------------------------------------------------------- statuses


@pytest.mark.parametrize(
    "status", ["500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Timeout", "408 Late"]
)
@pytest.mark.parametrize(
    "reply",
    [http(), http(b"<html>"), http(OK), http(NO), http(OK, length=len(OK) + 9)],
    ids=["empty", "a page", "a success", "a refusal", "broken off"],
)
async def test_server_trouble_is_unknown_whatever_the_body_says(status, reply):
    """The work may have been begun before the trouble."""
    raw = reply.replace(b"200 OK", status.encode() + b"\r\nRetry-After: 1")
    verdict, report, met = await verdict_on(replying(raw))
    assert verdict is Verdict.UNKNOWN, report
    assert report.http_status in (None, int(status[:3]))
    assert len(met.requests) == 1


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 600.0),
        ("9" * 40, 600.0),
        ("-5", 0.0),
        ("Wed, 01 May 2024 12:00:30 GMT", 30.0),
        ("Wednesday, 01-May-24 12:00:30 GMT", 30.0),
        ("Wed May  1 12:00:30 2024", 30.0),
        ("Wed, 01 May 1924 12:00:30 GMT", 0.0),
        ("Wed, 01 May 2124 12:00:30 GMT", 600.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("1e9", None),
        ("7 minutes", None),
    ],
)
async def test_throttling_waits_as_asked_within_reason(value, wait_s):
    """Seconds or a date by the service's own clock; nothing makes a run wait for a day."""
    raw = http(NO, "429 Too Many Requests", f"Retry-After: {value}", "Date: Wed, 01 May 2024 12:00:00 GMT")
    verdict, report, met = await verdict_on(replying(raw))
    assert verdict is Verdict.THROTTLED
    assert report.retry_after_s == wait_s
    assert len(met.requests) == 1


REFUSING = [
    ("429 Too Many", Verdict.THROTTLED),
    ("401 Unauthorized", Verdict.TOKEN),
    ("403 Forbidden", Verdict.SETTING),
    ("404 Not Found", Verdict.SETTING),
    ("405 Not Allowed", Verdict.SETTING),
    ("407 Login", Verdict.SETTING),
    ("302 Found", Verdict.SETTING),
]


@pytest.mark.parametrize(("status", "expected"), REFUSING)
@pytest.mark.parametrize("ending", [replying, then_reset, then_silence], ids=["closed", "reset", "silent"])
async def test_a_status_that_refuses_before_any_work_needs_no_whole_body(status, expected, ending):
    """Nobody has to look for a task behind a 429 whose body broke off."""
    verdict, report, met = await verdict_on(ending(http(b"<html>", status, "Retry-After: 9", length=900)))
    assert verdict is expected, report
    assert report.http_status == int(status[:3])
    assert report.retry_after_s == 9.0
    assert len(met.requests) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "409 Conflict", "422 Unprocessable", "200 OK"])
async def test_any_other_status_with_a_body_that_broke_off_is_unknown(status):
    """Its code might have said what the status does not."""
    verdict, report, met = await verdict_on(replying(http(NO[:20], status, length=900)))
    assert verdict is Verdict.UNKNOWN, report
    assert len(met.requests) == 1


@pytest.mark.parametrize("code", [1001, 2002, 3003])
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Oops"])
async def test_codes_of_the_profile_count_under_any_status(code, status):
    """They are the only ones whose meaning is known."""
    body = json.dumps({"code": code, "message": "as configured", "data": None}).encode()
    codes = SubmissionCodes(
        busy=frozenset({1001}), token_expired=frozenset({2002}), refused=frozenset({3003})
    )
    verdict, _report, met = await verdict_on(replying(http(body, status)), codes=codes)
    assert verdict is {1001: Verdict.THROTTLED, 2002: Verdict.TOKEN, 3003: Verdict.REFUSED}[code]
    assert len(met.requests) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (304, b""),
        *((status, body) for status in (300, 301, 302, 303, 305, 307, 308, 399) for body in (b"", OK)),
    ],
)
async def test_a_redirect_is_never_followed_and_its_target_never_reached(status, body):
    """A followed POST may be a second task, and its token is for the endpoint alone."""
    async with peer(replying(WHOLE)) as target:
        raw = http(body, f"{status} Elsewhere", f"Location: {target.origin}/api?x=1")
        verdict, report, met = await verdict_on(replying(raw))
        assert verdict is Verdict.SETTING, report
        assert len(met.requests) == 1
        assert (target.connections, bytes(target.received)) == (0, b"")
