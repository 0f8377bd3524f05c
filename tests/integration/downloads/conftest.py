"""A real nginx, a socket server that misbehaves as told, and the product's own downloads over both."""

import hashlib
import io
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import zipfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from avatar_async._jobs.records import Artifact
from avatar_async._jobs.states import State
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.workshop import FetchRules
from avatar_async.client import AvatarClient
from avatar_async.settings import Settings
from tests.jobs_kept import a_job

TLS = Path(__file__).parents[1] / "transport" / "tls"
_CONF = """
daemon off; {user}
pid {home}/nginx.pid;
error_log {home}/error.log notice;
worker_processes 1;
worker_shutdown_timeout 10s;
events {{ worker_connections 256; }}
http {{
  log_format counted '$request_uri|$status|$body_bytes_sent|$http_range|$http_authorization';
  access_log {home}/access.log counted;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  default_type application/octet-stream;
  gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {tls}/test-only-cert.pem; ssl_certificate_key {tls}/test-only-key.pem;
    location /plain/ {{ alias {home}/files/; }}
    location /slow/ {{ alias {home}/files/; limit_rate 400k; sendfile off; output_buffers 1 16k; }}
    location /no-etag/ {{ alias {home}/files/; etag off; limit_rate 400k; output_buffers 1 16k; }}
    location /weak/ {{
      alias {home}/files/; limit_rate 400k; output_buffers 1 16k;
      etag off; add_header ETag 'W/"weak"';
    }}
    location /whole/ {{ alias {home}/files/; max_ranges 0; limit_rate 400k; output_buffers 1 16k; }}
    location /packed/ {{ alias {home}/files/; gzip_static always; }}
    location /signed/ {{
      alias {home}/files/; limit_rate 400k; output_buffers 1 16k;
      secure_link $arg_sig,$arg_until; secure_link_md5 "$secure_link_expires key";
      if ($secure_link = "") {{ return 404; }}
      if ($secure_link = "0") {{ return 403; }}
    }}
    location /proxied/ {{ proxy_pass http://127.0.0.1:{backend}/; proxy_buffering off; }}
    location /to-http/ {{ return 302 http://127.0.0.1:{port}/plain/$arg_to; }}
    location /to-tls/ {{ return 302 https://127.0.0.1:{tls_port}/plain/$arg_to; }}
    location /to-self/ {{ return 302 /to-self/again; }}
  }}
}}
"""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@define
class Nginx:
    """A running nginx and what it says of the requests it saw."""

    home: Path
    port: int
    tls_port: int
    backend: int
    process: Any = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_origin(self) -> str:
        return f"https://127.0.0.1:{self.tls_port}"

    def put(self, name: str, content: bytes) -> None:
        """Put a file there in one step, as a new file of its own."""
        draft = self.home / "draft"
        draft.write_bytes(content)
        draft.replace(self.home / "files" / name)

    def requests(self, part: str, number: int = 0) -> list[tuple[str, int, int, str]]:
        """Return (address, status, body bytes sent, range) of requests; wait until there are that many."""
        deadline = time.monotonic() + 10
        while True:
            rows = [line.split("|") for line in (self.home / "access.log").read_text().splitlines()]
            found = [(row[0], int(row[1]), int(row[2]), row[3]) for row in rows if part in row[0]]
            if len(found) >= number:
                return found
            assert time.monotonic() < deadline, f"{number} requests expected, seen: {found}"
            time.sleep(0.02)

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = ["nginx", "-p", str(self.home), "-c", str(self.home / "nginx.conf")]
        env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"}
        self.process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, (self.home / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def kill(self) -> None:
        """Cut every connection at once, as a crash of the machine would."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.process.kill()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self.process.wait(10)

    def reload(self) -> None:
        """Read the settings anew; transfers under way go on."""
        self.process.send_signal(signal.SIGHUP)

    def signed(self, name: str, until: int) -> str:
        """Return an address of a file that is refused from that Unix time on."""
        import base64

        digest = base64.urlsafe_b64encode(hashlib.md5(f"{until} key".encode()).digest()).decode().rstrip("=")
        return f"{self.origin}/signed/{name}?sig={digest}&until={until}"


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    """Start nginx with its own settings, ports and folders; no other nginx is touched."""
    home = tmp_path_factory.mktemp("nginx")
    (home / "files").mkdir()
    server = Nginx(home=home, port=free_port(), tls_port=free_port(), backend=free_port())
    user = "user root;" if os.geteuid() == 0 else ""
    settings = _CONF.format(
        user=user,
        home=home,
        port=server.port,
        tls_port=server.tls_port,
        backend=server.backend,
        tls=TLS,
    )
    (home / "nginx.conf").write_text(settings)
    assert shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"), "nginx is needed"
    server.start()
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(10)


@define
class RawServer:
    """Answers written byte by byte; each request takes the next one, the last again and again."""

    answers: list[Any] = field(factory=list)
    requests: list[dict[str, str]] = field(factory=list)
    port: int = 0
    stopping: threading.Event = field(factory=threading.Event)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listener: socket.socket) -> None:
        """Accept until the listener closes."""
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                block = connection.recv(65536)
                if not block:
                    return
                head += block
            lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
            headers["line"] = lines[0]
            self.requests.append(headers)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            try:
                self._send(connection, *answer(headers))
            except OSError:
                return

    def _send(self, connection: socket.socket, content: bytes, end: str = "close") -> None:
        connection.sendall(content)
        if end == "drip":
            while not self.stopping.wait(0.02):
                connection.sendall(b"x")
        elif end == "stall":
            self.stopping.wait(10)
        elif end == "reset":
            time.sleep(0.05)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_WR)


@pytest.fixture
def raw():
    """A function that serves answers on a raw socket for a block."""

    @contextmanager
    def serving(*answers, port: int = 0):
        server = RawServer(answers=list(answers))
        listener = socket.create_server(("127.0.0.1", port), backlog=64)
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(5)

    return serving


class Journal:
    """Remember every entry."""

    def __init__(self) -> None:
        self.entries: list[Artifact] = []

    async def record(self, artifact: Artifact) -> None:
        self.entries.append(artifact)


@define
class Bench:
    """The product's downloads over its own client, as far as one file needs them."""

    out: Path
    client: AvatarClient
    clock: Any
    rules: dict[str, Any]
    journal: Journal = field(factory=Journal)
    progress: list[int] = field(factory=list)

    def artifact(self, url: str, name: str = "model.zip", *, role: str = "model", **facts: Any) -> Artifact:
        return Artifact(role=role, name=name, url=url, **facts)

    async def fetch(self, artifact: Artifact, on_progress: Any = None) -> Artifact:
        """Fetch with new downloads, as a new process would."""
        downloads = DownloadFolder(
            self.out, clock=self.clock, disk_reserve_bytes=0, rules=FetchRules(**self.rules)
        )
        job = a_job("one", state=State.FETCHING, artifacts=(artifact,))

        def note(done: int, total: int | None) -> None:
            self.progress.append(done)
            if on_progress is not None:
                on_progress(done, total)

        return await downloads.fetch(job, artifact, self.client, self.journal, note)

    def names(self) -> list[str]:
        """Return what lies in the job's folder."""
        folder = self.out / "one"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def read(self, name: str = "model.zip") -> bytes:
        return (self.out / "one" / name).read_bytes()


@pytest.fixture
def bench(tmp_path, clock):
    """A function that opens the product's downloads for a block."""

    @asynccontextmanager
    async def opened(*, rules=None, **settings):
        known: dict[str, Any] = {
            "endpoint": "http://127.0.0.1:1",
            "token": "t0ken",
            "read_timeout_s": 0.4,
        } | settings
        async with AvatarClient(settings=Settings(**known)) as client:
            small = {"batch_bytes": 4096, "checkpoint_bytes": 32_768} | (rules or {})
            yield Bench(out=tmp_path / "out", client=client, clock=clock, rules=small)

    return opened


@pytest.fixture
def a_zip():
    """A function that makes a sound zip of about that many bytes, another for each seed."""

    def make(size: int = 300_000, seed: int = 0) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("model.bin"), random.Random(seed).randbytes(size))
        return buffer.getvalue()

    return make
