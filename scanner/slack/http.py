"""One POST over HTTP, and nothing that requests or urllib3 would do on their own account.

A prepared request goes straight to an adapter, without a session: so there is no ~/.netrc that could replace the token,
no cookie jar, no redirect that is followed (or read to its end), and no retry. Proxies and the CA bundle come from the
environment by the names that users of requests know. TLS is always verified.
"""

from __future__ import annotations

import functools
import http.client
import io
import ipaddress
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import should_bypass_proxies
from urllib3 import exceptions

from scanner import __version__
from scanner.errors import UsageError
from scanner.slack.answers import Reply

AGENT = f"xoxscan/{__version__}"
# No answer that we ask for has more than a few thousand bytes.
LIMIT = 256 << 10
_LOGGERS = ("requests", "urllib3", "urllib3.connection", "urllib3.connectionpool", "urllib3.poolmanager")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")

Sign = Callable[[requests.PreparedRequest], requests.PreparedRequest]


class Timeouts(NamedTuple):
    """Seconds: to connect, between two bytes, and for the whole of it."""

    connect: float = 10.0
    read: float = 20.0
    whole: float = 30.0

    def within(self, left: float) -> Timeouts:
        """None of them longer than what is left."""
        return Timeouts(*(max(min(each, left), 0.05) for each in self))


TIMEOUTS = Timeouts()


class Http:
    """Posts. May be used by many threads at once; knows the environment as it was when this was made."""

    def __init__(self, environ: Mapping[str, str], timeouts: Timeouts = TIMEOUTS, limit: int = LIMIT) -> None:
        self._environ = dict(environ)
        self._bundle = bundle(environ)
        self._timeouts = timeouts
        self._limit = limit
        self._adapter = _Quiet()
        self._routes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def post(
        self,
        url: str,
        form: Mapping[str, str] | bytes,
        headers: Mapping[str, str],
        sign: Sign,
        *,
        left: float,
        fresh: bool,
    ) -> Reply:
        """What the server at `url` answers, or why it does not; raises nothing of requests. `left`: seconds that this
        may take. `fresh`: over a connection of its own, which nobody can have closed meanwhile."""
        _silence()
        adapter = _Quiet() if fresh else self._adapter
        try:
            request = requests.Request("POST", url, {"User-Agent": AGENT, **headers}, data=form, auth=sign).prepare()
            return self._send(adapter, request, self._timeouts.within(left))
        # Their messages hold URLs and headers. None of them leaves, not even as the context of another one.
        except (
            requests.RequestException,
            exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            return Reply(failure=_why(error))
        finally:
            if fresh:
                adapter.close()

    def close(self) -> None:
        """Ends the connections that are kept."""
        self._adapter.close()

    def _send(self, adapter: _Quiet, request: requests.PreparedRequest, timeouts: Timeouts) -> Reply:
        proxies = self._proxies(request.url or "")
        adapter.hurry(timeouts.whole)
        response = adapter.send(
            request, stream=True, timeout=(timeouts.connect, timeouts.read), verify=self._bundle, proxies=proxies
        )
        try:
            body = self._body(response)
        finally:
            response.close()
        if len(body) > self._limit:
            return Reply(response.status_code, failure="the answer is too long")
        return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _body(self, response: requests.Response) -> bytes:
        """All of it, or one byte more than is allowed. Without decoding: a small answer must not swell to a large one.
        To the empty read, by which urllib3 notices that the connection broke off."""
        body = b""
        while piece := response.raw.read(self._limit + 1 - len(body), decode_content=False):
            body += piece
        return body

    def _proxies(self, url: str) -> dict[str, str]:
        """Looked up once for each host and by one thread: to read NO_PROXY, requests sets it for a moment."""
        origin = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
        with self._lock:
            if origin not in self._routes:
                self._routes[origin] = proxies_for(origin, self._environ)
            return dict(self._routes[origin])


def bundle(environ: Mapping[str, str]) -> str | bool:
    """The file or folder of CA certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names, or True for those that
    requests brings. Raises UsageError where there is nothing at the path."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := environ.get(name):
            if not os.path.exists(path):
                raise UsageError(
                    f"{name} names a file that is not there", "set it to a file of CA certificates, or unset it"
                )
            return path
    return True


def proxies_for(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies for `url` that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY ask for, as requests reads them (small
    letters before capitals). What listens on this machine is never looked for through a proxy."""
    if loopback(urlsplit(url).hostname or "") or _bypass(url, _named(environ, "no_proxy")):
        return {}
    found = {name.removesuffix("_proxy"): _named(environ, name) for name in _PROXIES}
    return {scheme: proxy for scheme, proxy in found.items() if proxy}


def _bypass(url: str, names: str) -> bool:
    """requests' own reading of NO_PROXY. It asks the process's environment where it is given nothing."""
    return bool(names) and (names.strip() == "*" or should_bypass_proxies(url, no_proxy=names))


def _named(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _silence() -> None:
    """urllib3 logs paths, and a webhook's path is its secret. Each logger by itself: a parent's word does not reach
    loggers below it. Again each time, as whoever sets up logging may switch them on."""
    known = [name for name in list(logging.Logger.manager.loggerDict) if name.startswith(("urllib3.", "requests."))]
    for name in (*_LOGGERS, *known):
        logging.getLogger(name).disabled = True


def _why(error: Exception) -> str:
    kinds: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        ((requests.exceptions.ProxyError, exceptions.ProxyError), "the proxy refused"),
        ((requests.exceptions.SSLError, exceptions.SSLError), "TLS failed"),
        ((requests.exceptions.Timeout, exceptions.TimeoutError, TimeoutError), "timeout"),
        ((requests.exceptions.InvalidProxyURL, requests.exceptions.InvalidSchema), "the proxy cannot be used"),
        ((requests.ConnectionError, exceptions.NewConnectionError, ConnectionError), "connection failed"),
        ((exceptions.ProtocolError, http.client.HTTPException), "the answer broke off"),
    )
    return next((why for types, why in kinds if isinstance(error, types)), "the request failed")


class _Quiet(HTTPAdapter):
    """An adapter whose connections print nothing, whatever http.client.HTTPConnection.debuglevel says, and whose
    answers end in time, however slowly they drip."""

    def __init__(self) -> None:
        self._moment = threading.local()
        super().__init__(pool_maxsize=32, max_retries=0)

    def hurry(self, seconds: float) -> None:
        """What this thread sends next is over in so many seconds, or fails."""
        self._moment.end = time.monotonic() + seconds

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """As requests does, with our connections."""
        super().init_poolmanager(*arguments, **named)
        self._use(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """As requests does, with our connections."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **named)
        if not known:
            self._use(manager)
        return manager

    def _use(self, manager: Any) -> None:
        """Makes this pool manager (plain, HTTP proxy or SOCKS) open quiet connections."""
        timed = functools.partial(_Timed, end=lambda: self._moment.end)
        ours = {"debuglevel": 0, "response_class": staticmethod(timed)}
        manager.pool_classes_by_scheme = {
            scheme: type("Pool", (pool,), {"ConnectionCls": type("Connection", (pool.ConnectionCls,), ours)})
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


class _Timed(http.client.HTTPResponse):
    """An answer that is read until a moment of time.monotonic() at most."""

    def __init__(self, sock: socket.socket, *arguments: Any, end: Callable[[], float], **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_Hurried(self.fp.detach(), sock, end()))


class _Hurried(io.RawIOBase):
    """The bytes of a socket until a moment; afterwards TimeoutError."""

    def __init__(self, raw: Any, sock: socket.socket, end: float) -> None:
        self._raw, self._sock, self._end = raw, sock, end
        self._pause = sock.gettimeout() or end

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As a socket does. Raises TimeoutError when its time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(min(left, self._pause))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        """Lets go of the socket."""
        self._raw.close()
        super().close()
