"""What a session makes of a reply, without sockets."""

import pytest
from attrs import evolve

from avatar_async._transport.session import USER_AGENT, ServiceSession, proxy_for
from avatar_async._wire.calls import JSON_HEADERS, Call
from avatar_async.settings import Settings

SETTINGS = Settings(endpoint="https://service.example", proxy="http://proxy.example:3128")
CALL = Call(path="/api/x?y=%2F", headers=JSON_HEADERS, body=b"{}")


@pytest.mark.parametrize("fresh", [False, True])
async def test_reply_is_returned_whatever_its_status(mocked_http, fresh):
    """Judging is the wire layer's."""
    mocked_http.post(
        "https://service.example/api/x?y=%2F", status=503, body=b"oops", headers={"Retry-After": "7"}
    )
    async with ServiceSession(SETTINGS) as session:
        reply = await session.send(CALL, what="query call", token="t0ken", fresh=fresh)
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (503, b"oops", "7")
    ((sent,),) = mocked_http.requests.values()
    assert sent.kwargs["headers"]["Authorization"] == "Bearer t0ken"
    assert sent.kwargs["allow_redirects"] is False
    assert sent.kwargs["proxy"] == "http://proxy.example:3128"


async def test_the_headers_a_proxy_is_sent_never_hold_the_token(mocked_http):
    """A session's own headers go out with the request for a tunnel, which the proxy reads."""
    mocked_http.post("https://service.example/api/x?y=%2F", status=200, body=b"{}", repeat=True)
    async with ServiceSession(SETTINGS) as session:
        await session.send(CALL, what="query call", token="t0ken")
        await session.send(CALL, what="create call", token="t0ken", fresh=True)
        assert session._kept is not None
        assert session._fresh is not None
        assert "Authorization" not in session._kept.headers
        assert "Authorization" not in session._fresh.headers


async def test_each_call_has_its_own_token_and_headers(mocked_http):
    """A renewed token must go out at once, and a call without one must not go out with the last one."""
    mocked_http.post("https://service.example/api/x?y=%2F", status=200, body=b"{}", repeat=True)
    plain = Call(path=CALL.path, headers={"Accept": "text/plain"})
    async with ServiceSession(evolve(SETTINGS, proxy=None)) as session:
        for call, token in [(CALL, "first"), (CALL, "second"), (plain, "second"), (CALL, None)]:
            await session.send(call, what="query call", token=token)
        assert session._kept is not None
        assert session._kept.headers["User-Agent"] == USER_AGENT
    (sent,) = mocked_http.requests.values()
    names = [each.kwargs["headers"] for each in sent]
    json = "application/json"
    assert [(each.get("Authorization"), each.get("Content-Type"), each["Accept"]) for each in names] == [
        ("Bearer first", json, json),
        ("Bearer second", json, json),
        ("Bearer second", None, "text/plain"),
        (None, json, json),
    ]


def test_user_agent_names_the_version():
    """So that the service's people can tell who calls."""
    assert USER_AGENT.startswith("avatar-async/")


@pytest.mark.parametrize(
    ("host", "proxied"),
    [("service.example", True), ("127.0.0.1", False), ("localhost", False), ("::1", False)],
)
def test_proxy_is_for_other_machines(host, proxied):
    """A proxy cannot reach this machine's loopback."""
    assert (proxy_for(SETTINGS, host) is not None) is proxied
