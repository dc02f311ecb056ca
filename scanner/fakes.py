"""Fakes: tokens of every kind that look like real ones and never were; the same seed gives the same.

Rule examples, the demo, benchmarks and tests are written as templates (`{{bot_token}}`) and rendered here, so that no
file of this repository holds a string that a scanner would take for a token. Shapes: docs/rules.md.
"""

from __future__ import annotations

import base64
import string
from collections.abc import Callable
from random import Random
from urllib.parse import quote

_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits
_ALNUM = string.ascii_letters + string.digits
_BASE64 = _ALNUM + "+/"


def _draw(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choices(alphabet, k=length))


def _number(random: Random, least: int = 9, most: int = 16) -> str:
    """A decimal id of a width that Slack issues: they grew from 8 digits to 14, and go on growing."""
    return str(random.randint(1, 9)) + _draw(random, string.digits, random.randint(least, most) - 1)


def _ids(random: Random, count: int) -> str:
    return "-".join(_number(random) for _ in range(count))


def _hex(random: Random, length: int) -> str:
    return _draw(random, _HEX, length)


def _tail(random: Random, least: int, most: int) -> str:
    """A mixed secret that no check may take for digits only."""
    body = _draw(random, _ALNUM, random.randint(least, most) - 2)
    return body + random.choice(string.ascii_letters) + random.choice(string.digits)


def _id(random: Random, letter: str) -> str:
    """An id as the Web API shows it: T…, B…, A…, 9 to 11 characters."""
    return letter + _draw(random, _UPPER, random.randint(8, 10))


def _payload(random: Random, head: str, ids: int) -> str:
    """The body of a rotating token: base64 without padding over version, ids and 64 hex digits (facts, section 1)."""
    plain = f"{head}-{_ids(random, ids)}-{_hex(random, 64)}"
    return base64.b64encode(plain.encode()).decode().rstrip("=")


def _rotating(random: Random) -> str:
    return random.choice([f"p-1-{_payload(random, '2-2', 4)}", f"b-1-{_payload(random, '1-2', 4)}"])


def _app(random: Random) -> str:
    token = f"app-1-{_id(random, 'A')}-{_number(random, 12, 16)}-{_hex(random, 64)}"
    return random.choice(["x", "x", "xoxe.x"]) + token


def _cookie(random: Random) -> str:
    body = _draw(random, _BASE64, random.randint(96, 240)) + random.choice(["", "=", "=="])
    return "d-" + (quote(body, safe="") if random.random() < 0.5 else body)


def _legacy_session(random: Random) -> str:
    letter = random.choice("so")
    return f"{letter}-{_ids(random, 3)}-{_hex(random, random.choice([10, 64]))}"


def _workspace(random: Random) -> str:
    return "a-" + random.choice(["2-", ""]) + f"{_ids(random, random.choice([2, 3]))}-{_hex(random, 32)}"


def _legacy_user(random: Random) -> str:
    return f"p-{_ids(random, 3)}-{random.choice([_hex(random, 10), _tail(random, 6, 6)])}"


def _host(random: Random) -> str:
    return "https://hooks." + random.choice(["slack.com", "slack.com", "slack-gov.com"])


def _webhook(random: Random) -> str:
    path = random.choice(["/services", "/services", ""])
    return f"{_host(random)}{path}/{_id(random, 'T')}/{_id(random, 'B')}/{_tail(random, 24, 24)}"


def _workflow_webhook(random: Random) -> str:
    number = _number(random, 17, 19)
    return f"{_host(random)}/workflows/{_id(random, 'T')}/{_id(random, 'A')}/{number}/{_tail(random, 24, 24)}"


def _trigger(random: Random) -> str:
    return f"{_host(random)}/triggers/{_id(random, random.choice('TE'))}/{_number(random, 13, 14)}/{_hex(random, 32)}"


def _workflow(random: Random) -> str:
    return f"wfp-{_ids(random, 2)}-{_tail(random, 32, 40)}"


_SHAPES: dict[str, tuple[str, str, Callable[[Random], str]]] = {  # template name: kind, what stands before, the rest
    "user_token": ("user", "xox", lambda r: f"p-{_ids(r, 3)}-{_hex(r, 32)}"),
    "legacy_user_token": ("user-legacy", "xox", _legacy_user),
    "bot_token": ("bot", "xox", lambda r: f"b-{_ids(r, 2)}-{_tail(r, 23, 27)}"),
    "legacy_bot_token": ("bot-legacy", "xox", lambda r: f"b-{_number(r, 8, 14)}-{_tail(r, 23, 24)}"),
    "workspace_token": ("workspace", "xox", _workspace),
    "refresh_token": ("refresh", "xox", lambda r: f"r-{_ids(r, 2)}-{_tail(r, 24, 24)}"),
    "legacy_session_token": ("legacy-session", "xox", _legacy_session),
    "rotating_token": ("config-access", "xoxe.xox", _rotating),
    "rotation_refresh_token": ("config-refresh", "xox", lambda r: f"e-1-{_payload(r, '3-1', 3)}"),
    "export_token": ("export", "xox", lambda r: f"e-{_ids(r, 3)}-{_hex(r, 32)}"),
    "session_token": ("session-client", "xox", lambda r: f"c-{_ids(r, 3)}-{_hex(r, 64)}"),
    "session_cookie": ("session-cookie", "xox", _cookie),
    "app_token": ("app-level", "", _app),
    "workflow_token": ("workflow", "x", _workflow),
    "incoming_webhook": ("webhook", "", _webhook),
    "workflow_webhook": ("workflow-webhook", "", _workflow_webhook),
    "workflow_trigger": ("trigger", "", _trigger),
    "signing_secret": ("app-secret", "", lambda r: _hex(r, 32)),
    "client_secret": ("app-secret", "", lambda r: _hex(r, 32)),
    "verification_token": ("app-secret", "", lambda r: _tail(r, 24, 24)),
}

KINDS = tuple(dict.fromkeys(kind for kind, _, _ in _SHAPES.values()))


def _named(name: str, random: Random) -> str:
    _, before, rest = _SHAPES[name]
    return before + rest(random)


def fake(kind: str, random: Random) -> bytes:
    """A token of `kind` (cli.md), in any of the shapes that Slack issued. KeyError for an unknown kind."""
    names = [name for name, shape in _SHAPES.items() if shape[0] == kind]
    if not names:
        raise KeyError(kind)
    return _named(random.choice(names), random).encode()


_PIECES: dict[str, str] = {
    "hex": _HEX,
    "alnum": _ALNUM,
    "digits": string.digits,
    "upper": _UPPER,
    "lower": string.ascii_lowercase,
}
_FILTERS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "json": lambda text: text.replace("/", "\\/"),
    "host": lambda text: text.partition("://")[2],
}


def _piece(expression: str, random: Random) -> str:
    """One `{{…}}`: a template name, `hex:32` and the like, `repeat:x:24`, or a letter by itself; then filters."""
    source, *filters = expression.split("|")
    text = _source(expression, *source.split(":"), random=random)
    for step in filters:
        if step not in _FILTERS:
            raise ValueError(f"unknown filter {step!r} in {{{{{expression}}}}}")
        text = _FILTERS[step](text)
    return text


def _source(expression: str, name: str, *arguments: str, random: Random) -> str:
    if name in _SHAPES:
        return _named(name, random)
    if len(name) == 1:
        return name
    try:
        if name in _PIECES:
            return _draw(random, _PIECES[name], int(arguments[0]))
        if name == "repeat":
            return arguments[0] * int(arguments[1])
    except (IndexError, ValueError):
        raise ValueError(
            f"{{{{{expression}}}}} wants its arguments, as in {{{{hex:32}}}} or {{{{repeat:x:24}}}}"
        ) from None
    raise ValueError(f"unknown template {{{{{expression}}}}}")


def render(template: str, seed: int | str) -> str:
    """`template` with each `{{…}}` replaced by a fake drawn from `seed`. ValueError names what it does not know.

    `{{bot_token}}` and the like are rule ids without `slack-`; `{{hex:32}}`, `{{alnum:24}}`, `{{digits:12}}`,
    `{{upper:9}}`, `{{lower:8}}` are random characters; `{{repeat:x:24}}` repeats; `{{x}}` is a letter by itself (so
    that a file never holds a whole prefix). Filters: `|percent`, `|json` (slashes escaped), `|host` (no scheme).
    """
    random = Random(seed)
    pieces = template.split("{{")
    done = [pieces[0]]
    for piece in pieces[1:]:
        expression, closed, rest = piece.partition("}}")
        if not closed:
            raise ValueError("a {{ without its }}")
        done.append(_piece(expression.strip(), random) + rest)
    return "".join(done)
