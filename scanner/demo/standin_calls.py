"""Requests to the stand-in as Slack would understand them, and answers to them. Pure.

Source: docs.slack.dev/apis/web-api (form or JSON; the token in the Authorization header or in the form, never in JSON
and, since 2021, never in the query).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_HIDDEN = ("token", "refresh_token", "client_secret")


class Call(NamedTuple):
    """One request, read. `method` is that of the Web API, or webhook, workflow, inbox or elsewhere."""

    method: str
    verb: str
    path: str  # without the query
    arguments: Mapping[str, str]  # of query, form or JSON, without the token
    body: bytes = b""
    token: str = ""
    token_in: str = ""  # header, form, header+form, query, json
    cookie: str = ""  # the value of `d`, decoded
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    problem: str = ""  # Slack's code for a request that cannot be understood
    warning: str = ""

    def __repr__(self) -> str:
        return f"Call({self.method}, {self.verb})"

    @property
    def dry(self) -> bool:
        """Whether auth.revoke shall only rehearse."""
        return self.arguments.get("test", "").lower() in ("1", "true")

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The arguments without what is secret by name."""
        return tuple((name, "****" if name in _HIDDEN else value) for name, value in self.arguments.items())

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        return dict(self.headers).get(name, "")


def read(verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """Understands a request. `target` is what stands in the request line (a proxy's holds the whole URL); names in
    `headers` are in lower case."""
    path, query = _split(target)
    method = _method(path)
    call = Call(method, verb, path, {}, body, headers=tuple(headers.items()), cookie=_cookie(headers))
    if method in ("webhook", "workflow", "inbox", "elsewhere"):
        return call
    fields, problem, warning = _fields(headers.get("content-type", ""), body)
    return _with_token(call._replace(problem=problem, warning=warning), dict(parse_qsl(query)), fields, headers)


def _split(target: str) -> tuple[str, str]:
    try:
        url = urlsplit(target)
    except ValueError:  # brackets that hold no address
        return "", ""
    return url.path, url.query


def _method(path: str) -> str:
    first, _, rest = path.lstrip("/").partition("/")
    if first == "api":
        return rest
    if first in ("workflows", "triggers"):
        return "workflow"
    if first == "services" or (first[:1] == "T" and rest[:1] == "B"):
        return "webhook"
    return "inbox" if first == "_inbox" else "elsewhere"


def _cookie(headers: Mapping[str, str]) -> str:
    pairs = (one.strip().partition("=") for one in headers.get("cookie", "").split(";"))
    return next((unquote(value) for name, _, value in pairs if name == "d"), "")


def _fields(content_type: str, body: bytes) -> tuple[dict[str, str], str, str]:
    """Arguments of the body, the problem with it, and a warning."""
    kind, _, parameters = content_type.lower().partition(";")
    if not body:
        return {}, "", ""
    if kind == FORM:
        return dict(parse_qsl(body.decode("utf-8", "replace"))), "", "superfluous_charset" if parameters else ""
    if kind == JSON:
        return *_of_json(body), "" if "charset" in parameters else "missing_charset"
    return {}, "invalid_post_type" if kind else "missing_post_type", ""


def _of_json(body: bytes) -> tuple[dict[str, str], str]:
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return {}, "invalid_json"
    if not isinstance(tree, dict):
        return {}, "json_not_object"
    fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in tree.items()}
    return {("json token" if name == "token" else name): value for name, value in fields.items()}, ""


def _with_token(call: Call, query: dict[str, str], fields: dict[str, str], headers: Mapping[str, str]) -> Call:
    """Finds the token; the header's counts where there are two, and one in the query or in JSON does not count."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    found = {
        "header": bearer,
        "form": fields.pop("token", ""),
        "query": query.pop("token", ""),
        "json": fields.pop("json token", ""),
    }
    return call._replace(
        arguments={**query, **fields},
        token=found["header"] or found["form"],
        token_in="+".join(name for name, token in found.items() if token),
    )


class Reply(NamedTuple):
    """One answer. `code` is ok or Slack's error, for the records."""

    code: str
    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def said(code: str = "ok", /, **fields: object) -> Reply:
    """An answer of the Web API: `ok` with fields, or an error (HTTP 200 with `ok` false; only ratelimited has 429)."""
    tree = {"ok": True, **fields} if code == "ok" else {"ok": False, "error": code, **fields}
    if code == "ratelimited":
        return Reply(code, _json(tree), 429, headers=(("Retry-After", "1"),))
    return Reply(code, _json(tree))


def plain(status: int, word: str) -> Reply:
    """An answer of a webhook: a word."""
    return Reply(word, word.encode(), status, "text/html")


def warned(reply: Reply, warning: str) -> Reply:
    """The same answer with a warning, which does not mean failure."""
    if not warning or not reply.body.startswith(b"{"):
        return reply
    tree = json.loads(reply.body)
    metadata = {**tree.get("response_metadata", {}), "warnings": [warning]}
    return reply._replace(body=_json({**tree, "warning": warning, "response_metadata": metadata}))


def _json(tree: Mapping[str, object]) -> bytes:
    return json.dumps(tree, separators=(",", ":")).encode()
