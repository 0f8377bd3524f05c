"""The service as the documents describe it, written apart from the package and sharing no code with it.

Run as ``python independent.py APP_ID APP_KEY``: listens on a free port of 127.0.0.1 and prints it. What
it counted stands at ``/private/counts``; the SHA-256 of every file it offers at ``/private/files``.
"""

import hashlib
import io
import json
import secrets
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MATERIAL = "/api/2dvh/v1/material/"
#: Path of each create call: the kind, the key of its name, the other keys that must be there.
CREATES = {
    f"{MATERIAL}2davatar/model/multi/create": ("training", "materialName", ("videoUrl", "param")),
    f"{MATERIAL}2davatar/model/rebuilding/video": (
        "rebuild",
        "materialName",
        ("videoUrl", "modelUrl", "segmentStyle"),
    ),
    f"{MATERIAL}2davatar/model/green/segment/image/create": (
        "image_preview",
        "materialName",
        ("url", "param"),
    ),
    f"{MATERIAL}2davatar/model/green/segment/video/create": (
        "video_preview",
        "materialName",
        ("url", "param"),
    ),
    f"{MATERIAL}video/takeover/create": ("takeover", "videoName", ("param",)),
}
TOKEN = "/api/uc/v1/access/api/token"
FILES = {
    "training": (("model", "model.zip"), ("model", "model-universal.zip"), ("thumbnail", "cover.jpg")),
    "rebuild": (("model", "model.zip"), ("thumbnail", "cover.jpg")),
    "image_preview": (("image", "preview.jpg"),),
    "video_preview": (("video", "preview.mp4"),),
    "takeover": (("video", "takeover.mp4"),),
}
TOKEN_LIFE_S = 8 * 3600
CHINA = timezone(timedelta(hours=8))
JPEG = Path(__file__).with_name("sample.jpg").read_bytes()
MP4 = Path(__file__).with_name("sample.mp4").read_bytes()


class CallRefusedError(Exception):
    """Answer with this HTTP status, envelope code and message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def make_file(task_id: int, name: str) -> bytes:
    """Make bytes that are valid of their type and like no other task's."""
    seed = hashlib.sha256(f"{task_id}/{name}".encode()).digest()
    if name.endswith(".jpg"):
        return JPEG[:2] + b"\xff\xfe" + (len(seed) + 2).to_bytes(2, "big") + seed + JPEG[2:]
    if name.endswith(".mp4"):
        return MP4 + (len(seed) + 8).to_bytes(4, "big") + b"free" + seed
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps({"taskId": task_id, "file": name}))
        archive.writestr("model/weights.bin", hashlib.shake_256(seed).digest(20_000 + task_id % 9_000))
    return packed.getvalue()


class Task:
    """A task: queued, then running, then done, by the clock alone."""

    def __init__(self, task_id: int, kind: str, name: str) -> None:
        self.task_id, self.kind, self.name = task_id, kind, name
        self.created = time.time()
        self.takes_s = 0.2 + task_id % 7 * 0.2
        self.files = {file: make_file(task_id, file) for _, file in FILES[kind]}
        self.signature = secrets.token_hex(8)

    def show(self, origin: str) -> dict[str, object]:
        """Return the object of a query's list."""
        age_s = time.time() - self.created
        done = age_s >= self.takes_s
        # A word that no dialect lists comes up on the way: it must not end or break anything.
        running = "PREPARING" if self.task_id % 5 == 0 else "RUNNING"
        return {
            "taskId": self.task_id,
            "taskType": self.kind,
            "materialName": self.name,
            "status": "SUCCESS" if done else running if age_s > 0.1 else "QUEUED",
            "progress": 100 if done else int(100 * age_s / self.takes_s),
            "failReason": None,
            "createTime": self._instant(self.created),
            "finishTime": self._instant(self.created + self.takes_s) if done else None,
            "expireTime": self._instant(self.created + self.takes_s + 7 * 86400) if done else None,
            "files": [self._file(origin, role, file) for role, file in FILES[self.kind]] if done else [],
        }

    def _file(self, origin: str, role: str, file: str) -> dict[str, object]:
        body = self.files[file]
        return {
            "type": role,
            "name": file,
            "url": f"{origin}/files/{self.task_id}/{file}?Signature={self.signature}",
            "size": len(body),
            "md5": hashlib.md5(body).hexdigest(),
        }

    def _instant(self, epoch_s: float) -> str:
        at = datetime.fromtimestamp(epoch_s, UTC)
        if self.task_id % 2:
            return at.isoformat()
        return at.astimezone(CHINA).replace(tzinfo=None).isoformat(timespec="seconds")


class Account:
    """What the service knows of its one account: tokens, tasks and what was counted."""

    def __init__(self, app_id: str, app_key: str) -> None:
        self.app_id, self.app_key = app_id, app_key
        self.lock = threading.Lock()
        self.tokens: list[tuple[str, float]] = []
        self.refresh_token = ""
        self.tasks: dict[int, Task] = {}
        self.next_id = 2**53 + secrets.randbelow(2**40)
        self.creates: dict[str, int] = {}
        self.counts = {"tokens": 0, "queries": 0, "refused": 0, "files": 0}

    def new_token(self, body: dict[str, object], bearer: str) -> dict[str, object]:
        """Answer the token call and the refresh call; the two newest tokens are valid."""
        if body.get("grantType") == "sign":
            text = f"{self.app_id}{body.get('timestamp')}{self.app_key}"
            good = body.get("sign") == hashlib.md5(text.encode()).hexdigest()
        else:
            good = body.get("grantType") == "refreshToken" and bearer == self.refresh_token != ""
        if body.get("appId") != self.app_id or not good:
            raise CallRefusedError(200, 1401, "appId, sign or refresh token is wrong")
        token, self.refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        self.tokens = [*self.tokens[-1:], (token, time.time() + TOKEN_LIFE_S)]
        self.counts["tokens"] += 1
        return {
            "accessToken": token,
            "expiresIn": TOKEN_LIFE_S,
            "refreshToken": self.refresh_token,
            "refreshTokenExpiresIn": 30 * 86400,
        }

    def check_token(self, bearer: str) -> None:
        """Refuse a call whose token is none of the valid ones."""
        if not any(bearer == token and time.time() < ends for token, ends in self.tokens):
            raise CallRefusedError(401, 401, "token expired")

    def create(self, path: str, body: dict[str, object]) -> object:
        """Count a create call and make its task; the reply's data takes every documented shape in turn."""
        kind, name_key, needed = CREATES[path]
        name = body.get(name_key)
        self.creates[str(name)] = self.creates.get(str(name), 0) + 1
        if not isinstance(name, str) or not name:
            raise CallRefusedError(200, 3333, f"{name_key} is wrong")
        for key in needed:
            if body.get(key) in (None, ""):
                raise CallRefusedError(200, 3333, f"{key} is wrong")
        if "param" in needed:
            self._check_param(kind, body["param"])
        self.next_id += 1 + secrets.randbelow(3)
        task = self.tasks[self.next_id] = Task(self.next_id, kind, name)
        match len(self.tasks) % 4:
            case 0:
                return task.task_id
            case 1:
                return str(task.task_id)
            case 2:
                return {"id": task.task_id}
            case _:
                return {"id": task.task_id, "url": ""}

    @staticmethod
    def _check_param(kind: str, param: object) -> None:
        if not isinstance(param, str):
            raise CallRefusedError(200, 3333, "param must be a JSON-escaped string")
        inner = json.loads(param)
        if kind == "training":
            if not isinstance(inner["persistent"]["videoCrfQuality"], int):
                raise CallRefusedError(200, 3333, "videoCrfQuality is wrong")
            if inner["persistent"]["stage1Config"] is None or inner["personal"]["segmentStyle"] is None:
                raise CallRefusedError(200, 3333, "stage1Config or segmentStyle is wrong")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    timeout = 60
    server: "Service"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer the calls of the protocol."""
        account = self.server.account
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status = 200
        with account.lock:
            try:
                envelope = {"code": 0, "message": "success", "data": self._answer(bearer, raw)}
            except CallRefusedError as refused:
                account.counts["refused"] += 1
                status, envelope = refused.status, {"code": refused.code, "message": str(refused)}
            except (KeyError, TypeError, ValueError) as error:
                account.counts["refused"] += 1
                envelope = {"code": 3333, "message": f"parameter is wrong: {error!r}"}
        self._send(status, json.dumps(envelope).encode(), "application/json;charset=UTF-8")

    def _answer(self, bearer: str, raw: bytes) -> object:
        account = self.server.account
        if self.headers.get_content_type() != "application/json":
            raise CallRefusedError(200, 3333, "Content-Type is wrong")
        body = json.loads(raw)
        if self.path in (TOKEN, f"{TOKEN}/refresh"):
            return account.new_token(body, bearer)
        account.check_token(bearer)
        if self.path in CREATES:
            return account.create(self.path, body)
        if self.path == f"{MATERIAL}task/query":
            account.counts["queries"] += 1
            ids = body["taskIds"]
            if len(ids) > 100:
                raise CallRefusedError(200, 3333, "taskIds holds more than 100")
            return [
                account.tasks[task_id].show(self.server.origin) for task_id in ids if task_id in account.tasks
            ]
        if self.path == f"{MATERIAL}task/list":
            named = [task for task in account.tasks.values() if task.name == body["materialName"]]
            first = (body["pageNo"] - 1) * body["pageSize"]
            page = named[first : first + body["pageSize"]]
            return {"total": len(named), "list": [task.show(self.server.origin) for task in page]}
        raise CallRefusedError(404, 404, "no such call")

    def do_GET(self) -> None:
        """Offer files by their signed addresses, and what was counted."""
        account = self.server.account
        if self.path == "/private/counts":
            with account.lock:
                counts = {"creates": account.creates, **account.counts}
            self._send(200, json.dumps(counts).encode(), "application/json")
            return
        if self.path == "/private/files":
            with account.lock:
                tasks = list(account.tasks.values())
            digests = {
                str(task.task_id): {
                    name: hashlib.sha256(body).hexdigest() for name, body in task.files.items()
                }
                for task in tasks
            }
            self._send(200, json.dumps(digests).encode(), "application/json")
            return
        self._send_file()

    def _send_file(self) -> None:
        account = self.server.account
        path, _, query = self.path.partition("?")
        parts = path.split("/")
        task = account.tasks.get(int(parts[2])) if len(parts) == 4 and parts[2].isdigit() else None
        if task is None or parts[3] not in task.files:
            self._send(404, b"not found", "text/plain")
        elif "Authorization" in self.headers:
            self._send(400, b"only one authentication mechanism is allowed", "text/plain")
        elif query != f"Signature={task.signature}":
            self._send(403, b"signature does not match", "text/plain")
        else:
            with account.lock:
                account.counts["files"] += 1
            self._send(200, task.files[parts[3]], "application/octet-stream")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Service(ThreadingHTTPServer):
    """The server and its one account."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self, app_id: str, app_key: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.account = Account(app_id, app_key)
        self.origin = f"http://127.0.0.1:{self.server_port}"


if __name__ == "__main__":
    service = Service(sys.argv[1], sys.argv[2])
    print(service.server_port, flush=True)
    service.serve_forever()
