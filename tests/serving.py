"""A web server on this machine that serves one file, and does wrong what a test asks for."""

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = bytes(range(256)) * 4096


class Server(ThreadingHTTPServer):
    """Serves `body`; what it does wrong is set by the test."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = BODY
        self.ranges: list[str | None] = []
        self.cuts: list[int] = []
        self.resets = False
        self.understands_ranges = True
        self.wrong_range = False
        self.announces_length = True
        self.redirect = ""
        self.go = threading.Event()
        self.go.set()

    def pin(self, path: str = "file.bin", member: str = "") -> str:
        digest = hashlib.sha256(self.body).hexdigest()
        url = f"http://127.0.0.1:{self.server_port}/{path}"
        return f"pkg:generic/file@1?download_url={url}&checksum=sha256:{digest}#{member}"


@contextmanager
def running() -> Iterator[Server]:
    """A server that answers until the end of the block."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.go.set()
        server.shutdown()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers["Range"]
        server.ranges.append(wanted)
        if self.path == "/hangs-up":
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.end_headers()
            return
        start = int(wanted[6:-1]) if wanted and server.understands_ranges else 0
        if start >= len(server.body):
            self.send_error(416)
            return
        self.reply(server.body, start)

    def reply(self, body: bytes, start: int) -> None:
        server = self.server
        self.send_response(206 if start else 200)
        if start:
            first = start + server.wrong_range
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        if server.announces_length:
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        end = server.cuts.pop(0) if server.cuts else len(body)
        if server.resets and end < len(body):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.write(body[start : start + 1])
        server.go.wait(30)
        self.wfile.write(body[start + 1 : end])
