"""Rows: each encoding that docs/detection.md names, in the forms in which it is met. Written by the standard library or
by hand, never by what the scanner decodes with."""

from __future__ import annotations

import base64
import codecs
import json
import quopri
import textwrap
from collections.abc import Mapping
from urllib.parse import quote

from bench.recall_matrix.cells import COOKIE, SIGNING, WEBHOOK, Row, Write, group, line, page

_MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
_NOISE = bytes(range(128, 256))


def rows() -> tuple[Row, ...]:
    """All of them."""
    return (
        *_plain(),
        *group("charset", _charsets()),
        *_base64(),
        *group("percent", _PERCENT),
        *_percent_more(),
        *group("escape", _ESCAPES, "settings.js"),
        *_html(),
        *group("quoted-printable", _QUOTED, "letter.eml"),
        *group("hex", _HEX),
        *group("ansi", _ANSI, "build.log"),
        *group("cookie", _COOKIES, template=COOKIE),
        *group("typographic", _TYPOGRAPHIC, "notes.txt"),
        *group("two on each other", _TWO),
    )


def _plain() -> tuple[Row, ...]:
    files: dict[str, Write] = {
        "NAME=token": line,
        "?token= of a URL": lambda t: b"GET https://example.org/api/auth?token=" + t + b"&pretty=1\n",
        "a JSON string": lambda t: json.dumps({"slack": t.decode()}).encode(),
        "CRLF": lambda t: page(t).replace(b"\n", b"\r\n"),
        "UTF-8 mark": lambda t: codecs.BOM_UTF8 + t + b"\n",
        "Latin-1 around": lambda t: b"caf\xe9 " + t + b" na\xefve\n",
        "NUL bytes before": lambda t: bytes(5000) + line(t) + bytes(100),
    }
    return (
        *group("plain", files),
        Row("plain", "a line of 5 MB", long_line, "a.min.js", large=True),
        Row("plain", "a file of 60 MB", long_file, large=True),
        Row("plain", "webhook", lambda t: b"curl -d @- " + t + b"\n", "notify.sh", WEBHOOK),
        Row("plain", "signing secret", lambda t: b"SLACK_SIGNING_SECRET=" + t + b"\n", ".env", SIGNING),
    )


def long_file(secret: bytes) -> bytes:
    """60 MB of lines; the token stands after 40."""
    return _prose(40) + line(secret) + _prose(20)


def long_line(secret: bytes) -> bytes:
    """5 MB without a line end; the token stands in the middle."""
    half = b"12345678," * 300_000
    return half + secret + b"," + half


def _prose(megabytes: int) -> bytes:
    text = b"nothing to see in this line, which stands here for its length alone: %09d\n"
    return b"".join(text % number for number in range(megabytes * 1_000_000 // len(text % 0)))


def _charset(codec: str, mark: bytes) -> Write:
    return lambda t: mark + page(t).decode().encode(codec)


def _charsets() -> dict[str, Write]:
    made = {}
    for codec, mark in _MARKS.items():
        name = codec.upper().replace("-LE", " LE").replace("-BE", " BE")
        made[f"{name}, with mark"] = _charset(codec, mark)
        made[f"{name}, no mark"] = _charset(codec, b"")
    made["UTF-16 within other bytes"] = lambda t: b"MZ\x90" + _NOISE + t.decode().encode("utf-16-le") + b"\0\0" + _NOISE
    return made


def _times(count: int) -> Write:
    def write(secret: bytes) -> bytes:
        data = page(secret)
        for _ in range(count):
            data = base64.b64encode(data)
        return b"data: " + data + b"\n"

    return write


def _wrapped(secret: bytes, width: int, form: str) -> bytes:
    """base64 of a page, each line of it as `form` says."""
    pieces = textwrap.wrap(base64.b64encode(page(secret)).decode(), width)
    return "".join(form.format(piece) for piece in pieces).encode()


def _safe(secret: bytes) -> bytes:
    """URL-safe base64 with a `-` or `_` beside the token's own characters."""
    return b"next=" + base64.urlsafe_b64encode(b"\xfb\xff\xfe?>?token=" + secret).rstrip(b"=") + b"\n"


def _auths(secret: bytes) -> bytes:
    auth = base64.b64encode(b"bot:" + secret).decode()
    return json.dumps({"auths": {"images.example.org": {"auth": auth}}}, indent=2).encode()


def _kubernetes(secret: bytes) -> bytes:
    value = base64.b64encode(secret)
    return (
        b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: slack\ndata:\n  SLACK_SIGNING_SECRET: "
        + value
        + b"\n  SLACK_TOKEN: "
        + value
        + b"\n"
    )


def _base64() -> tuple[Row, ...]:
    forms: dict[str, Write] = {
        "once": _times(1),
        "unpadded": lambda t: b"data: " + base64.b64encode(page(t) + b"a").rstrip(b"=") + b"\n",
        "URL-safe": _safe,
        "2 times": _times(2),
        "3 times": _times(3),
        "5 times": _times(5),
        "lines of 76": lambda t: _wrapped(t, 76, "{}\n"),
        "lines of 20, indented": lambda t: b"ca: |\n" + _wrapped(t, 20, "    {}\n"),
        "strings of source, +": lambda t: b"const a =\n" + _wrapped(t, 30, '  "{}" +\n') + b'  "";\n',
        "JSON text": lambda t: base64.b64encode(json.dumps({"ok": True, "token": t.decode()}).encode()),
        "HTTP Basic": lambda t: b"Authorization: Basic " + base64.b64encode(b"bot:" + t) + b"\r\n",
        "data: URL": lambda t: b'<a href="data:text/plain;base64,' + base64.b64encode(page(t)) + b'">\n',
    }
    return (
        *group("base64", forms),
        Row("base64", "Docker auth", _auths, "config.json"),
        Row("base64", "Kubernetes Secret", _kubernetes, "secret.yaml"),
        Row("base64", "Kubernetes Secret, signing secret", _kubernetes, "secret.yaml", SIGNING),
    )


def _each(form: str) -> Write:
    """Every character of the token written as `form` says."""
    return lambda t: b'{"token": "' + "".join(form.format(byte) for byte in t).encode() + b'"}\n'


def _dashes(new: bytes, by: bytes = b"-") -> Write:
    return lambda t: page(t.replace(by, new))


_PERCENT: Mapping[str, Write] = {
    "dashes": _dashes(b"%2D"),
    "dashes, twice": _dashes(b"%252D"),
    "every character": _each("%{:02X}"),
    "every character, twice": _each("%25{:02x}"),
    "every character, %u": _each("%u{:04x}"),
}


def _percent_more() -> tuple[Row, ...]:
    def written(t: bytes) -> bytes:
        return b"redirect=" + quote(t, safe="").encode() + b"&x=1\n"

    return (Row("percent", "webhook in a query", written, template=WEBHOOK),)


_ESCAPES: Mapping[str, Write] = {
    "dashes, \\u002d": _dashes(b"\\u002d"),
    "dashes, \\x2d": _dashes(b"\\x2d"),
    "every character, \\u0078": _each("\\u{:04x}"),
    "every character, \\\\u0078": _each("\\\\u{:04x}"),
    "every character, \\u{78}": _each("\\u{{{:x}}}"),
    "every character, \\U00000078": _each("\\U{:08x}"),
    "every character, \\x78": _each("\\x{:02x}"),
    "every character, \\170": _each("\\{:03o}"),
    "every character, CSS \\78": _each("\\{:x} "),
    "every character, Lua \\120": _each("\\{:03d}"),
    "shell $'…'": lambda t: b"export SLACK=$'" + b"".join(b"\\x%02x" % byte for byte in t) + b"'\n",
}


def _html() -> tuple[Row, ...]:
    forms: dict[str, Write] = {
        "dashes, &#45;": _dashes(b"&#45;"),
        "every character, &#120;": _each("&#{};"),
        "every character, &#x78;": _each("&#x{:x};"),
        "every character, &amp;#120;": _each("&amp;#{};"),
        "tags within": lambda t: b"<p>" + t[:9] + b'<span class="hit">' + t[9:25] + b"</span>" + t[25:] + b"</p>\n",
    }
    names = (b":", b"&colon;"), (b"/", b"&sol;"), (b".", b"&period;")

    def named(secret: bytes) -> bytes:
        for plain, name in names:
            secret = secret.replace(plain, name)
        return b"<code>" + secret + b"</code>\n"

    return *group("html", forms, "page.html"), Row("html", "webhook, named", named, "page.html", WEBHOOK)


_HEAD = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
_QUOTED: Mapping[str, Write] = {
    "dashes, =2D": lambda t: _HEAD + page(t.replace(b"-", b"=2D")),
    "every character": lambda t: _HEAD + b"".join(b"=%02X" % byte for byte in t) + b"\r\n",
    "a soft line end within": lambda t: _HEAD + quopri.encodestring(b"\xe9" * 18 + b" token: " + t + b"\n"),
}


def _dump(secret: bytes) -> bytes:
    """As xxd prints it."""
    data, lines = page(secret), []
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        words = " ".join(piece[n : n + 2].hex() for n in range(0, len(piece), 2))
        lines.append(f"{at:08x}: {words:<39}  " + "".join(chr(b) if 32 <= b < 127 else "." for b in piece))
    return "\n".join(lines).encode() + b"\n"


_HEX: Mapping[str, Write] = {
    "lower case": lambda t: b"blob: " + page(t).hex().encode() + b"\n",
    "upper case": lambda t: b"X'" + page(t).hex().upper().encode() + b"'\n",
    "with spaces": lambda t: t.hex(" ").encode() + b"\n",
    "with colons": lambda t: t.hex(":").encode() + b"\n",
    "0x78, 0x6f, …": lambda t: b"char t[] = {" + ", ".join(f"0x{byte:02x}" for byte in t).encode() + b"};\n",
    "a dump by xxd": _dump,
}
_ANSI: Mapping[str, Write] = {
    "colours within": lambda t: b"+ echo \x1b[01;31m\x1b[K" + t[:5] + b"\x1b[m\x1b[K" + t[5:20] + b"\x1b[0m" + t[20:],
    "a link within": lambda t: (
        t[:7] + b"\x1b]8;;https://example.org\x1b\\" + t[7:30] + b"\x1b]8;;\x1b\\" + t[30:] + b"\n"
    ),
}


def _jar(form: str, sign: str = "%") -> Write:
    """A session cookie where browsers and tools keep it: percent-encoded, the percent sign as `sign`."""
    return lambda t: form.replace("COOKIE", quote(t, safe="").replace("%", sign)).encode()


_COOKIES: Mapping[str, Write] = {
    "plain, as Slack issued it": lambda t: json.dumps({"d": t.decode()}).encode(),
    "Cookie header": _jar("Cookie: b=.1a2b; d=COOKIE; d-s=1700000000\r\n"),
    "cookies.txt": _jar(".slack.com\tTRUE\t/\tTRUE\t1999999999\td\tCOOKIE\n"),
    "HAR": _jar('{"cookies": [{"name": "d", "value": "COOKIE", "path": "/"}]}\n'),
    "curl for Windows, ^%^2B": _jar('curl -b ^"d=COOKIE^"\r\n', "^%^"),
    "batch file, %%2B": _jar("set C=d=COOKIE\r\n", "%%"),
}


def _wide(secret: bytes) -> bytes:
    return "".join(chr(byte + 0xFEE0) for byte in secret).encode() + b"\n"


_TYPOGRAPHIC: Mapping[str, Write] = {
    "en dashes": _dashes("–".encode()),
    "non-breaking hyphens": _dashes("\u2011".encode()),
    "soft hyphen within": lambda t: page(t[:20] + "\u00ad".encode() + t[20:]),
    "zero-width space within": lambda t: page(t[:20] + "\u200b".encode() + t[20:]),
    "wide letters": _wide,
    "homoglyph": lambda t: page(t.replace(b"o", "\u043e".encode(), 1)),
}
_TWO: Mapping[str, Write] = {
    "base64 in a UTF-16 file": lambda t: b"\xff\xfe" + base64.b64encode(page(t)).decode().encode("utf-16-le"),
    "base64 of UTF-16": lambda t: b"powershell -e " + base64.b64encode(page(t).decode().encode("utf-16-le")) + b"\n",
    "base64, percent-encoded": lambda t: b"q=" + quote(base64.b64encode(page(t)), safe="").encode() + b"\n",
    "base64, wrapped, in a JSON string": lambda t: json.dumps({"key": _wrapped(t, 64, "{}\n").decode()}).encode(),
    "JSON in JSON in JSON, \\u002d": lambda t: _nested(t.replace(b"-", b"\\u002d").decode()),
    "base64 of hex": lambda t: base64.b64encode(page(t).hex().encode()) + b"\n",
    "hex of base64": lambda t: base64.b64encode(page(t)).hex().encode() + b"\n",
    "percent of \\u0078": lambda t: quote(b"".join(b"\\u%04x" % byte for byte in t), safe="").encode() + b"\n",
}


def _nested(text: str) -> bytes:
    return json.dumps({"a": json.dumps({"b": f'{{"token": "{text}"}}'})}).encode()
