"""A proxy that makes tunnels for who knows its account, and remembers where to."""

import base64
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "site:secret"


class ConnectProxy:
    def __init__(self, url: str) -> None:
        self.url = url
        self.tunnels: list[str] = []

    def url_for(self, account: str = ACCOUNT) -> str:
        return self.url.replace("http://", f"http://{account}@")


@contextmanager
def serve_proxy() -> Iterator[ConnectProxy]:
    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            expected = f"Basic {base64.b64encode(ACCOUNT.encode()).decode()}"
            if self.headers.get("Proxy-Authorization") != expected:
                self.send_error(407)
                return
            host, _, port = self.path.rpartition(":")
            proxy.tunnels.append(self.path)
            with socket.create_connection((host, int(port))) as server:
                self.send_response(200)
                self.end_headers()
                _join(self.connection, server)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        proxy = ConnectProxy(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _join(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                received = one.recv(65_536) if key.fileobj is one else other.recv(65_536)
                if not received:
                    return
                key.data.sendall(received)
