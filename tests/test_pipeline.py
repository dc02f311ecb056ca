"""From bytes to findings: examined, counted, grouped, judged."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import fakes, rules, windows
from scanner.detect import Detector
from scanner.examine import NOTHING, examine
from scanner.filters.entries import is_fingerprint
from scanner.git.changes import Change, Delta, Side
from scanner.inside import examine_stream
from scanner.model import Hit, Location, Match, Position, Secret, Suppression
from scanner.pipeline import Introduced, fingerprint, in_message, introductions
from tests.conftest import often, token

RULES = rules.builtin()
DETECTOR = Detector(RULES, 5.0)
BOT, USER = token(), token("user")
MARKER = b"xoxscan:" + b"ignore"
TODAY = "2026-01-02"


def match(secret: bytes = b"secret", kind: str = "bot", shown: str = "****", rule: str = "slack-bot-token") -> Match:
    return Match(rule, kind, Secret(secret), shown, (), 0, len(secret))


def hit(secret: bytes = b"secret", line: int = 1, inline: Suppression | None = None) -> Hit:
    return Hit(match(secret), Position(line, 1, line, 2), inline)


# One text


def test_a_text_without_any_anchor_is_nothing() -> None:
    assert examine(DETECTOR, b"text") is NOTHING
    assert examine(DETECTOR, b"") is NOTHING
    assert examine_stream(DETECTOR, io.BytesIO(b"text").read) is NOTHING


def test_hits_have_positions_and_what_allows_them() -> None:
    text = b"\xef\xbb\xbfa\r\n" + "é".encode() + BOT + b" # " + MARKER + b" why\n" + USER
    first, second = examine(DETECTOR, text).hits
    assert first.position == Position(2, 2, 2, 2 + len(BOT))
    assert first.inline == Suppression("inline", "why")
    assert (second.position.line, second.inline) == (3, None)
    assert [each.match.rule for each in (first, second)] == ["slack-bot-token", "slack-user-token"]


def test_a_piece_of_a_text_begins_where_it_is_said_to() -> None:
    (found,) = examine(DETECTOR, b"ab" + BOT, line=7, column=3).hits
    assert found.position[:2] == (7, 5)


def test_markers_of_other_tools_count_where_they_may() -> None:
    text = BOT + b" # gitleaks:" + b"allow"
    assert examine(DETECTOR, text).hits[0].inline is None
    assert examine(DETECTOR, text, foreign=True).hits[0].inline == Suppression("inline", "gitleaks:" + "allow")


def test_what_was_turned_down_has_a_place() -> None:
    text = b"\n  xoxb-" + b"123456789012-" * 2 + b"x" * 24
    examined = examine(DETECTOR, text)
    ((position, dropped),) = examined.dropped
    assert (dropped.rule, examined.hits) == ("slack-bot-token", ())
    assert position[:2] == (2, 3)


LINES = st.one_of(
    st.sampled_from([BOT, USER, BOT + b" " + USER, b'"' + BOT + b'" # ' + MARKER, b"# " + MARKER + b"-next-line"]),
    st.sampled_from([fakes.render(f"{{{{{name}}}}}", 1).encode() for name in ("incoming_webhook|json", "app_token")]),
    st.sampled_from([b"", b"text", "é€😀".encode() * 20, b"\xff\x80\xe2\x82", b"xoxb-" + b"1" * 12 + b"-" + b"x" * 24]),
    st.sampled_from([b"a" * 30 + BOT, b"m" + BOT, b"\\n" + USER, b"\x1b[31m" + BOT, b"=" * 200]),
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b" "])
TEXTS = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=60).map(b"".join)


@pytest.mark.no_cover
@settings(max_examples=often(50), deadline=None)
@given(text=TEXTS, size=st.integers(3001, 6000), most=st.integers(1, 5000))
def test_windows_find_the_same_at_the_same_places(text: bytes, size: int, most: int) -> None:
    """Whatever their size, as long as what belongs together (here up to 1,500 bytes) is shorter than overlap and
    margin."""
    stream = io.BytesIO(text)
    with pytest.MonkeyPatch.context() as patched:
        cut = partial(windows.windows, size=size, overlap=1500, margin=1500)
        patched.setattr("scanner.examine.windows", cut)
        windowed = examine_stream(DETECTOR, lambda count: stream.read(min(count, most)))
    whole = examine(DETECTOR, text)
    assert [placed(each) for each in windowed.hits] == [placed(each) for each in whole.hits]
    assert [each[0] for each in windowed.dropped] == [each[0] for each in whole.dropped]


def placed(found: Hit) -> tuple[object, ...]:
    return found.match.rule, found.match.secret, found.position, found.inline


# What a change introduces

OIDS = ("o1", "o2", "o3", "o4")
HELD = {b"o1": ["s"], b"o2": ["s", "s"], b"o3": ["s", "t"], b"o4": list[str]()}
TREES = st.dictionaries(st.sampled_from([b"a", b"b", b"ok/c"]), st.sampled_from([o.encode() for o in OIDS]))
Tree = Mapping[bytes, bytes]


def change_of(new: Tree, olds: list[Tree]) -> Change:
    return Change(b"commit", tuple(tuple(deltas(old, new)) for old in olds or [{}]))


def deltas(old: Tree, new: Tree) -> list[Delta]:
    paths = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    return [Delta(side(path, old.get(path)), side(path, new.get(path))) for path in paths]


def side(path: bytes, oid: bytes | None) -> Side | None:
    return Side(path, b"100644", oid) if oid else None


@pytest.mark.no_cover
@settings(max_examples=often(125))
@given(new=TREES, olds=st.lists(TREES, max_size=3), allowed=st.booleans())
def test_the_counting_rule(new: Tree, olds: list[Tree], allowed: bool) -> None:
    """A token is introduced where it occurs more often in the new versions than in all the old versions of the same
    change together; for a merge, in those at paths where it differs from every parent. What is allowed counts by
    itself."""

    def occurrences(tree: Tree, paths: set[bytes]) -> Counter[tuple[str, bool]]:
        return Counter((word, p.startswith(b"ok/")) for p in paths & tree.keys() for word in HELD[tree[p]])

    brought = occurrences(new, {path for path in new if all(old.get(path) != new[path] for old in olds or [{}])})
    gone: Counter[tuple[str, bool]] = Counter()
    for old in olds:
        gone += occurrences(old, {path for path in old if old[path] != new.get(path)})
    expected = {which for which in brought if brought[which] > gone[which]}

    found = introductions(
        change_of(new, olds),
        lambda one: [hit(word.encode()) for word in HELD[one.oid]],
        lambda path, _: Suppression("path") if path.startswith(b"ok/") else None,
    )
    assert {(each.hit.match.secret.reveal().decode(), bool(each.allowed)) for each in found} == expected


def introduced(new: Tree, old: Tree) -> list[tuple[bytes, bool]]:
    found = introductions(
        change_of(new, [old]),
        lambda one: [hit(word.encode()) for word in HELD[one.oid]],
        lambda path, _: Suppression("path") if path.startswith(b"ok/") else None,
    )
    return [(each.side.path, bool(each.allowed)) for each in found]


def test_places_are_those_where_there_is_more_than_before() -> None:
    assert introduced({b"a": b"o2", b"b": b"o1"}, {b"a": b"o1", b"b": b"o1"}) == [(b"a", False), (b"a", False)]
    assert introduced({b"a": b"o4", b"b": b"o2"}, {b"a": b"o1"}) == [(b"b", False), (b"b", False)]


def test_what_is_allowed_comes_with_what_allows_it() -> None:
    assert introduced({b"ok/c": b"o1"}, {}) == [(b"ok/c", True)]
    assert introduced({b"a": b"o1", b"ok/c": b"o1"}, {}) == [(b"a", False), (b"ok/c", True)]
    assert introduced({b"a": b"o1"}, {b"ok/c": b"o1"}) == [(b"a", False)]
    assert introduced({b"ok/c": b"o1"}, {b"a": b"o1"}) == [(b"ok/c", True)]
    assert introduced({b"ok/d": b"o1"}, {b"ok/c": b"o1"}) == []


def test_nothing_old_is_looked_at_where_nothing_new_is_found() -> None:
    looked: list[bytes] = []

    def look(one: Side) -> list[Hit]:
        looked.append(one.oid)
        return []

    assert list(introductions(change_of({b"a": b"o1"}, [{b"a": b"o2"}]), look, lambda path, _: None)) == []
    assert looked == [b"o1"]


def test_thousands_of_secrets_take_no_square_of_time() -> None:
    many = [hit(b"%d" % number) for number in range(20_000)]
    change = change_of({b"a": b"o1"}, [{b"a": b"o4"}])
    found = list(introductions(change, lambda one: many if one.oid == b"o1" else many[:1], lambda path, _: None))
    assert len(found) == 19_999
    assert isinstance(found[0], Introduced)


def test_a_message_counts_its_own_lines() -> None:
    content = b"tree x\nauthor " + USER + b"\n\nsubject\n" + BOT + b"\n"
    start = content.index(b"subject")
    place = Location("commit-message", commit="c")
    header, body = in_message(examine(DETECTOR, content), content, start, place, lambda path, found: found.inline)
    assert header.location.position is None
    assert body.location.position and body.location.position[:3] == (2, 1, 2)
    assert body.location.commit == "c"


# Fingerprints


@pytest.mark.parametrize(
    ("found", "digest"),
    [
        (match(b"id-1-abcdefghijklmnop", "bot", "id-1-****"), "udgztzugmzl4l45vsq5xl3r7nzqium2dp3cmtxe6w5eq7wz2c6ta"),
        (match(b"id-1-abcdef", "user-legacy", "id-1-****"), "3dn4yjlpcnkg2wsu4sikhjorlzoir2f7jmxblggayckzyxkcbvlq"),
        (match(b"0123456789abcdef" * 2, "app-secret"), "sxmpwsbgufjyivyyr6aao7dzvseaucphrvb7uasa5yiut3txrv6a"),
        (
            match(b"before-abcdefghijklmnop-after", "webhook", "before-****-after"),
            "6vdwpbqo2sz27c6pbn5apbm2ea6za2wly6mvhktxpya3zwo6ztsa",
        ),
    ],
)
def test_fingerprints_never_change(found: Match, digest: str) -> None:
    """People write them into baselines: these are for ever."""
    assert fingerprint(found) == f"v1:{found.kind}:{digest}"


@pytest.mark.parametrize(
    ("secret", "covered"),
    [
        (b"abcdef", "ids"),
        (b"a1B2c3D4e5", "ids"),
        (b"0123456789", "ids"),
        (b"0123456789abcde", "ids"),
        (b"0123456789abcdef", "token"),
        (b"a1B2c3D4e5F", "token"),
    ],
)
def test_a_secret_that_could_be_tried_out_is_not_covered(secret: bytes, covered: str) -> None:
    """64 bits: 16 hex digits, or 11 letters and digits."""
    one, other = (match(b"id-1-" + value, shown="id-1-****") for value in (secret, secret[::-1]))
    assert (fingerprint(one) == fingerprint(other)) == (covered == "ids")
    assert fingerprint(one) != fingerprint(match(b"id-2-" + secret, shown="id-2-****"))
    assert fingerprint(one) != fingerprint(one._replace(kind="other"))


@pytest.mark.parametrize("kind", [kind for kind in fakes.KINDS if kind != "app-secret"])
def test_every_kind_has_a_fingerprint_that_says_nothing(kind: str) -> None:
    value = token(kind)
    (found,) = examine(DETECTOR, b"x = '" + value + b"'").hits
    text = fingerprint(found.match)
    assert is_fingerprint(text) and text.startswith(f"v1:{kind}:")
    assert not any(value[at : at + 6].decode() in text.partition(f"{kind}:")[2] for at in range(len(value) - 6))


@pytest.mark.parametrize("name", ["incoming_webhook", "workflow_trigger", "session_cookie", "bot_token"])
def test_a_fingerprint_is_the_same_however_the_secret_is_written(name: str) -> None:
    ways = [fakes.render(f"{{{{{name}{way}}}}}", 3).encode() for way in ("", "|json", "|percent")]
    found = [examine(DETECTOR, b' "' + text + b'" ').hits for text in ways]
    assert len({fingerprint(each.match) for hits in found for each in hits}) == 1
    assert all(len(hits) == 1 for hits in found)
