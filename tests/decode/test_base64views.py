from __future__ import annotations

import base64
import json
import quopri
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache
from textwrap import indent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.decode import base64anchors, base64views, kubernetes
from scanner.decode.around import cover
from scanner.decode.base64anchors import LEVELS, broken, image, images
from scanner.decode.view import Decoded, View
from scanner.decode.views import NAMES
from scanner.detect import Detector
from scanner.fakes import KINDS, render
from scanner.rules import builtin
from scanner.uncover import uncover
from tests.conftest import token


@cache
def anchors(levels: int = LEVELS, halved: int = 2) -> tuple[bytes, ...]:
    """More literals than the program looks for: all that tell an image, in so many levels also where a line ends within
    one, and in a text that was encoded, wrapped as `base64` does it, and encoded again."""
    found = {*kubernetes.ANCHORS, *base64anchors._images(base64anchors._WIDE)}
    found.update(*images(levels))
    for level in images(min(levels, halved)):
        found.update(broken(level))
    if min(levels, halved) > 1:
        found.update(base64anchors._images(one for one in broken(images(1)[0]) if {one[:1], one[-1:]} & {b"\n", b"\r"}))
    return cover(found)


VIEW = View("base64", anchors, lambda data, found=(), /: base64views.decode(data, found or anchors()))
KIND = st.sampled_from([kind for kind in KINDS if kind not in ("app-secret", "trigger")])
TOKENS = st.builds(token, KIND, st.integers(0, 9))
# Between two lines: as they are, indented, in mail and comments, with escapes, and as literals of several languages.
BREAKS = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b"\n    ",
        b"\n\t\t",
        b"\\n",
        b"\\r\\n",
        b'\\n" +\n    "',
        b'",\n  "',
        b"'\n  '",
        b'" \\\n"',
        b"\\\n  ",
        b'" . \n"',
        b"\n> ",
        b"\n# ",
        b"\n * ",
        b'")\n    ("',
        b'"\n    b"',
        b"' +\r\n  '",
        b'", "',
        b'" + "',
        b"&#xA;",
    ]
)
WIDTHS = st.sampled_from([64, 76, 72, 60, 57, 100])


def parts(data: bytes, views: View = VIEW) -> list[Decoded]:
    return list(views.decode(data)) if any(anchor in data for anchor in views.anchors) else []


def places(data: bytes, secret: bytes) -> set[tuple[int, int]]:
    """Where the parts that hold `secret` say that it stands."""
    found = [(part, at) for part in parts(data) if (at := part.data.find(secret)) >= 0]
    return {part.raw(at, at + len(secret)) for part, at in found}


def span(before: bytes, secret: bytes) -> tuple[int, int]:
    """The characters of an unbroken base64 that hold a bit of `secret` behind `before`."""
    return len(before) * 8 // 6, -(-(len(before) + len(secret)) * 8 // 6)


def wrapped(characters: bytes, width: int, line_end: bytes) -> bytes:
    return line_end.join(characters[at : at + width] for at in range(0, len(characters), width))


def unwrapped(width: int, line_end: bytes, place: int) -> int:
    """Where the character at `place` stands once it is wrapped."""
    return place + place // width * len(line_end)


@given(TOKENS, st.binary(max_size=40), st.binary(max_size=40), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=50)
def test_one_line(secret: bytes, before: bytes, behind: bytes, url_safe: bool, padded: bool) -> None:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    characters = encode(before + b" " + secret + b"\n" + behind)
    data = b'{"key": "' + (characters if padded else characters.rstrip(b"=")) + b'", "n": 1}'
    first, last = span(before + b" ", secret)
    assert (9 + first, 9 + last) in places(data, secret)


@given(TOKENS, st.binary(max_size=90), st.binary(max_size=40), WIDTHS, BREAKS)
@settings(deadline=None, max_examples=50)
def test_lines(secret: bytes, before: bytes, behind: bytes, width: int, line_end: bytes) -> None:
    characters = base64.b64encode(before + b"\0" + secret + b"\0" + behind)
    first, last = span(before + b"\0", secret)
    data = b'text = "' + wrapped(characters, width, line_end) + b'";\n'
    begin, end = unwrapped(width, line_end, first), unwrapped(width, line_end, last - 1) + 1
    assert (8 + begin, 8 + end) in places(data, secret)


@given(TOKENS, st.integers(0, 70), st.integers(2, 5))
@settings(deadline=None, max_examples=40)
def test_nested(secret: bytes, before: int, levels: int) -> None:
    data = b"a" * before + b" " + secret
    for _ in range(levels):
        data = base64.b64encode(data)
    for _ in range(levels):
        data = next((part.data for part in parts(data)), b"")
    assert secret in data


@given(TOKENS, st.integers(0, 120))
@settings(deadline=None, max_examples=40)
def test_lines_in_lines(secret: bytes, before: int) -> None:
    inner = base64.encodebytes(b"a" * before + b" " + secret)
    deeper = [part.data for part in parts(base64.encodebytes(inner))]
    assert any(secret in part.data for one in deeper for part in parts(one)) or _broken_twice(inner)


@pytest.mark.parametrize("kind", ["webhook", "workflow-webhook", "trigger", "app-level", "workflow"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\n    ", b'\\n" +\n    "', b'",\n  "'])
def test_a_line_may_end_anywhere_within_the_image(kind: str, line_end: bytes) -> None:
    """With the literals that the program looks for, wherever in its line the token begins."""
    for before in range(57):
        secret = token(kind, before)
        data = wrapped(base64.b64encode(b"a" * before + b" " + secret + b" und so"), 76, line_end)
        assert any(secret in part.data for part in parts(b'"' + data + b'"', base64views.VIEW)), before


@pytest.mark.parametrize("head", [b"", b"data: "])
@pytest.mark.parametrize("kind", ["bot", "webhook"])
@pytest.mark.parametrize("in_json", [False, True])
def test_soft_breaks_of_a_mail(kind: str, head: bytes, in_json: bool) -> None:
    for before in range(0, 120, 7):
        secret = token(kind, before)
        mail = quopri.encodestring(head + base64.b64encode(b"a" * before + b" " + secret + b" und so" * 30))
        text = json.dumps({"body": "Guten Tag\n" * 2 + "x\n\n" + mail.decode()}).encode() if in_json else mail
        assert any(secret in part.data for part in parts(text, base64views.VIEW)), before


@pytest.mark.parametrize(
    "between",
    [
        b'"  # first\n    "',
        b'"  # "quoted" and it\'s\r\n    b"',
        b'" // second\n        "',
        b'" +  // second\n        "',
        b'"  // second\n        + "',
        b"' ..  -- third\n    '",
        b'" /* fourth */\n    "',
        b'" + /* fourth */ "',
        b'",  # fifth\n    # of them, all of one text\n\n    "',
        b'" & _\n    "',
        b'" ++\n    "',
        b"' ||  -- sixth\n    '",
        b'" ^ "',
        b'" <> "',
        b"' ~ '",
        b"' //&\n    '",
        b'" <<  // seventh\n    L"',
    ],
)
@pytest.mark.parametrize("width", [20, 64])
def test_literals_with_comments_and_operators(between: bytes, width: int) -> None:
    """Wherever in its literal the token begins."""
    for before in range(0, width, 7):
        secret = token("bot", before)
        data = b'"' + wrapped(base64.b64encode(b"a" * before + b" " + secret + b"\n"), width, between) + b'"  # end\n'
        assert any(secret in part.data for part in parts(data)), before


@pytest.mark.parametrize("between", [b'" # see\nx = "', b'"\n# see\nand "', b'" "# see" "', b'" # see "'])
def test_a_comment_is_no_base64(between: bytes) -> None:
    head, tail = base64.b64encode(b"a" * 42 + token()[:30]), base64.b64encode(token()[30:])
    assert not any(token() in part.data for part in parts(b'"' + head + between + tail + b'"'))


def _mailed(body: bytes, how: str) -> bytes:
    if how == "email":
        mail = EmailMessage()
        mail.set_content(body.decode(), cte="quoted-printable")
        return bytes(mail)
    lines = quopri.encodestring(body).replace(b"\n", b"\r\n" if "crlf" in how else b"\n")
    return json.dumps({"body": lines.decode()}).encode() if "json" in how else lines


@given(
    TOKENS,
    st.binary(max_size=200),
    st.binary(max_size=200),
    st.integers(0, 60),
    st.sampled_from(["plain", "crlf", "json", "json crlf", "email"]),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes]),
)
@settings(deadline=None, max_examples=150)
# The `=` at the end of the line in which each token is might as well be padding: its last bits are zero.
@example(token("bot", 8), b"a" * 12, b"", 0, "plain", base64.b64encode)
@example(token("bot", 8), b"a" * 12, b"b" * 70, 0, "json", base64.b64encode)
@example(token("workflow", 3), b"a" * 36, b"", 21, "plain", base64.b64encode)
def test_base64_in_any_mail(
    secret: bytes, before: bytes, behind: bytes, indent: int, how: str, encode: Callable[[bytes], bytes]
) -> None:
    lead = b"" if encode is base64.encodebytes else b" " * indent
    mail = _mailed(b"Dear all,\n\n" + lead + encode(before + b" " + secret + b"\n" + behind) + b"\nBye\n", how)
    assert any(secret in part.data for part in parts(mail, base64views.VIEW))


def test_padding_is_no_soft_break() -> None:
    """A line that is as long as those of mails are, and then any word."""
    for seed in (one for one in range(40) if len(token("bot", one)) <= 56):
        secret = token("bot", seed).rjust(56, b"/")
        text = base64.b64encode(secret) + b"\nxyz012 and other words\n"
        assert text[75:77] == b"=\n"
        assert {part.data for part in parts(text) if token("bot", seed) in part.data} == {secret}


def _broken_twice(inner: bytes) -> bool:
    """Both the image and the image of that are broken by a line end: the one thing that is not seen."""
    whole = [level for level in images(1)[0] if level in inner]
    return not whole


@given(TOKENS, st.sampled_from(["utf-16-le", "utf-16-be"]), st.integers(0, 9))
@settings(deadline=None, max_examples=50)
def test_utf_16_within(secret: bytes, charset: str, before: int) -> None:
    wide = ("a" * before + secret.decode()).encode(charset)
    assert any(secret.decode().encode(charset) in part.data for part in parts(b"-enc " + base64.b64encode(wide)))


@given(st.lists(TOKENS, min_size=2, max_size=6, unique=True), st.sampled_from([b"\n", b'", "', b"',\n  '"]))
@settings(deadline=None, max_examples=50)
@example([token("bot", 1), token("bot", 2), token("user", 3)], b"\n")
def test_a_list_of_texts_is_no_wrapped_text(secrets: list[bytes], between: bytes) -> None:
    """Each stands alone in a part, whatever the parts say that take them for one text."""
    data = between.join(base64.b64encode(secret).rstrip(b"=") for secret in secrets)
    shown = [part.data for part in parts(data)]
    for number, secret in enumerate(secrets):
        assert any(one == secret or (number and one.startswith(secret)) for one in shown)


@given(st.binary(max_size=3000), st.lists(st.sampled_from(anchors(2)), max_size=8), st.binary(max_size=400))
@settings(deadline=None, max_examples=50)
def test_whatever_the_text(before: bytes, betrayed: list[bytes], behind: bytes) -> None:
    data = before + behind.join(betrayed) + behind
    for part in VIEW.decode(data):
        assert len(part.data) <= len(data)
        for start in range(0, len(part.data), 97):
            begin, end = part.raw(start, len(part.data))
            assert 0 <= begin < end <= len(data)


@given(st.integers(0, 2), st.binary(max_size=9), st.sampled_from([b"xoxb", b"xapp-", b"slack"]), st.binary(max_size=9))
@settings(deadline=None, max_examples=50)
def test_an_image_stands_in_every_text(offset: int, before: bytes, plain: bytes, behind: bytes) -> None:
    before = before[: len(before) // 3 * 3] + b"?" * offset
    assert image(plain, offset) in base64.b64encode(before + plain + behind)


def test_a_text_far_longer_than_a_region() -> None:
    secrets = [token("bot", seed) for seed in range(12)]
    plain = b"".join(b"%d" % seed * 20_000 + b" " + secret + b" " for seed, secret in enumerate(secrets))
    data = base64.encodebytes(plain)
    shown = parts(data)
    assert all(any(secret in part.data for part in shown) for secret in secrets)
    assert max(len(part.data) for part in shown) < 128 * 1024


def test_a_token_at_the_seam_of_two_regions() -> None:
    for at in range(47_900, 49_200, 200):
        plain = b" " + token("bot", 1) + b" " * at + token("bot", 2) + b" " * 9000
        shown = [part.data for part in VIEW.decode(base64.b64encode(plain))]
        assert any(token("bot", 2) in one for one in shown)


def test_anchors_without_a_region_cost_no_more() -> None:
    """Many of them, each with nothing to decode around it."""
    assert not list(VIEW.decode(b"\\neG9.\n" * 100_000))
    assert not list(VIEW.decode(b"eG94b." * 100_000))


def test_docker_credentials() -> None:
    auth = base64.b64encode(b"robot:" + token("bot"))
    data = b'{"auths": {"registry.example.org": {"auth": "%b"}}}' % auth
    assert places(data, token("bot")) == {(data.find(auth) + 8, data.find(auth) + len(auth.rstrip(b"=")))}


def test_base64_of_json() -> None:
    encoded = base64.b64encode(json.dumps({"slack": {"token": token("bot").decode()}}).encode())
    assert places(b"CONFIG=" + encoded + b"\n", token("bot"))


SECRET = """apiVersion: v1
kind: Secret
metadata:
  name: slack-app
data:
  signing-secret: {}
  tls.crt: AAECAwQFBgcICQoL
  odd: abcdefghi=
"""


def test_a_kubernetes_secret_without_a_prefix() -> None:
    secret = render("{{signing_secret}}", 1).encode()
    encoded = base64.b64encode(secret).decode()
    other = "---\nkind: Other\ndata:\n  a: " + encoded + "\n"
    data = (other + "---\n" + SECRET.format(encoded) + other).encode()
    [part] = [one for one in parts(data) if b"signing-secret: " + secret in one.data]
    at = part.data.find(secret)
    begin, end = part.raw(at, at + len(secret))
    assert data[begin:end] == encoded.encode()
    assert data.count(b"kind: Other") == 2
    assert b"kind: Other" not in part.data
    assert b"AAECAwQFBgcICQoL" in part.data
    assert part.raw(part.data.find(b"tls.crt"), part.data.find(b"tls.crt") + 3)[0] == data.find(b"tls.crt")


def test_a_kubernetes_list_as_json() -> None:
    secret = render("{{signing_secret}}", 1).encode()
    item = {"kind": "Secret", "metadata": {"name": "slack"}, "data": {"x": base64.b64encode(secret).decode()}}
    for text in (json.dumps([item, item]), json.dumps([item, item], separators=(",", ":")), json.dumps(item, indent=2)):
        data = indent(text, "  ").encode()
        assert [one.data.count(secret) for one in kubernetes.decode(data)] == [data.count(b'"x"')]


@pytest.mark.parametrize("text", [b"kind: Secret\ndata:\n  a: AAAAAAAAAA\n", b"kind: ConfigMap", b"", b"slack"])
def test_no_secret_that_names_slack(text: bytes) -> None:
    assert not list(kubernetes.decode(text))


def test_fewer_levels_need_fewer_anchors() -> None:
    counts = [len(anchors(levels, 0)) for levels in range(1, 6)]
    assert counts == sorted(counts)
    assert min(len(anchor) for anchor in anchors()) >= 4
    once = base64.b64encode(token("bot"))
    assert [any(anchor in text for anchor in anchors(1, 0)) for text in (once, base64.b64encode(once))] == [True, False]


@pytest.mark.parametrize(
    "gap", ["\n", "\r\n    ", '"\n  "', "\\n", "%0a", "&#10;", "  # more\n", "'  // a remark of some length\n\t'"]
)
def test_half_an_image_is_looked_at_where_the_other_half_stands_beside_it(gap: str) -> None:
    encoded = base64.b64encode(b"x" * 30 + token("bot", 3)).decode()
    at = encoded.index("eG94")
    for cut in (1, 2, 3):
        broken = f"{encoded[: at + cut]}{gap}{encoded[at + cut :]}".encode()
        assert all(base64anchors.goes_on(broken, anchor) for anchor in base64anchors.rests() if anchor in broken)


def test_half_an_image_by_itself_is_chance() -> None:
    assert base64anchors.rests().keys() <= set(base64views.VIEW.anchors)
    for anchor in base64anchors.rests():
        assert not base64anchors.goes_on(b"+++ " + anchor + b" +++", anchor)
        assert base64anchors.goes_on(b"+++ " + anchor * 70, anchor)


@pytest.mark.parametrize(
    "text",
    [
        '[\n  "current",  # was {}\n  "other",\n]',
        '[\n  "current",  // old: {}\n  "other",\n]',
        '("abc"  # {}\n "def")',
        '[\n  "current", /* {} */\n  "other",\n]',
        '[\n  "current",\n  # {}\n  "other",\n]',
    ],
)
def test_a_remark_between_literals_holds_a_token(text: str) -> None:
    detector = Detector(builtin(), 5, True, NAMES)
    written = text.format(base64.b64encode(token("bot", 4) + b"\n").decode()).encode()
    assert [one.match.secret.reveal() for one in uncover(detector, written).shown] == [token("bot", 4)]
