"""A forge's REST API on loopback, as far as comments go: it keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a job's own token"
NAME = "github-actions[bot]"


class Api(ThreadingHTTPServer):
    """Issue 7 of o/r has `comments`. `refuse`: the status and headers that answer everything; `pages`: whether it knows
    them; `meanwhile`: what another job says just before something is added."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.refuse: tuple[int, dict[str, str]] | None = None
        self.raw: bytes | None = None
        self.pages = True
        self.meanwhile = ""

    @property
    def url(self) -> str:
        """Its address, as GITHUB_API_URL has it."""
        return f"http://127.0.0.1:{self.server_port}/api/v3"

    def add(self, body: str, login: str = NAME) -> dict[str, Any]:
        """A comment of `login`."""
        self.comments.append({"id": len(self.comments) + 100, "body": body, "user": {"login": login}})
        return self.comments[-1]

    @property
    def sent(self) -> list[str]:
        """The requests that change something."""
        return [each for each in self.requests if not each.startswith("GET")]


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        """Comments, by page."""
        asked = {name: int(found[0]) for name, found in parse_qs(urlsplit(self.path).query).items()}
        begin = (asked["page"] - 1) * asked["per_page"] if self.server.pages else 0
        self._answer(200, self.server.comments[begin : begin + asked["per_page"]])

    def do_POST(self) -> None:
        """A new comment."""
        assert urlsplit(self.path).path == "/api/v3/repos/o/r/issues/7/comments"
        if self.server.meanwhile:
            self.server.add(self.server.meanwhile)
        self._answer(201, None if self.server.refuse else self.server.add(self._body()["body"]))

    def do_PATCH(self) -> None:
        """A comment that is replaced."""
        number = int(self.path.removeprefix("/api/v3/repos/o/r/issues/comments/"))
        found = next(each for each in self.server.comments if each["id"] == number)
        found["body"] = self._body()["body"]
        self._answer(200, found)

    def do_DELETE(self) -> None:
        """A comment that goes."""
        number = int(self.path.removeprefix("/api/v3/repos/o/r/issues/comments/"))
        self.server.comments = [each for each in self.server.comments if each["id"] != number]
        self._answer(204, None)

    def _body(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return found

    def _answer(self, status: int, body: object) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        status, headers = self.server.refuse or (status, {})
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status = 401
        data = json.dumps(body).encode() if self.server.raw is None else self.server.raw
        data = b"" if status == 204 else data
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[Api]:
    """An Api that answers until the block ends."""
    with Api() as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()
