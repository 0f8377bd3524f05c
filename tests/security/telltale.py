"""A service that repeats every secret it is told, wherever an answer has room for words."""

import base64
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from tests.security.secrets_kept import ACCESS, APP_ID, ARTIFACT_SIGNATURE, REFRESH

SAMPLES = Path(__file__).parents[1] / "integration" / "service"
_TOKEN = "/api/uc/v1/access/api/token"
_FILE = {"image": "sample.jpg", "video": "sample.mp4", "model": "sample.mp4", "thumbnail": "sample.jpg"}
_ROLES = {
    "training": ("model", "thumbnail"),
    "rebuild": ("model",),
    "image_preview": ("image",),
    "video_preview": ("video",),
    "takeover": ("video",),
}
_KINDS = {
    "model/multi/create": "training",
    "rebuilding/video": "rebuild",
    "image/create": "image_preview",
    "video/create": "video_preview",
    "takeover/create": "takeover",
}


def in_every_form(*secrets: str) -> str:
    """Return a sentence with secrets in every form that a careless service might write."""
    told = []
    for secret in secrets:
        told += [
            secret,
            f"Authorization: Bearer {secret}",
            quote(secret, safe=""),
            base64.b64encode(secret.encode()).decode(),
            base64.b64encode(f"Bearer {secret}".encode()).decode(),
            secret[:20],
        ]
    return " | ".join(told)


class Telltale(BaseHTTPRequestHandler):
    """One connection; what is wrong with a task is told by its name."""

    protocol_version = "HTTP/1.1"
    server: "TelltaleService"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer a call of the protocol."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw)
        service, bearer = self.server, self.headers.get("Authorization", "").removeprefix("Bearer ")
        said = in_every_form(*(word for word in (bearer, body.get("sign")) if word))
        echo = f"{said} {self.headers} {raw.decode()}"
        with service.lock:
            service.calls[self.path] += 1
            if self.path.startswith(_TOKEN):
                self._token(body, echo)
            elif bearer in service.refused or not bearer:
                self._answer(401, 4010, f"expired: {echo}")
            elif self.path.endswith("/task/query"):
                self._query(body, said)
            elif self.path.endswith("/task/list"):
                self._answer(200, 0, echo, {"total": 0, "list": []})
            else:
                self._create(body, bearer, echo)

    def _token(self, body: dict[str, str], echo: str) -> None:
        service = self.server
        if body["grantType"] == "refreshToken":
            self._answer(200, 1402, f"refused: {echo}")
        elif body["appId"] != APP_ID:
            self._answer(500, 9, f"try later: {echo}")
        else:
            turn = min(service.granted, 1)
            service.granted += 1
            grant = {"accessToken": ACCESS[turn], "refreshToken": REFRESH[turn], "expiresIn": 28800}
            self._answer(200, 0, echo, grant | {"refreshTokenExpiresIn": 864000})

    def _create(self, body: dict[str, str], bearer: str, echo: str) -> None:
        service = self.server
        name = body.get("materialName") or body["videoName"]
        service.creates[name] += 1
        if name == "tires" and service.creates[name] == 1:
            service.refused.add(bearer)
            self._answer(401, 4010, f"expired: {echo}")
        elif name == "rejected":
            self._answer(200, 3333, f"wrong: {echo}")
        elif name == "raw-500":
            self._send(500, echo.encode(), "text/html")
        elif name == "envelope-500":
            self._answer(500, 7, echo)
        elif name == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
        else:
            kind = next(kind for end, kind in _KINDS.items() if self.path.endswith(end))
            number = 7000 + len(service.tasks)
            service.tasks[number] = (name, kind)
            url = f"{service.origin}/x?Signature={ARTIFACT_SIGNATURE}"
            self._answer(200, 0, echo, {"id": number, "url": url})

    def _query(self, body: dict[str, list[int]], said: str) -> None:
        service = self.server
        service.queries += 1
        if service.queries == 2:
            self._send(502, said.encode(), "text/html")
            return
        known = [number for number in body["taskIds"] if number in service.tasks]
        self._answer(200, 0, said, [self._task(number, said) for number in known])

    def _task(self, number: int, said: str) -> dict[str, object]:
        name, kind = self.server.tasks[number]
        self.server.polled[number] += 1
        task: dict[str, object] = {"taskId": number, "taskType": kind, "materialName": name}
        if name == "endless":
            return task | {"status": "RUNNING", "progress": 10}
        if self.server.polled[number] == 1:
            return task | {"status": f"WAIT {said}", "failReason": said}
        if name == "failing":
            return task | {"status": "FAILED", "failReason": f"no: {said}"}
        files = [self._file(number, role, said) for role in _ROLES[kind]]
        return task | {"status": "SUCCESS", "progress": 100, "files": files}

    def _file(self, number: int, role: str, said: str) -> dict[str, object]:
        name = f"{role}.{_FILE[role].rpartition('.')[2]}"
        if number % 2:
            name = f"{said.split(' | ')[2]}-{name}"
        query = f"?Expires=1&Signature={ARTIFACT_SIGNATURE}"
        return {"type": role, "name": name, "url": f"{self.server.origin}/{role}/{number}{query}"}

    def do_GET(self) -> None:
        """Offer a file; the first request for each is refused with its own address."""
        role = self.path.split("/")[1]
        self.server.gets[self.path] += 1
        if self.server.gets[self.path] == 1:
            self._send(403, f"denied: {self.path} {self.headers}".encode(), "text/plain")
        else:
            self._send(200, (SAMPLES / _FILE[role]).read_bytes(), "application/octet-stream")

    def _answer(self, status: int, code: int, message: str, data: object = None) -> None:
        body = json.dumps({"code": code, "message": message, "data": data}, ensure_ascii=code == 0)
        self._send(status, body.encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", self.headers.get("Authorization", ""))
        self.end_headers()
        self.wfile.write(body)


class TelltaleService(ThreadingHTTPServer):
    """The server and what it knows."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Telltale)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.creates: Counter[str] = Counter()
        self.polled: Counter[int] = Counter()
        self.gets: Counter[str] = Counter()
        self.tasks: dict[int, tuple[str, str]] = {}
        self.refused: set[str] = set()
        self.granted = 0
        self.queries = 0


@contextmanager
def telltale_service() -> Iterator[TelltaleService]:
    """Serve for the block."""
    with TelltaleService() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()
