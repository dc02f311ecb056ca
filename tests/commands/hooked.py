"""What the tests of native hooks share: the real git with hooks, and servers that it pushes to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAM = Path(sys.executable).parent / "xoxscan"


def _helper(name: str) -> bool:
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    return (Path(where) / name).exists()


over_http = pytest.mark.skipif(
    not (_helper("git-remote-http") and _helper("git-http-backend")), reason="this git was built without HTTP"
)


def new_git() -> bool:
    """Whether this git starts hooks that its configuration names."""
    words = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout.split()
    return tuple(int(n) for n in words[2].split(".")[:2]) >= (2, 54)


config_hooks = pytest.mark.skipif(not new_git(), reason="hooks in git's configuration need git 2.54")


class Done(NamedTuple):
    """What git did, and all that it and its hooks said."""

    status: int
    said: bytes


def git(cwd: Path, *arguments: str | Path, env: dict[str, str] | None = None) -> Done:
    """Runs the real git as a user does, hooks and all."""
    done = subprocess.run(
        ["git", *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return Done(done.returncode, done.stdout)


def write_hook(path: Path, words: str, before: str = "") -> None:
    """A hook that ends as the program with these words does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n{before}\nexec "{PROGRAM}" {words}\n')
    path.chmod(0o755)


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """The address of a server that hands the repositories below `root` to git-http-backend."""
    handler = type("Handler", (_Backend,), {"root": root})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Backend(BaseHTTPRequestHandler):
    """CGI (RFC 3875) as git-http-backend(1) wants it."""

    root: Path

    def do_GET(self) -> None:
        self._run(b"")

    def do_POST(self) -> None:
        self._run(self._body())

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _run(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environ = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "ada",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, check=True, env=environ)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)
