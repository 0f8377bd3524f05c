"""Only http and https addresses are ever opened, wherever an address may be written."""

import json

import pytest

from avatar_async import AvatarClient, ImagePreviewRequest
from avatar_async._wire.calls import Reply
from avatar_async._wire.creation import decode_create
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.envelope import address
from avatar_async._wire.querying import decode_query
from avatar_async.errors import AvatarError, ConfigError, RequestError
from avatar_async.requests import check
from avatar_async.settings import Settings
from tests.fuzz.wire_targets import NOW

#: What is no address of a host, whoever asks for it.
NO_ADDRESSES = (
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://h.example/x",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:///run/docker.sock",
    "gopher://h.example/",
    "ws://h.example/",
    "http:///x",
    "http://",
    "http:h.example/x",
    "//h.example/x",
    "/x",
    "http://[::1",
    "http://[::1]:x/",
    "http://h.example:99999/",
    "http://h.example:0/",
    "http://h.example:-1/",
    "http://a\nb.example/",
    "http://h.example/\r\nX-Header: 1",
    "http://h.example/\0",
    "http://h.example/\x7f",
    "http://h.example/\ud800",
    " http://h.example/x",
    "\thttp://h.example/x",
    "http://user:password@/",
    "https://h.example/" + "a" * 20_000,
    "",
    " ",
)


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_sources_of_requests_are_refused(url):
    """The service would be paid for a task whose source nobody can read."""
    with pytest.raises(RequestError) as caught:
        check(ImagePreviewRequest(material_name="m", url=url))
    assert "url " in str(caught.value)
    assert "password" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_addresses_of_artifacts_are_not_taken_from_replies(url):
    """A finished task with such a file seems neither complete nor forgotten."""
    assert address(url) is None
    made = {"code": 0, "data": {"id": 7, "url": url}}
    assert decode_create(Reply(status=200, body=json.dumps(made).encode()), now=NOW).url is None
    task = {"taskId": 7, "status": "SUCCESS", "files": [{"type": "model", "name": "m.zip", "url": url}]}
    reply = Reply(status=200, body=json.dumps({"code": 0, "data": [task]}).encode())
    answer = decode_query(QueryDialect(), reply, asked=[7], asked_at=NOW, now=NOW)
    assert answer.tasks[0].files == ()


@pytest.mark.parametrize(
    "url", [*NO_ADDRESSES, "http://a b.example/", "http://h..example/", "http://\u2024/"]
)
async def test_addresses_of_artifacts_are_not_opened(url):
    """Also where a caller of the Python interface brings one of their own."""
    async with AvatarClient(endpoint="http://127.0.0.1:9", credentials="fixed-token") as client:
        with pytest.raises(AvatarError) as caught:
            async with client.open_artifact(url):
                pass
    assert "password" not in f"{caught.value!r}"


@pytest.mark.parametrize(
    "url",
    [
        *(url for url in NO_ADDRESSES if not url.startswith("https://h.example/a")),
        *("http://user@h.example", "http://h.example/path", "http://h.example?q", "http://h.example#f"),
        *("http://\u043f.example", "http://%31.example", "http://...", "http://-", "http://h..example"),
        *(
            "http://[v1.x]",
            "http://[fe80::1%25eth0]",
            "http://h_.example\\@evil.example",
            "http://" + "a" * 300,
        ),
    ],
)
def test_endpoints_that_are_no_origin_are_refused(url):
    """The token goes to whatever host stands there."""
    with pytest.raises(ConfigError, match="endpoint") as caught:
        Settings(endpoint=url, allow_plain_http=True)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("url", [url for url in NO_ADDRESSES if "aaaa" not in url])
def test_proxies_that_are_none_are_refused(url):
    """Nothing was sent, and the password in it is not told."""
    with pytest.raises(ConfigError, match="proxy") as caught:
        Settings(proxy=url)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("https://h.example/x", "HTTPS://H.EXAMPLE/x", "http://127.0.0.1:8080/x?y#z", "http://[::1]/x"),
        *(
            "https://xn--e1afmkfd.example/x",
            "https://\u043f\u0440\u0438.example/\u0444",
            "https://u:p@h.example/x",
        ),
    ],
)
def test_addresses_of_hosts_are_taken(url):
    """What a browser opens is an address, names in other scripts too."""
    check(ImagePreviewRequest(material_name="m", url=url))
    assert address(url) == url
