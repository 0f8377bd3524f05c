"""Create calls answered with damaged bytes: one verdict, one request, no exception outside the tree."""

import re
from typing import Any

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_async._jobs.verdicts import Verdict, decide
from avatar_async.client import AvatarClient
from avatar_async.requests import ImagePreviewRequest
from avatar_async.settings import Settings
from tests.integration.transport.peers import http, peer, replying

REQUEST = ImagePreviewRequest(material_name="anchor", url="https://x.example/p.png")
LIMITS: dict[str, Any] = {"read_timeout_s": 2.0, "total_timeout_s": 4.0}
OK = b'{"code": 0, "message": "success", "data": 812345}'
SOUND = [
    http(OK),
    http(OK, "201 Created", "Date: Wed, 01 May 2024 12:00:00 GMT"),
    http(b"", "429 Too Many", "Retry-After: 3"),
    http(OK, "503 Unavailable", "Content-Encoding: gzip"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n31\r\n" + OK + b"\r\n0\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\n\r\n" + http(OK, "302 Found", "Location: http://127.0.0.1:1/"),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a sound reply with a few bytes cut, changed, put in or taken out."""
    reply = bytearray(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(reply)))
        match draw(st.sampled_from(["cut", "change", "insert", "remove"])):
            case "cut":
                del reply[at:]
            case "change":
                reply[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                reply[at:at] = draw(st.binary(min_size=1, max_size=6))
            case "remove":
                del reply[at : at + draw(st.integers(1, 6))]
    return bytes(reply)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(damaged() | st.binary(max_size=200))
def test_any_bytes_on_the_socket_end_in_the_table_after_one_request(raw):
    """Nothing that a broken service sends may crash a run, be sent again or be taken for a task."""

    async def create() -> None:
        async with peer(replying(raw)) as met:
            client = AvatarClient(settings=Settings(endpoint=met.origin, token="t0ken", **LIMITS))
            async with client:
                report = await client.submit(REQUEST)
        verdict = decide(report, after_token_refusal=False)
        assert report.sent
        assert verdict is not Verdict.NOT_SENT
        assert (met.connections, len(met.requests)) == (1, 1)
        if verdict is Verdict.ACCEPTED:
            assert re.search(rb"HTTP/1\.[0-9] +2[0-9][0-9]", raw)
            assert str(report.task_id).encode() in raw

    anyio.run(create)
