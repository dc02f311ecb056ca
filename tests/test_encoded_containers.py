"""Containers that are encoded: found at the place of the whole of it, with all that was taken off."""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.allowance import Allowance
from scanner.decode import views
from scanner.decode.containers import LIMITS, Closed, everything
from scanner.detect import Detector, Scan
from scanner.examine import Examined, examine
from scanner.inside import examine_file
from scanner.model import Skip
from tests.conftest import Run, token
from tests.decode.archives import STREAMS, streamed, tarred, zipped
from tests.decode.rowed import copied, copied_before, rows

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


@pytest.mark.no_cover
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


@pytest.mark.no_cover
@BOTH
def test_bombs_that_hold_something_take_no_more_than_they_may(detector: Detector) -> None:
    bombs = [TEXT + bytes(6 << 20) + b"%d" % number for number in range(4)]
    seen = examine(detector, packed(*bombs, TEXT))
    assert len(seen.hits) == 6  # of two bombs, and of what follows all of them
    assert seen.skipped == (Skip("encoded content", "it unfolds to more than is looked at"),)


@pytest.mark.no_cover
@BOTH
def test_a_large_content_is_looked_at_in_windows(detector: Detector) -> None:
    text = b"x = " + base64.b64encode(zipped({"a.txt": LARGE * 66 + b"\n" + TEXT}))
    (first, second) = examine(detector, text).hits
    assert (first.member, second.member) == ((b"a.txt",), (b"a.txt",))
    assert (first.position[:2], second.position[:2]) == ((3, 3), (4, 3))


@pytest.mark.no_cover
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


def test_a_container_that_is_cut_by_the_end_of_a_window_is_said() -> None:
    noise = random.Random(2).randbytes(3_000)
    whole = b"first\nz: " + base64.b64encode(zipped({"a": noise + TEXT}))
    (skip,) = examine(FAST, whole[:2000], cut=True).skipped
    assert skip[:2] == ("packed content", "it is encoded, and goes on behind the 32 MB that are looked at at once")
    assert not examine(FAST, whole[:2000]).skipped  # a text may quote the beginning of one
    assert not examine(FAST, whole[:2000] + b"...\nand so on, as it shows", cut=True).skipped
    assert len(examine(FAST, whole + b"\nmore", cut=True).hits) == 2


@pytest.mark.no_cover
@pytest.mark.parametrize("words", [["scan", "mail"], ["scan", "-"]])
def test_in_large_files(run: Run, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    """A base64 that begins in the eighth MB of a file, and one that has more than eight."""
    attached = zipped({"n": random.Random(3).randbytes(6 << 20), "a": TEXT})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mail").write_bytes(b"a line\n" * (1 << 20) + b"\n" + base64.encodebytes(attached) + b"\n")
    done = run(*words, "--allow-empty", "-f", "json", stdin=(tmp_path / "mail").read_bytes() if "-" in words else b"")
    assert {item["rule"] for item in json.loads(done.out)["findings"]} == {"slack-bot-token", "slack-user-token"}


CONTENT = b" " * (-len(token(seed=1)) % 512) + token(seed=1)  # no padding behind it, whatever it stands in
STORED = {
    "zip": zipped({"a": CONTENT, "b": CONTENT}, zipfile.ZIP_STORED),
    "zip, streamed": streamed({"a": CONTENT, "b": CONTENT}, zipfile.ZIP_STORED),
    "ar": rows({"a": CONTENT, "b": CONTENT}),
    "cpio": copied({"a": CONTENT, "b": CONTENT}),
    "cpio before": copied_before({"a": CONTENT, "b": CONTENT}),
    "tar": tarred({"a": CONTENT, "b": CONTENT}),
}


@BOTH
@pytest.mark.parametrize("made", STORED.values(), ids=STORED)
def test_what_shows_from_outside_is_told_once(detector: Detector, made: bytes) -> None:
    """What is stored as it is, and what the archive says behind it: that is no other token."""
    seen = examine_file(detector, made)
    assert {hit.match.secret.reveal() for hit in seen.hits} == {token(seed=1)}
    assert {hit.member for hit in seen.hits} == {(b"a",), (b"b",)}


def test_another_token_in_a_container_is_told() -> None:
    """It begins as one that was found inside does, and stands where only the container itself has something to say."""
    longer = token(seed=1) + b"PKx9"
    made = zipped({"a": token(seed=1)}, zipfile.ZIP_STORED)
    made = made[:-2] + len(longer).to_bytes(2, "little") + longer
    assert {hit.match.secret.reveal() for hit in examine_file(FAST, made).hits} == {token(seed=1), longer}


def test_an_archive_that_is_too_large_for_its_archive_is_said_once() -> None:
    large = zipped({"n": random.Random(4).randbytes(200_000), "m": TEXT})
    found = everything(zipped({"in.zip": large}), LIMITS._replace(member=50_000))
    assert [one for one in found if isinstance(one, Closed)] == [
        Closed(None, "an archive in it is larger than 0 MB", (b"in.zip",))
    ]


class Counted(Detector):
    """Counts the texts that rules looked at, and what they made of these."""

    work = 0

    def scan(self, data: bytes, shared: Allowance | None = None) -> Scan:
        found = super().scan(data, shared)
        self.work += 1 + len(found.matches) + len(found.dropped)
        return found


# What is packed, and whether it has more than is looked at.
DENSE = {
    "members": (zipped(dict.fromkeys(map(str, range(12_000)), b"xoxb"), zipfile.ZIP_STORED), False),
    "tokens": ((token(seed=1) + b"\n") * 20_000, True),
    "encoded tokens": ((base64.b64encode(token(seed=1)) + b" ! ") * 12_000, True),
    "one token": (token(seed=1) + b"\n" + bytes(1 << 20), False),
}


@pytest.mark.parametrize("encoded", [False, True], ids=["file", "text"])
@pytest.mark.parametrize(("content", "more"), DENSE.values(), ids=DENSE)
def test_what_packs_well_and_is_dense_has_a_limit(content: bytes, more: bool, encoded: bool) -> None:
    """Each thing to look at has its price, however small it is; what is not looked at is said."""
    detector = Counted(RULES, 60.0, fast=True, names=views.NAMES)
    data = gzip.compress(content, 9)
    seen = examine_file(detector, b"x: " + base64.b64encode(data) + b"\n" if encoded else data)
    assert detector.work < 34_000 + len(data) // 16
    assert bool(seen.skipped) == more


def test_what_stands_in_a_text_as_it_is_has_no_limit() -> None:
    assert len(examine_file(FAST, (token(seed=1) + b"\n") * 10_000).hits) == 10_000


def test_no_chaff_hides_what_stands_in_another_member() -> None:
    """What is turned down is no token that is told, however much of it there is."""
    masked = b"xo" + b"xb-123456789012-123456789012-" + b"X" * 24 + b"\n"
    chaff = {f"a{number}.log": masked * 40 for number in range(600)}
    seen = examine_file(FAST, zipped(chaff | {"z/.env": TEXT}))
    assert {hit.match.secret.reveal() for hit in seen.hits} == {token(seed=1), token("user", seed=2)}
    assert not seen.skipped
