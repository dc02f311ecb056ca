"""Containers that are encoded: found at the place of the whole of it, with all that was taken off."""

from __future__ import annotations

import base64
import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.decode import views
from scanner.detect import Detector
from scanner.examine import Examined, examine
from scanner.model import Skip
from tests.conftest import token
from tests.decode.archives import STREAMS, zipped

RULES = rules.builtin()
FAST, PLAIN = (Detector(RULES, 5.0, fast=fast, names=views.NAMES) for fast in (True, False))
BOTH = pytest.mark.parametrize("detector", [FAST, PLAIN], ids=["fast", "plain"])
TEXT = b"first\nT=" + token(seed=1) + b"\nU=" + token("user", seed=2) + b"\n"


def told(seen: Examined) -> set[tuple[object, ...]]:
    return {(hit.match.secret.reveal(), hit.encoding, hit.member, hit.position[:2]) for hit in seen.hits}


def both(
    encoding: tuple[str, ...], member: tuple[bytes, ...], place: tuple[int, int] | None
) -> set[tuple[object, ...]]:
    """Both tokens; without a `place`, at theirs in TEXT."""
    found = ((token(seed=1), (2, 3)), (token("user", seed=2), (3, 3)))
    return {(one, encoding, member, place or own) for one, own in found}


@BOTH
def test_gzip(detector: Detector) -> None:
    text = b"kept: here\n  data: " + base64.b64encode(gzip.compress(TEXT)) + b"\nmore\n"
    assert told(examine(detector, text)) == both(("base64", "gzip"), (), (2, 9))
    wrapped = b"x:\n" + base64.encodebytes(gzip.compress(TEXT * 9)) + b"\n"
    assert told(examine(detector, wrapped)) == both(("base64", "gzip"), (), (2, 1))
    (hit, *_) = examine(detector, wrapped).hits
    assert hit.position.end_line == 2 + base64.encodebytes(gzip.compress(TEXT * 9)).count(b"\n") - 1


@BOTH
def test_zip(detector: Detector) -> None:
    packed = zipped({"a": b"1", "b/c.env": TEXT})
    text = b'{"zip": "' + base64.b64encode(packed) + b'"}'
    assert told(examine(detector, text)) == both(("base64",), (b"b/c.env",), None)
    deep = b"x = " + base64.b64encode(zipped({"d.yaml": text}))
    assert told(examine(detector, deep)) == both(("base64", "base64"), (b"d.yaml", b"b/c.env"), None)


@BOTH
def test_a_release_of_helm(detector: Detector) -> None:
    """Three layers of base64 and one of gzip, as `kubectl get secret -o yaml` shows it: helm's storage driver encodes
    the release once, and the Secret does it again."""
    release = json.dumps(
        {"name": "x", "config": {"token": token(seed=1).decode(), "u": token("user", seed=2).decode()}}
    )
    once = base64.b64encode(gzip.compress(release.encode(), 9))
    text = (
        b"apiVersion: v1\ndata:\n  release: " + base64.b64encode(once) + b"\nkind: Secret\ntype: helm.sh/release.v1\n"
    )
    assert told(examine(detector, text)) == both(("base64", "base64", "gzip"), (), (3, 12))


@pytest.mark.parametrize("name", ["bzip2", "xz", "zstd"])
def test_what_is_rarer_is_seen_with_hyperscan(name: str) -> None:
    text = b"d: " + base64.b64encode(STREAMS[name](TEXT)) + b"\n"
    assert told(examine(FAST, text)) == both(("base64", name), (), (1, 4))
    assert not examine(PLAIN, text).hits


@BOTH
def test_what_stays_closed(detector: Detector) -> None:
    bomb = base64.b64encode(gzip.compress(bytes(9 << 20)))
    reason = "it becomes more than 200 times as large"
    assert examine(detector, bomb).skipped == (Skip("packed content", reason),)
    begun = base64.b64encode(gzip.compress(TEXT * 99))[:300]
    assert examine(detector, b"as `" + begun + b"...` shows").skipped == ()


LARGE = random.Random(1).randbytes(20_000).translate(None, b"\r\n") + bytes(1 << 20)  # packs well, and holds nothing


def packed(*contents: bytes) -> bytes:
    """A text with all of them, each in gzip and base64."""
    return b"".join(b"k:\n" + base64.b64encode(gzip.compress(content, 1)) + b"\n--\n" for content in contents)


@BOTH
def test_bombs_hide_nothing(detector: Detector) -> None:
    """What is packed in a text is no part of what may be decoded of it."""
    text = packed(*[bytes(1 << 20)] * 6, bytes(9 << 20), TEXT)
    seen = examine(detector, text)
    assert {hit.match.secret.reveal() for hit in seen.hits} == {token(seed=1), token("user", seed=2)}
    assert seen.skipped == (Skip("packed content", "it becomes more than 200 times as large"),)


@BOTH
def test_a_dump_of_releases(detector: Detector) -> None:
    noise = [base64.b64encode(random.Random(seed).randbytes(200_000)) for seed in range(12)]
    dump = [base64.b64encode(base64.b64encode(gzip.compress(one + b"\n" + TEXT, 1))) for one in noise]
    text = b"".join(b"- data:\n    release: %b\n  kind: Secret\n" % one for one in dump)
    seen = examine(detector, text)
    assert (len(seen.hits), seen.skipped, seen.overrun) == (24, (), ())


def test_what_is_packed_in_a_text_has_a_limit() -> None:
    """All containers of a text share it; what is nested in them counts."""
    bombs = [bytes(7 << 20) + b"%d" % number for number in range(40)]
    seen = examine(FAST, packed(*bombs, TEXT))
    assert not seen.hits
    assert seen.skipped == (Skip("packed content", "more than 256 MB are packed in this file"),)


@BOTH
def test_bombs_that_hold_something_take_no_more_than_they_may(detector: Detector) -> None:
    bombs = [TEXT + bytes(6 << 20) + b"%d" % number for number in range(4)]
    seen = examine(detector, packed(*bombs, TEXT))
    assert len(seen.hits) == 6  # of two bombs, and of what follows all of them
    assert seen.skipped == (Skip("encoded content", "it unfolds to more than is looked at"),)


@BOTH
def test_a_large_content_is_looked_at_in_windows(detector: Detector) -> None:
    text = b"x = " + base64.b64encode(zipped({"a.txt": LARGE * 66 + b"\n" + TEXT}))
    (first, second) = examine(detector, text).hits
    assert (first.member, second.member) == ((b"a.txt",), (b"a.txt",))
    assert (first.position[:2], second.position[:2]) == ((3, 3), (4, 3))


@BOTH
@given(
    st.text(max_size=99).map(str.encode), st.sampled_from([b"\n", b" ", b'"', b"=", b":"]), st.sampled_from([0, 20, 76])
)
@settings(deadline=None, max_examples=40)
def test_anywhere(detector: Detector, around: bytes, gap: bytes, width: int) -> None:
    encoded = base64.b64encode(gzip.compress(TEXT + around, mtime=0))
    if width:
        encoded = b"\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))
    text = around + gap + encoded + b"\n"
    found = {hit.match.secret.reveal() for hit in examine(detector, text).hits}
    assert found == {token(seed=1), token("user", seed=2)}
