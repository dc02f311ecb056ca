"""A random token in a random chain of encodings and archives, in a random text: found whole, once, at its place, with
the chain that leads to it."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import json
import lzma
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.inside import examine_file
from tests.conftest import token
from tests.decode.archives import STREAMS, tarred, zipped
from tests.decode.rowed import rows

DETECTOR = Detector(rules.builtin(), 5.0, fast=True, names=views.NAMES)
KINDS = ("bot", "user", "app-level", "session-client", "config-access", "config-refresh")

# What a token is written as, cut after so many characters: the view that takes it off, and how.
Within = Callable[[str, int], str]
WITHIN: dict[str, tuple[str, Within]] = {
    "literals": ("joined", lambda t, at: f'"{t[:at]}" + "{t[at:]}"'),
    "a continued line": ("joined", lambda t, at: f"{t[:at]}\\\n{t[at:]}"),
    "a list": ("joined", lambda t, at: '["' + '", "'.join(t.split("-")) + '"].join("-")'),
    "colours": ("ansi", lambda t, at: f"{t[:at]}\x1b[1;31m{t[at:]}\x1b[0m"),
    "a soft hyphen": ("typographic", lambda t, at: f"{t[:at]}\u00ad{t[at:]}"),
    "en dashes": ("typographic", lambda t, at: t.replace("-", "\u2013")),
    "tags": ("html", lambda t, at: f"{t[:at]}<b>{t[at:]}</b>"),
    "percent dashes": ("percent", lambda t, at: t.replace("-", "%2D")),
    "escaped dashes": ("escape", lambda t, at: t.replace("-", "\\u002d")),
    "entity dashes": ("html", lambda t, at: t.replace("-", "&#45;")),
    "a soft line end": ("quoted-printable", lambda t, at: f"{t[:at]}=\n{t[at:]}"),
}

QUOTES: dict[str | None, int] = {"literals": 1, "a list": 2}  # what stands before it there

# What a text around it is written as, character by character or in groups.
Around = Callable[[str], str]
AROUND: dict[str, tuple[str, Around]] = {
    "base64": ("base64", lambda s: base64.b64encode(s.encode()).decode()),
    "base64 for URLs": ("base64", lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("=")),
    "base64 in lines": ("base64", lambda s: "\n" + base64.encodebytes((s + " and more" * 8).encode()).decode()),
    "hex": ("hex", lambda s: s.encode().hex()),
    "percent": ("percent", lambda s: "".join(f"%{byte:02X}" for byte in s.encode())),
    "escape": ("escape", lambda s: json.dumps("".join(f"\\u{ord(c):04x}" for c in s)).replace("\\\\", "\\")),
    "html": ("html", lambda s: "".join(f"&#{ord(c)};" for c in s)),
}


class Sort(NamedTuple):
    """How a file is made of another one: what `encoding` and `member` then begin with."""

    make: Callable[[bytes], bytes]
    encoding: tuple[str, ...] = ()
    member: tuple[bytes, ...] = ()


FILES: dict[str, Sort] = {
    "gzip": Sort(gzip.compress, ("gzip",)),
    "bzip2": Sort(bz2.compress, ("bzip2",)),
    "xz": Sort(lzma.compress, ("xz",)),
    "zstd": Sort(STREAMS["zstd"], ("zstd",)),
    "zip": Sort(lambda data: zipped({"n": b"-", "a.txt": data}), (), (b"a.txt",)),
    "tar": Sort(lambda data: tarred({"b/c": data, "n": b"-"}), (), (b"b/c",)),
    "ar": Sort(lambda data: rows({"d": data}), (), (b"d",)),
}
CHARSETS: dict[str, bytes] = {
    "": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
CONTEXT = st.text(" abceo=:;,.\té\n", max_size=30)


class Chain(NamedTuple):
    """From the inside to the outside."""

    within: str | None
    around: tuple[str, ...]
    charset: str
    files: tuple[str, ...]


def written(chain: Chain, secret: str, at: int) -> str:
    """The text with the token, before its charset."""
    text = WITHIN[chain.within][1](secret, at) if chain.within else secret
    for name in chain.around:
        text = AROUND[name][1](f"T = {text} ;")
    return text


def told(chain: Chain) -> tuple[str, ...]:
    """All that is taken off, the outermost first."""
    files = [step for name in reversed(chain.files) for step in FILES[name].encoding]
    text = [AROUND[name][0] for name in reversed(chain.around)]
    return (*files, *filter(None, [chain.charset]), *text, *([WITHIN[chain.within][0]] if chain.within else []))


def check(chain: Chain, secret: bytes, at: int, before: str, behind: str) -> None:
    """It is the only find, whole, and its place is that of what shows it in the innermost file."""
    hidden = written(chain, secret.decode(), at)
    text = f"a line\n{before}\n  {hidden}\n{behind}"
    data = CHARSETS[chain.charset] + text.encode(chain.charset or "utf-8")
    for name in chain.files:
        data = FILES[name].make(data)
    seen = examine_file(DETECTOR, data)
    (hit,) = seen.hits
    assert (hit.match.secret.reveal(), hit.encoding) == (secret, told(chain))
    assert hit.member == tuple(part for name in reversed(chain.files) for part in FILES[name].member)
    place = hit.position
    first = text[: -len(hidden) - len(behind) - 1].count("\n") + 1
    last = first + hidden.rstrip("\n").count("\n")
    assert first <= place.line <= place.end_line <= last
    if not chain.around:
        assert place[:2] == (first, 3 + QUOTES.get(chain.within, 0))
    elif first == last:
        assert 3 <= place.column < place.end_column <= 3 + len(hidden)
    assert (seen.skipped, seen.overrun) == ((), ())


def possible(chain: Chain, kind: str = "bot") -> bool:
    """Whether docs/detection.md says that it is seen."""
    taken = told(chain._replace(files=(), charset=""))
    once = [one for one in taken if one != "base64"]  # the other views take off all their layers at once
    around = {AROUND[name][0] for name in chain.around}
    spelled = chain.within is not None and "dashes" in chain.within
    return (
        len(set(once)) == len(once)
        and (around <= {"base64"} or len(chain.around) == 1 or (len(chain.around) == 2 and around == {"base64", "hex"}))
        and len(set(told(chain))) <= 3
        and len(taken) + bool(chain.charset) <= 5
        and not (kind == "app-level" and spelled and "base64" in taken)
    )


PAIRS = [Chain(within, around, "", ()) for within, around in product(WITHIN, [(), *((name,) for name in AROUND)])]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "chain", [pair for pair in PAIRS if possible(pair)], ids=lambda chain: " in ".join((chain.within, *chain.around))
)
@given(st.sampled_from(KINDS), st.integers(0, 999), st.integers(10, 20), CONTEXT, CONTEXT)
@settings(max_examples=5)
def test_each_in_each(chain: Chain, kind: str, seed: int, at: int, before: str, behind: str) -> None:
    assume(possible(chain, kind))
    check(chain, token(kind, seed), at, before, behind)


CHAINS = st.builds(
    Chain,
    st.sampled_from([None, *WITHIN]),
    st.lists(st.sampled_from(list(AROUND)), max_size=4).map(tuple),
    st.sampled_from(list(CHARSETS)),
    st.lists(st.sampled_from(list(FILES)), max_size=4).map(tuple),
)


@pytest.mark.no_cover
@given(
    st.tuples(CHAINS, st.sampled_from(KINDS)).filter(lambda made: possible(*made)),
    st.integers(0, 999),
    st.integers(10, 20),
    CONTEXT,
    CONTEXT,
)
@settings(max_examples=150)
def test_any_chain(made: tuple[Chain, str], seed: int, at: int, before: str, behind: str) -> None:
    chain, kind = made
    check(chain, token(kind, seed), at, before, behind)


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 99)), min_size=2, max_size=4, unique=True),
    st.integers(0, 5),
    st.integers(1, 5),
    st.sampled_from("\n ,;"),
)
@settings(max_examples=60)
def test_neighbours_in_base64_in_base64(made: list[tuple[str, int]], before: int, levels: int, between: str) -> None:
    """They share the characters that hold the end of one and the beginning of the next."""
    tokens = [token(*one) for one in made]
    text = b"a" * before + b" " + between.encode().join(tokens)
    for _ in range(levels):
        text = base64.b64encode(text)
    hits = examine_file(DETECTOR, b"key: " + text + b"\n").hits
    assert [hit.match.secret.reveal() for hit in hits] == tokens
    assert {hit.encoding for hit in hits} == {("base64",) * levels}
