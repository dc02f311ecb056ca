"""The stand-in's HTTP server: reads a request, lets the method act, and answers as well or as badly as it shall."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import socketserver
import struct
import sys
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scanner.demo.standin_calls import Call, Reply, plain, read
from scanner.demo.standin_control import Control
from scanner.demo.standin_faults import Fault, Faults, Gate, Held, spoiled
from scanner.demo.standin_methods import method
from scanner.demo.standin_state import State

_LARGEST = 1 << 20
_NO_LINGER = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """Listens on loopback; a thread for each connection. OSError where the port (0: any) is taken."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, port: int, state: State) -> None:
        self.state = state
        self.faults = Faults()
        self.gate = Gate()
        self.ended = threading.Event()  # set by /_control/stop
        self.bugs: list[BaseException] = []
        self.control = Control(state, self.faults, self.gate)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Binds without asking the name service for the name of this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller may go at any time; anything else is a bug of the stand-in, kept for `Standin.__exit__`."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.bugs.append(error)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection, which may stay open for long."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets it."""
        with self._lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            self.close_request(request)  # a reset: nothing may say goodbye before it
        else:
            super().shutdown_request(request)

    def close(self) -> None:
        """Ends the server and every connection."""
        self.gate.end()
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer goes out in one piece
    disable_nagle_algorithm = True

    def do_POST(self) -> None:  # what http.server calls
        """One request."""
        body = self._body()
        if body is None:
            self.close_connection = True  # nobody knows where the next request begins
            self._send(plain(411, "a body wants its Content-Length"), "")
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path.startswith("/_control/"):
            reply = self.server.control.answer(str(self.command), self.path, headers, body)
            self._send(reply, "")
            if self.path == "/_control/stop" and reply.status == 200:
                self.server.ended.set()
            return
        self._serve(read(str(self.command), self.path, headers, body))

    do_GET = do_PUT = do_DELETE = do_POST

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > _LARGEST:
            return None
        return self.rfile.read(int(length))

    def _serve(self, call: Call) -> None:
        state, fingerprint = self.server.state, self._fingerprint(call)
        fault = self.server.faults.take(call.method, fingerprint)
        number = state.arrive(call, fingerprint, fault.name if fault else "")
        request = hashlib.sha256(str(number).encode()).hexdigest()[:32]
        if fault is None:
            reply = state.act(call, number, method(call.method))
            state.deliver(call, number, whole=True)
            self._send(reply, request)
            return
        reply = self._with(fault, call, Held(number, call.method, fingerprint, fault.hold))
        gone = self._gone()
        state.deliver(call, number, whole=not gone and not fault.ending and fault.acts and fault.body is None)
        if gone:
            self.close_connection = True
        else:
            self._send(reply, request, fault.ending)

    def _with(self, fault: Fault, call: Call, held: Held) -> Reply:
        """Lets the method act where it may, and waits where it must."""
        state, gate, reply = self.server.state, self.server.gate, None
        if fault.hold == "before":
            gate.keep(held)
        if fault.acts:
            reply = state.act(call, held.number, method(call.method))
        if fault.hold == "after":
            gate.keep(held)
        if fault.seconds:
            gate.keep(held._replace(when="slow"), fault.seconds)
        return spoiled(reply, fault)

    def _fingerprint(self, call: Call) -> str | None:
        token = call.token
        if call.method in ("webhook", "workflow"):
            token = f"https://hooks.slack.com{call.path}"
        return self.server.state.named(token).fingerprint if token else None

    def _gone(self) -> bool:
        """Whether the caller hung up while it was kept waiting."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send(self, reply: Reply, request: str, ending: str = "") -> None:
        if ending:
            self.close_connection = True
        if ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        if ending in ("close", "reset"):
            return
        self._head(reply, request)
        self.wfile.write(reply.body[: len(reply.body) // 2] if ending == "torn" else reply.body)
        self.wfile.flush()

    def _head(self, reply: Reply, request: str) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if request:
            self.send_header("x-slack-req-id", request)
        for name, value in reply.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the stand-in's clock."""
        return formatdate(self.server.state.clock() if timestamp is None else timestamp, usegmt=True)

    def version_string(self) -> str:
        """The Server header."""
        return "xoxscan-stand-in"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing goes to stderr: `Standin.requests` holds what came."""
