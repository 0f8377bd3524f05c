"""An nginx of the bench's own: HTTP, HTTPS and a location that sends at a limited rate."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from bench.model import BenchError

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin"
_START_S = 10.0
_CONF = """
daemon off; {user}
pid {home}/nginx.pid;
error_log {home}/error.log warn;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  default_type application/octet-stream;
  sendfile on; tcp_nopush on; keepalive_requests 1000000;
  server {{
    listen {address}:{port} backlog=1024;
    listen {address}:{tls_port} ssl backlog=1024;
    ssl_certificate {home}/leaf.pem; ssl_certificate_key {home}/leaf.key;
    root {home}/files;
    location /paced/ {{ alias {home}/files/; limit_rate {rate}; }}
    {locations}
  }}
}}
"""


@frozen(kw_only=True)
class Nginx:
    """A running nginx with one worker.

    Attributes:
        files: Its document root: what is put there can be asked for by name.
        ca_file: PEM certificate of the authority that signed its own.
        address: The IP address it listens on.
        pid: Its master process.
        port: Port of HTTP.
        tls_port: Port of HTTPS.
    """

    files: Path
    ca_file: Path
    address: str
    pid: int
    port: int
    tls_port: int

    def http(self, name: str) -> str:
        """Return the http address of a file."""
        return f"http://{self.address}:{self.port}/{name}"

    def https(self, name: str) -> str:
        """Return the https address of a file."""
        return f"https://{self.address}:{self.tls_port}/{name}"

    def paced(self, name: str) -> str:
        """Return the http address at which a file comes at the limited rate (each connection by itself)."""
        return self.http(f"paced/{name}")

    def pids(self) -> Sequence[int]:
        """Return its processes, for `Contender.server_pids`."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        try:
            return (self.pid, *map(int, children.read_text().split()))
        except OSError:
            return (self.pid,)


@contextmanager
def nginx(
    home: Path,
    *,
    rate_bytes_s: int = 125_000_000,
    address: str = "127.0.0.1",
    within: Sequence[str] = (),
    locations: str = "",
) -> Iterator[Nginx]:
    """Run an nginx until the block ends.

    Args:
        home: Folder for its settings, certificate and files; made if it is not there.
        rate_bytes_s: Bytes a second and connection of the paced location.
        address: The IP address to listen on.
        within: Words to put before its command, such as those that enter a network namespace.
        locations: More locations, as nginx reads them.

    Raises:
        BenchError: It is not installed, or does not start.
    """
    program = shutil.which("nginx", path=_PATH)
    if program is None:
        raise BenchError("nginx is not installed (apt install nginx-light)")
    files = home / "files"
    files.mkdir(parents=True, exist_ok=True)
    _certify(home, address)
    ports = _free_ports()
    settings = _CONF.format(
        user="user root;" if os.geteuid() == 0 else "",
        home=home,
        address=address,
        port=ports[0],
        tls_port=ports[1],
        rate=rate_bytes_s,
        locations=locations,
    )
    (home / "nginx.conf").write_text(settings)
    command = [
        *within,
        program,
        "-p",
        str(home),
        "-c",
        str(home / "nginx.conf"),
        "-e",
        str(home / "error.log"),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _await_start(process, (address, ports[0]), home / "error.log")
            yield Nginx(
                files=files,
                ca_file=home / "ca.pem",
                address=address,
                pid=process.pid,
                port=ports[0],
                tls_port=ports[1],
            )
        finally:
            _end(process)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])


def _await_start(process: subprocess.Popen[bytes], listens: tuple[str, int], log: Path) -> None:
    deadline_s = time.monotonic() + _START_S
    while True:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(listens) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline_s:
            tale = log.read_text() if log.exists() else ""
            raise BenchError(f"nginx does not start: {tale.strip()[-500:]}")
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_START_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _certify(home: Path, address: str) -> None:
    """Make a throwaway authority and a certificate of it for one IP address."""
    extensions = home / "leaf.ext"
    extensions.write_text(f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = ("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-days", "30")
    _openssl(
        home, "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Bench", *authority
    )
    _openssl(home, "req", *curve, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=bench")
    signed = (
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        extensions.name,
    )
    _openssl(home, "x509", "-req", "-in", "leaf.csr", "-out", "leaf.pem", *signed)


def _openssl(home: Path, *arguments: str) -> None:
    program = shutil.which("openssl", path=_PATH)
    if program is None:
        raise BenchError("openssl is not installed (apt install openssl)")
    done = subprocess.run([program, *arguments], cwd=home, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"openssl {arguments[0]}: {done.stderr.strip()[-500:]}")
