"""Bodies that are long enough to be taken over, and servers that send them over TLS."""

import random
import socket
import ssl
import struct
import threading
from contextlib import contextmanager

from avatar_async._transport import receiving
from tests.integration.downloads.conftest import TLS

CERTIFICATE = TLS / "test-only-cert.pem"
SIZE = 3_000_000
CONTENT = random.Random(4).randbytes(SIZE)


def noted_takeovers(monkeypatch):
    """Lower the length from which on bodies are taken over; return a list that gets each receiver."""
    made = []
    take_over = receiving.Receiver.__init__

    def noted(self, *args, **kwargs):
        made.append(self)
        take_over(self, *args, **kwargs)

    monkeypatch.setattr(receiving, "LARGE_BYTES", 100_000)
    monkeypatch.setattr(receiving.Receiver, "__init__", noted)
    return made


def server_context():
    """Return what a server at 127.0.0.1 needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, TLS / "test-only-key.pem")
    return context


@contextmanager
def tls_server(*answers, end="close", stays=False):
    """Serve one answer a connection over TLS, and end each as soon as everything is sent.

    Args:
        answers: What answers a connection each, as for `raw`; the last one all further ones.
        end: What follows all but the last: `notice` tells TLS that nothing more comes, `close` does not, and
            `reset` cuts the connection.
        stays: Whether the last waits for the other side to close.
    """
    context, left = server_context(), list(answers)
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as sealed:
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        block = sealed.recv(65536)
                        if not block:
                            raise ConnectionResetError
                        head += block
                    lines = head.decode("latin-1").split("\r\n")
                    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                    asked.append(headers)
                    last = len(left) == 1
                    answer = left[0] if last else left.pop(0)
                    sealed.sendall(answer(headers)[0])
                    if last and stays:
                        sealed.recv(1)
                    elif end == "notice" and not last:
                        sealed.unwrap()
                    elif end == "reset" and not last:
                        sealed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
