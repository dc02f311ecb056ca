"""Calls to a forge's REST API (docs.github.com: Getting started with the REST API; Forgejo and Gitea speak it too).

One call at a time, with the job's token, to the address that the runner names: no redirect is followed, no answer is
read beyond a limit, nothing is sent again, and neither ~/.netrc nor a cookie has a say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from scanner import __version__
from scanner.errors import UsageError, XoxscanError
from scanner.slack.http import bundle, loopback, proxies_for

LIMIT = 8 << 20
# Seconds: to connect, and between two bytes.
TIMEOUTS = (10.0, 20.0)
_VERSION = "2022-11-28"


class ForgeError(XoxscanError):
    """The forge cannot be asked, or refused."""


class Forge(NamedTuple):
    """Where the API is, and as whom it is asked."""

    api: str
    token: str
    environ: Mapping[str, str]

    def call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """The JSON that `path` below the API answers. Raises ForgeError, whose words hold no token and no address."""
        url = f"{self.api.rstrip('/')}{path}"
        request = requests.Request(method, url, self._headers(), json=body, auth=self._signed)
        with requests.Session() as session:
            session.trust_env = False
            try:
                return self._answer(session, request.prepare())
            except (requests.RequestException, OSError, ValueError, RecursionError) as error:
                raise ForgeError(f"the forge could not be asked: {type(error).__name__}") from None

    def _answer(self, session: requests.Session, request: requests.PreparedRequest) -> Any:
        response = session.send(
            request,
            stream=True,
            timeout=TIMEOUTS,
            allow_redirects=False,
            verify=bundle(self.environ),
            proxies=proxies_for(request.url or "", self.environ),
        )
        with response:
            if response.status_code == 204:  # it is done, and there is nothing to say
                return None
            if response.status_code not in (200, 201):
                raise ForgeError(f"the forge answered {response.status_code}", _why(response.status_code))
            return json.loads(_body(response))

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "User-Agent": f"xoxscan/{__version__}",
            "X-GitHub-Api-Version": _VERSION,
        }

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def forge(environ: Mapping[str, str]) -> Forge:
    """The forge of this job: GITHUB_API_URL and GITHUB_TOKEN. Raises UsageError where the token would go anywhere but
    over TLS or to this machine."""
    api, token = environ.get("GITHUB_API_URL", ""), environ.get("GITHUB_TOKEN", "")
    if not _safe(api):
        raise UsageError("GITHUB_API_URL is no https address", "the runner sets it; do not replace it")
    if not token:
        raise UsageError("GITHUB_TOKEN is empty", "the action passes the job's own token")
    return Forge(api, token, environ)


def _safe(api: str) -> bool:
    """Whether it is an address over TLS, or of this machine."""
    try:
        where = urlsplit(api)
    except ValueError:  # brackets that hold no IPv6 address
        return False
    host = where.hostname or ""
    return bool(host) and (where.scheme == "https" or (where.scheme == "http" and loopback(host)))


def _body(response: requests.Response) -> bytes:
    body = b""
    for piece in response.iter_content(1 << 16):
        body += piece
        if len(body) > LIMIT:
            raise ForgeError("the forge's answer is too long")
    return body


def _why(status: int) -> str:
    if status in (401, 403, 404):
        return "the job needs `permissions: pull-requests: write`; a pull request from a fork never gets it"
    return "the forge may have a bad moment; the comment is made by the next run"
