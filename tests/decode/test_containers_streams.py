"""What is compressed as one stream; torn, doubled, or with something behind it."""

from __future__ import annotations

import sys
from random import Random

import pytest

from scanner.decode.containers import Closed, Opened, format_of
from tests.decode.archives import SECRET, STREAMS, look, zstd


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    one = STREAMS[name](SECRET * 50)
    assert format_of(one) == name
    assert look(one)[0] == [Opened((), (name,), SECRET * 50)]
    if name != "lzma":
        assert look(one + STREAMS[name](b"more") + bytes(9999)) == ([Opened((), (name,), SECRET * 50 + b"more")], [])
    assert look(one + b"behind") == ([Opened((), (name,), SECRET * 50)], [])
    assert look(STREAMS[name](b"")) == ([Opened((), (name,), b"")], [])


def test_zstd_frames_that_are_skipped() -> None:
    skipped = b"\x50\x2a\x4d\x18\3\0\0\0abc"
    assert inside_stream(skipped + zstd.compress(SECRET) + skipped + zstd.compress(SECRET)) == SECRET * 2


def inside_stream(data: bytes) -> bytes:
    (opened,), closed = look(data)
    assert not closed
    return opened.data


@pytest.mark.parametrize("name", STREAMS)
def test_what_comes_before_a_tear(name: str) -> None:
    noise = Random(1).randbytes(2_100_000)
    data = STREAMS[name](SECRET + noise)
    for torn in (data[: len(data) * 2 // 3], data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :]):
        opened, closed = look(torn)
        assert opened[0].data.startswith(SECRET)
        assert closed or name in ("lzma", "zstd")  # which have no checksum


def test_zstd_without_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    said = "nothing that reads zstd is installed: pip install 'xoxscan[history]'"
    assert look(STREAMS["zstd"](SECRET)) == ([], [Closed(None, said)])
