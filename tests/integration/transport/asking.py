"""A service that knows one task, and answers of every framing about it."""

import json

from avatar_async.client import AvatarClient
from avatar_async.settings import Settings
from tests.integration.transport.peers import http

TASK = {"taskId": 5, "status": "RUNNING"}
BODY = json.dumps({"code": 0, "message": "", "data": [TASK]}).encode()
GOOD = http(BODY)


def client(endpoint: str, **changes) -> AvatarClient:
    """Return a client with a fixed token."""
    return AvatarClient(settings=Settings(endpoint=endpoint, token="t0ken-of-mine", **changes))


async def ask(service: AvatarClient) -> str:
    """Return the status of the only task."""
    (task,) = (await service.query_tasks([5])).tasks
    return task.status


def chunked(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return a reply in chunks of seven bytes."""
    lines = [f"HTTP/1.1 {status}", "Transfer-Encoding: chunked", *headers, "", ""]
    parts = [body[at : at + 7] for at in range(0, len(body), 7)]
    return "\r\n".join(lines).encode() + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def endless(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return a reply whose body ends with the connection."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body
