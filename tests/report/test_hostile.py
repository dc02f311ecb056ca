"""A repository of somebody who knows how our reports are read. Each reader must see what it sees of a harmless one.

Two ways: a real repository whose file names, subjects, authors and branch are hostile, through the real program; and a
report every text of which is hostile, those that a repository cannot reach (yet) too.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import pytest

from scanner import fakes
from scanner.model import Location, Named, Report, Secret, Shared, Suppressed, Suppression, Target
from scanner.report import FORMATS, Options
from scanner.report.output import Output, write_report
from tests.conftest import MANY, Repo, Run, token
from tests.report.consumers import (
    ACTIVE,
    commands,
    json_lines,
    json_shape,
    markdown_shape,
    xml_root,
    xml_shape,
)
from tests.report.hostile import HOSTILE
from tests.report.samples import FULL, PART, PUBLIC, RESPONSE, TOKEN, VERDICT, finding, location

HARMLESS = "harmless"
WORDS = (
    "  (introduced|slack says|speaks for|lets an attacker|response|proof|fingerprint|hint):|what to do:|note:|skipped:"
)


def text_shape(data: bytes) -> Any:
    """The text report: how many lines, and which of our own words each begins with."""
    found = (re.match(WORDS, line) for line in data.decode().split("\n"))
    return [each and each[0] for each in found]


def github_shape(data: bytes) -> Any:
    """The commands with their keys and the lines of their messages; what is no command is one line at the end."""
    found = commands(data)
    assert len(data.splitlines()) == len(found) + 1
    return [(each.name, [key for key, _ in each.properties], each.data.count("\n")) for each in found]


SHAPES: dict[str, Callable[[bytes], Any]] = {
    "text": text_shape,
    "json": lambda data: json_shape(json.loads(data)),
    "jsonl": lambda data: [json_shape(line) for line in json_lines(data)],
    "sarif": lambda data: json_shape(json.loads(data)),
    "github": github_shape,
    "gitlab": lambda data: json_shape(json.loads(data)),
    "codequality": lambda data: json_shape(json.loads(data)),
    "junit": lambda data: xml_shape(xml_root(data)),
    "summary": markdown_shape,
}


def test_every_format_has_a_reader() -> None:
    assert SHAPES.keys() == set(FORMATS)


def plain(name: str, data: bytes) -> None:
    """What holds of every report: a log that shows it obeys nothing but what is ours, and a terminal nothing at all."""
    if name != "github":
        assert commands(data) == []
    assert not ACTIVE.search(data.decode())
    assert b"##[" not in data and b"##vso[" not in data


# --- a report made of hostile texts --------------------------------------------------------------------------------

# Words out of closed sets, and the public ids of a token by the names that a rule gives them.
KEPT = {"severity", "state", "source", "by", "kind", "anatomy"}
MARKED = Suppressed(finding(), Suppression("inline", "a fake", "somebody", "2031-01-01"))
RICH = FULL._replace(
    target=Target("range", "/srv/repo", "0" * 40, "a..b"),
    findings=(
        *FULL.findings,
        finding(
            location()._replace(member=(b"b.txt",), encoding=("base64",)),
            Location("ref-name", b"refs/heads/x"),
            Location("worktree", b"only a path"),
        )._replace(
            verdict=VERDICT,
            response=RESPONSE._replace(proof="asked again"),
            parts=(
                finding(location(None, 1, "stdin"), location(b"deep", 7)),
                Shared("bot", "an id", "v1:bot:ABCDEF", "v1:bot:GHIJKL", "another id"),
                Named("client-id", "1.2", (location(b"settings", 2),)),
            ),
        ),
    ),
    suppressed=(MARKED, *FULL.suppressed),
)


def poisoned(value: Any, text: str) -> Any:
    """`value` with every text and every path in it replaced."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        inner = zip(value._fields, value, strict=True)
        return type(value)(*(_field(field, each, text) for field, each in inner))
    if isinstance(value, tuple):
        return tuple(poisoned(each, text) for each in value)
    if isinstance(value, bytes):
        return text.encode("utf-8", "surrogateescape")
    return text if isinstance(value, str) else value


def _field(name: str, value: Any, text: str) -> Any:
    if name == "author" and value:
        return f"{text} <jo@example.org>"
    return value if name in KEPT else poisoned(value, text)


def made(name: str, report: Report) -> bytes:
    out = io.BytesIO()
    write_report(report, [Output(name)], out, Options(verbose=True, show_suppressed=True))
    return out.getvalue()


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FORMATS)
def test_a_report_of_hostile_texts_has_the_same_shape(name: str) -> None:
    expected = SHAPES[name](made(name, poisoned(RICH, HARMLESS)))
    for text in HOSTILE:
        data = made(name, poisoned(RICH, text))
        plain(name, data)
        assert SHAPES[name](data) == expected, ascii(text)


@pytest.mark.parametrize("name", FORMATS)
def test_texts_that_hold_a_token_are_masked_however_it_is_written(name: str) -> None:
    written = [
        "x" * 3 + TOKEN.decode(),
        TOKEN.decode().replace("-", "%2D"),
        f"`{TOKEN.decode()}`|",
        f"<{TOKEN.decode()}>",
        TOKEN.decode().replace("-", "\u2013"),
        TOKEN.decode().replace(PART[:12], "\u200b" + PART[:12]),
    ]
    for text in written:
        assert PART[:12].encode() not in made(name, poisoned(RICH, text)).replace(b"\\", b"")


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FORMATS)
def test_texts_that_hold_an_encoded_token_that_nobody_found_are_masked(name: str) -> None:
    other = token("bot", seed=77)
    for before in (b"", b"a", b"ab"):
        for text in (b64encode(before + other).decode(), (before + other).hex(), (before + other).hex().upper()):
            data = unquote_to_bytes(made(name, poisoned(RICH, f"x/{text}.txt")).replace(b"\\", b""))
            assert text[-24:-4].encode() not in data and b"****" in data


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FORMATS)
def test_tokens_of_every_kind_are_masked_in_what_a_reader_makes_of_it(name: str) -> None:
    for kind in fakes.KINDS:
        secret = token(kind)
        found = poisoned(RICH.findings[2]._replace(secret=Secret(secret)), f"a {secret.decode()},b")
        data = made(name, RICH._replace(findings=(found,)))
        read = unquote_to_bytes(unquote_to_bytes(unescape(data.decode())))
        for part in (secret, unquote_to_bytes(secret)):
            assert part[-16:] not in data and part[-16:] not in read, kind


@pytest.mark.many
@pytest.mark.no_cover
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("gap", ["", " "])
def test_no_limit_cuts_a_token_in_two_and_shows_the_half(name: str, gap: str) -> None:
    """Half a token is none to the redactor; so nothing may be cut inside of a word."""
    for limit in (255, 1000, 2000, 4000, 7000, 10_000):
        for before in range(limit - 75, limit, 16 // min(MANY, 2)):
            text = "y" * (before - len(gap)) + gap + TOKEN.decode() + " end"
            only = RICH._replace(findings=(poisoned(RICH.findings[2], text),), suppressed=(), problems=())
            assert PART[:6].encode() not in made(name, only)


# --- a repository of hostile names ---------------------------------------------------------------------------------


class Names(NamedTuple):
    """What one commit is made with."""

    path: bytes
    author: bytes
    message: bytes


def hostile_names() -> Iterator[Names]:
    for number, text in enumerate(HOSTILE):
        raw = text.encode("utf-8", "surrogateescape").replace(b"\0", b"\x01")
        path = raw.replace(b"/", b"\xe2\x88\x95").strip(b".") or b"x"
        author = re.sub(rb"[<>\n]", b"", raw)
        author = author if re.search(rb"[A-Za-z0-9]", author) else b"J" + author
        yield Names(path if number % 2 else b"a/" + path, author, raw)


def harmless_names() -> Iterator[Names]:
    for number, _ in enumerate(HOSTILE):
        path = b"file %d" % number
        yield Names(path if number % 2 else b"a/" + path, b"Jo", b"a subject")


def built(repo: Repo, names: Iterator[Names], branch: bytes) -> None:
    """A repository with a first commit, and then one for each of `names`: a file with a token, and a message with
    another. Written as a stream, since no shell and no porcelain would take all of these names."""
    stream = io.BytesIO()
    marks = count(1)
    refs = b"refs/heads/" + branch
    _commit(stream, refs, Names(b"first", b"Jo", b"first"), b"nothing", next(marks))
    for number, each in enumerate(names):
        message = each.message + b"\n\n" + token(seed=2 * number) + b"\n"
        _commit(stream, refs, each._replace(message=message), token(seed=2 * number + 1), next(marks))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.path, input=stream.getvalue(), check=True)
    repo.git("symbolic-ref", "HEAD", refs)


def _commit(stream: io.BytesIO, refs: bytes, names: Names, content: bytes, mark: int) -> None:
    person = names.author + b" <jo@example.org> %d +0000" % (1_700_000_000 + mark)
    stream.write(b"commit %b\nmark :%d\nauthor %b\ncommitter %b\n" % (refs, mark, person, person))
    stream.write(b"data %d\n%b\n" % (len(names.message), names.message))
    quoted = b"".join(b"\\%03o" % byte for byte in names.path)
    stream.write(b'M 100644 inline "%b"\ndata %d\n%b\n\n' % (quoted, len(content), content))


def reports(run: Run, repo: Repo, folder: Path, *command: str) -> dict[str, bytes]:
    """Every report of one run."""
    asked = [word for name in FORMATS for word in ("--report", f"{name}={folder / name}")]
    done = run("-C", repo.path, *command, "-o", folder / "first", "-v", *asked)
    assert done.status == 1, done.err
    return {name: (folder / name).read_bytes() for name in FORMATS}


def sized(shape: Any) -> Any:
    """A shape without the amounts in a summary: messages differ in length."""
    return re.sub(r"[\d.,]+ (?:bytes?|kB|MB)", "N", repr(shape))


@pytest.mark.no_cover
@pytest.mark.parametrize("command", [("range", "HEAD~{}..HEAD"), ("history",)])
def test_a_hostile_repository_looks_like_a_harmless_one(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    shown = []
    branch = "##\u034fx-$(id)`id`|<img\u202esrc=x>&@everyone;'\"".encode()
    for name, names, ref in (("bad", hostile_names(), branch), ("good", harmless_names(), b"topic")):
        repo = Repo(tmp_path / name / "repo")
        built(repo, names, ref)
        words = (word.format(len(HOSTILE)) for word in command)
        shown.append(reports(run, repo, tmp_path / name, *words))
    bad, good = shown
    for name, shape in SHAPES.items():
        plain(name, bad[name])
        assert sized(shape(bad[name])) == sized(shape(good[name])), name
    assert len(json.loads(bad["json"])["findings"]) == 2 * len(HOSTILE)


@pytest.mark.no_cover
def test_a_hostile_repository_through_report(run: Run, tmp_path: Path) -> None:
    """`xoxscan report` makes of the JSON what the run itself would have made."""
    repo = Repo(tmp_path / "repo")
    built(repo, hostile_names(), b"topic")
    direct = reports(run, repo, tmp_path, "range", f"HEAD~{len(HOSTILE)}..HEAD")
    for name, shape in SHAPES.items():
        done = run("report", tmp_path / "json", "-f", name, "-v")
        plain(name, done.out)
        assert done.status == 0 and shape(done.out) == shape(direct[name])


SEEN = b"a\n ::error file=a%2C,line=1::b%0Ac\nx##[group a=b]y\n::stop-commands::z"


def test_the_readers_would_see_it() -> None:
    """The readers themselves: each of these is seen, so what is not seen in a report is not there."""
    assert [each.name for each in commands(SEEN)] == [
        "error", "group", "stop-commands",
    ]  # fmt: skip
    assert commands(b"::error file=a%2Cb,line=1::c%0Ad")[0] == ("error", (("file", "a,b"), ("line", "1")), "c\nd")
    assert commands("\ufe0f::add-mask::x\n#\u00ad#[error]x".encode()) and ACTIVE.search("\u202e")
    assert markdown_shape(b"`a` <b>") != markdown_shape(b"`a` b") and markdown_shape(b"`a`") == markdown_shape(b"`b`")
    assert xml_shape(xml_root(b"<a b=''><c/></a>")) == ("a", ["b"], False, [("c", [], False, [])])
    for bad in (
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a><?b?></a>",
        b"<a><!-- b --></a>",
        b"<a><![CDATA[b]]></a>",
    ):
        with pytest.raises(ValueError, match="no place"):
            xml_root(bad)


def test_the_public_part_stays_readable() -> None:
    for name in FORMATS:
        assert PUBLIC.encode() in made(name, FULL)
