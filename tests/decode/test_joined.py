"""Tokens broken up in source, in the ways of many languages, and sources in which nothing is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import joined, views
from scanner.decode.view import Decoded
from scanner.detect import Detector
from scanner.fakes import fake
from scanner.uncover import uncover
from tests.conftest import token

DETECTOR = Detector(rules.builtin(), timeout=5)
VIEWS = Detector(rules.builtin(), timeout=5, names=views.NAMES)
PREFIXED = ("user", "bot", "workspace", "config-access", "config-refresh", "export", "session-client", "app-level")
TOKEN = token("bot", 3)
A, B, C, D = TOKEN.decode().split("-")


def shown(text: bytes, whole: bytes) -> list[Decoded]:
    """The parts that show `whole`, at its end."""
    return [part for part in joined.decode(text) if part.data[:-1].endswith(whole) or part.data.endswith(whole)]


def found(text: bytes) -> set[bytes]:
    """The secrets that rules find in what the view shows."""
    return {match.secret.reveal() for part in joined.decode(text) for match in DETECTOR.scan(part.data).matches}


class Style(NamedTuple):
    """How a language writes a string in pieces: before all, between pieces, behind all. `sure`: whatever they are."""

    before: str
    between: str
    behind: str
    sure: bool = True


STYLES = {
    "javascript": Style("const t = '", "' + '", "';"),
    "java": Style('String t = "', '"\n        + "', '";'),
    "go": Style('t := "', '" +\n\t\t"', '"'),
    "comments": Style('t = "', '" + // one\n /* two */ "', '"'),
    "commented out": Style('// t = "', '" +\n//   "', '"'),
    "javadoc": Style(' * t = "', '"\n *   + "', '"'),
    "php": Style("$t = '", "'.'", "';"),
    "perl": Style("my $t = '", "' . \"", "';"),
    "lua": Style("t = '", "' .. '", "'"),
    "basic": Style('t = "', '" & _\r\n    "', '"'),
    "sql": Style("SELECT '", "' || '", "'"),
    "c++": Style('out << "', '" << "', '";'),
    "jinja": Style("{{ '", "' ~ '", "' }}"),
    "ocaml": Style('let t = "', '" ^ "', '"'),
    "elixir": Style('t = "', '" <> "', '"'),
    "fortran": Style("t = '", "' // '", "'"),
    "concat": Style('t = "', '".concat("', '")'),
    "builder": Style('b.append("', '")\n .append("', '")'),
    "brackets": Style('t = ("', '") + ("', '")'),
    "in json": Style('{"code": "t = \\"', '\\" +\\n \\"', '\\""}'),
    "in html": Style("t = &quot;", "&quot; + &quot;", "&quot;"),
    "python": Style('t = ("', '"\n     f"', '")', False),
    "python, continued": Style('t = "', '" \\\n    "', '"', False),
    "c": Style('char t[] = "', '" "', '";', False),
    "raw": Style('t = R"(', ')" R"(', ')";', False),
    "within a string": Style('t = "', "\\\n", '"', False),
    "yaml": Style('t: "', "\\\r\n    ", '"', False),
    "shell": Style("T=", '""', "\n", False),
    "shell, bare": Style("T=", "\\\n", "\n", False),
    "cmd": Style("set T=", "^\r\n", "\r\n", False),
    "added": Style('t = "', '";\nt += "', '";', False),
    "added, long": Style('$t = "', '";\n$t = $t . "', '";', False),
    "shell, added": Style("T='", "'\nT+='", "'\n", False),
}


def cut(whole: bytes, data: st.DataObject, least: int = 4) -> list[bytes]:
    """The token in two to eight pieces; its first characters stay together."""
    start = 9 if whole.startswith((b"xoxe.", b"xoxe-")) else least
    places = data.draw(st.sets(st.integers(start, len(whole) - 1), min_size=1, max_size=7))
    edges = [0, *sorted(places), len(whole)]
    return [whole[start:end] for start, end in pairwise(edges)]


def check(before: bytes, style: Style, pieces: Sequence[bytes], behind: bytes) -> None:
    """It is shown whole, and the way back leads to each piece."""
    whole, at, expected = b"".join(pieces), len(before), []
    for piece in pieces:
        expected.append((at, at + len(piece)))
        at += len(piece) + len(style.between)
    (part, *_) = shown(before + style.between.encode().join(pieces) + behind, whole)
    at = part.data.rindex(whole)
    assert part.pieces and part.pieces(at, at + len(whole)) == tuple(expected)
    assert part.raw(at, at + len(whole)) == (expected[0][0], expected[-1][1])
    assert part.raw(at, at + 1) == (len(before), len(before) + 1)


@pytest.mark.no_cover
@pytest.mark.parametrize("name", [name for name in STYLES if STYLES[name].sure])
@given(st.data())
def test_what_an_operator_joins_is_found_whole_wherever_it_is_cut(name: str, data: st.DataObject) -> None:
    style = STYLES[name]
    whole = fake(data.draw(st.sampled_from(PREFIXED)), random.Random(data.draw(st.integers())))
    pieces = cut(whole, data)
    before = data.draw(st.binary(max_size=30)).replace(b"x", b"") + b"\n" + style.before.encode()
    # What stands right behind might be one more piece.
    check(before, style, pieces, style.behind.encode() + b"\n;\n" + data.draw(st.binary(max_size=9)))


@pytest.mark.no_cover
@pytest.mark.parametrize("name", [name for name in STYLES if not STYLES[name].sure])
@given(st.data())
def test_what_stands_side_by_side_is_found_whole(name: str, data: st.DataObject) -> None:
    """It is cut where what stands before is no whole token by itself."""
    style = STYLES[name]
    whole = fake(data.draw(st.sampled_from(("user", "config-refresh", "export", "app-level"))), random.Random(7))
    pieces = cut(whole, data)
    if not any(len(b"".join(pieces[:count]).split(b"-")[-1]) in (6, 10) for count in range(len(pieces))):
        check(style.before.encode(), style, pieces, style.behind.encode())


@pytest.mark.parametrize(
    "text",
    [
        f'["{A}", "{B}", "{C}",\n "{D}"].join("-")',
        f'"-".join(["{A}", "{B}", "{C}", "{D}"])',
        f'"-".join(("{A}-", "{B}-{C}", "-{D}",))',
        f"implode('-', array('{A}', {B}, {C}, '{D}'))",
        f'strings.Join([]string{{"{A}-{B}", "{C}", "{D}"}}, "-")',
        f'parts = ["{A}", "{B}", "{C}", "{D}"]\n\n\n\nt = "-".join(parts)',
        f'!Join ["-", ["{A}", "{B}", "{C}", "{D}"]]',
        f"%w[{A} {B} {C} {D}].join('-')",
        f"my @t = qw( {A} {B}-\n{C} {D} );",
        f'concat!("{A}-{B}", "-{C}-{D[:9]}", "{D[9:]}")',
        f'["{A}-{B[:5]}", "{B[5:]}-{C}-{D}"].join("")',
        f'"%s-%s-%s" % ("{A}-{B}", {C}, "{D}")',
        f'String.format("%s-%s", "{A}-{B}", "{C}-{D}")',
        f'"{A}-%s-%s-%s" % ("{B}", {C}, "{D}")',
        f'fmt.Sprintf("{A}-%s-%s-%s", "{B}", "{C}", "{D}")',
        f'"{A}-{{}}-{{1}}-{{}}".format("{B}", {C}, "{D}")',
        f'"{A}-%s-%s-{D}" % ({B}, {C})',
        f"f\"{A}-{{'{B}'}}-{{{C}}}-{{'{D}'}}\"",
        f'`{A}-${{"{B}"}}-${{"{C}"}}-{D}`',
        f"\"{A}-#{{'{B}'}}#{{'-{C}'}}-{D}\"",
        f'f"{A}-{{\'{B}\'}}" f"-{C}-{D}"',
        f'"{A}-"\'{B}\'-{C}"-{D}"',
        f"{A}-\"{B}\"-'{C}-'$'{D}'",
        f"token: >-\n  {A}-{B}-\n  {C}-{D}\nother: 1",
        f"> {A}-{B}-\n> {C}-{D}\n",
        f"t = '{A}-{B}' \\\n    '-{C}-{D}'",
        f"{A}-{B}-{C}-\\\n  {D}\n",
        f'@@ -1 +1,2 @@\n+t = ("{A}-{B}-{C}-"\n+     "{D}")\n',
    ],
)
def test_other_ways_to_write_a_token_in_pieces(text: str) -> None:
    (part, *_) = shown(text.encode(), TOKEN)
    at = part.data.rindex(TOKEN)
    assert part.pieces
    pieces = [text.encode()[slice(*span)] for span in part.pieces(at, at + len(TOKEN))]
    assert b"".join(pieces).replace(b"-", b"").replace(b" ", b"").replace(b"\n", b"") == TOKEN.replace(b"-", b"")
    start, end = part.raw(at, at + len(TOKEN))
    assert text.encode()[start:].startswith(A.encode()) and D[-6:].encode() in text.encode()[start:end]
    assert TOKEN in found(text.encode())


def test_addresses() -> None:
    hook = token("webhook", 2)
    head, _, tail = hook.partition(b"/B")
    assert hook in found(b'url = "' + head + b'/" +\n "B' + tail + b'"')
    assert hook in found(b'["' + head + b'", "B' + tail + b'"].join("/")')


def test_a_token_in_two_parts_with_an_outer_prefix() -> None:
    whole = token("config-access", 1)
    assert whole in found(b'"xoxe." + "' + whole[5:30] + b'" + "' + whole[30:] + b'"')


def test_what_comes_first_stays_whole_eight_pieces_ten_lines() -> None:
    pieces = [TOKEN[at : at + 6] for at in range(0, len(TOKEN), 6)]
    assert len(pieces) > 8 and not found(b'"' + b'" + "'.join([*pieces[:9]]) + b'"')
    assert not shown(b'"xo" + "' + TOKEN[2:] + b'"', TOKEN)
    assert TOKEN in found(b'"' + b'" + "'.join([*pieces[:7], b"".join(pieces[7:]), b"", b" is mine"]) + b'"')
    halves = TOKEN[:20], TOKEN[20:]
    assert shown(b'"%b" +%b"%b"' % (halves[0], b"\n" * 9, halves[1]), TOKEN)
    assert not shown(b'"%b" +%b"%b"' % (halves[0], b"\n" * 10, halves[1]), TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "notify '{0}' 'general'",
        'notify "{0}" \\\n  "general"',
        "notify {0} general",
        "TOKEN={0}\nOTHER=abc\nnext",
        "{0}\ngeneral\nrandom\n",
        '["{0}", "general", "random"].join("")',
        '["{0}",\n "{1}"]',
        "('{0}' '{1}')",
        '"{0}" + "{1}"',
        't = "{0}"\nmessage += "hello"',
        "f\"{0}{{'abc'}}\"",
        '{{"{0}": "abc"}}',
        "`{0}`s and `{1}`s",
        'startswith("{0}"):\n    "abc"',
    ],
)
@pytest.mark.parametrize("kind", ["bot", "user", "app-level", "session-client", "user-legacy", "workspace"])
def test_a_whole_token_stays_as_it_is(text: str, kind: str) -> None:
    whole = token(kind, 4), token(kind, 5)
    assert found(text.format(*(one.decode() for one in whole)).encode()) <= set(whole)


@pytest.mark.parametrize(
    "text", ['"xoxb-" + team + "-" + bot', "xoxb-${TEAM}-${BOT}-${SECRET}", 'f"xoxb-{team_id}-{bot}"']
)
def test_what_a_variable_holds_is_not_known(text: str) -> None:
    assert list(joined.decode(text.encode())) == []


STARTS = ("xoxb", "xoxp-", "xoxe.", "xapp-1", "xoxb-1", "hooks.slack.com/services/", "12345678", "0f", "abc", "-")
SIGNS = (*"\"'`\\+.(){},;a=#$ \n", "%s", "//", "/*", "join", "qw(")
WORDS = st.sampled_from((*STARTS, *SIGNS))


@given(st.lists(WORDS, max_size=60))
def test_nothing_raises_and_every_place_stays_within(words: list[str]) -> None:
    text = "".join(words).encode()
    for part in joined.decode(text):
        assert len(part.data) <= len(text) + 8
        for at in range(len(part.data)):
            start, end = part.raw(at, at + 1)
            assert 0 <= start < end <= len(text)


@given(st.lists(WORDS.filter(lambda word: word not in ("12345678", "0f")), max_size=60))
def test_no_token_is_made_up(words: list[str]) -> None:
    assert not found("".join(words).encode())


@pytest.mark.parametrize(
    "unit", ["x", "xox", "xoxb-", '"', "\\", "%", 'xoxb-"', '"xoxb-1" /* ', '"xoxb-1","', '"xoxb-%s']
)
def test_hostile_texts_come_to_their_end(unit: str) -> None:
    assert sum(len(part.data) for part in joined.decode((unit * 4000).encode())) < 4_000_000


@pytest.mark.parametrize("dash", ["-", "%2D", "%252D", "\\u002d", "\\x2d", "\\-", "&#45;", "&#x2d;", "&hyphen;", "–"])
@pytest.mark.parametrize("behind", ["\nmore words\n", "\r\n  OTHER = 5\r\n", "\n# host name\n"])
def test_the_next_line_is_no_part_of_a_whole_token_however_its_dashes_are_written(dash: str, behind: str) -> None:
    text = "T = " + TOKEN.decode().replace("-", dash) + behind
    assert found(text.encode()) <= {TOKEN}
    assert [one.match.secret.reveal() for one in uncover(VIEWS, text.encode()).shown] == [TOKEN]
