"""Bodies that are long enough to be taken over, and servers that send them over TLS."""

import random
import socket
import ssl
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
def tls_server(*answers, notice=True):
    """Serve one answer a connection over TLS, and close each as soon as everything is sent.

    Args:
        answers: Bytes that answer a connection each, the last one all further ones.
        notice: Whether TLS is told that nothing more comes, before the connection ends.
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
                        head += sealed.recv(65536)
                    asked.append(head)
                    sealed.sendall(left.pop(0) if len(left) > 1 else left[0])
                    if notice:
                        sealed.unwrap()
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
