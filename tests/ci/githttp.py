"""git-http-backend behind a small server on loopback, which asks who one is."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class Server(ThreadingHTTPServer):
    """Serves the repositories below `root` to whom sends `wanted` as Authorization (empty: to all)."""

    def __init__(self, root: Path, wanted: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.wanted = root, wanted
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served(root: Path, wanted: str = "") -> Iterator[Server]:
    """A running server."""
    server = Server(root, wanted)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        """See http.server."""
        self._answer()

    def do_POST(self) -> None:
        """See http.server."""
        self._answer()

    def _answer(self) -> None:
        came = self.headers.get("Authorization", "")
        self.server.asked.append(came)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if came != self.server.wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        head, _, content = self._backend(body).partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _backend(self, body: bytes) -> bytes:
        """What git-http-backend(1) says, which is a CGI program."""
        url = urlsplit(self.path)
        environ = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        return subprocess.run(["git", "http-backend"], input=body, capture_output=True, check=True, env=environ).stdout
