"""What is read of a file, or comes piece by piece, is what bytes hold; little of it is ever held."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.decode.containers import LIMITS, Budget, Limits, Member, members
from scanner.decode.containers_source import Forward, Paged, Source, packed_size, reading, search, up_to
from scanner.decode.containers_source import pieces as read_pieces
from tests.decode.archives import EACH, SECRET, look, tarred
from tests.decode.test_containers import bent

SMALL = Limits(total=8 << 20, member=1 << 10, entries=500, times=0, share=1 << 30)


def paged(data: bytes) -> Paged:
    return Paged(lambda at, size: data[at : at + size], len(data))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def contents(data: Source, name: str) -> list[tuple[bytes | None, bytes]]:
    return [
        (one.path, one.data + b"".join(one.more or ()))
        for one in members(data, name, Budget(SMALL))
        if isinstance(one, Member)
    ]


def reader(name: str) -> str:
    known = {"sparse": "tar", "tar.gz": "gzip", "bzip2": "bzip2"}
    return known.get(name) or re.split(r"[^a-z]", name)[0]


@pytest.mark.no_cover
@pytest.mark.parametrize("name", EACH)
@given(st.integers(0, 10**9).map(Random))
@settings(deadline=None, max_examples=30)
def test_all_sources_give_the_same(name: str, chance: Random) -> None:
    data = EACH[name] if chance.random() < 0.2 else bent(EACH[name], chance)
    whole = contents(data, reader(name))
    assert contents(paged(data), reader(name)) == whole
    if reader(name) != "zip":
        assert contents(Forward(pieces(data, chance.choice((1, 7, 600))), b""), reader(name)) == whole


@given(st.binary(min_size=1, max_size=4), st.integers(0, 300_000), st.integers(0, 5), st.integers(0, 300_000))
@settings(deadline=None)
def test_what_is_looked_for(part: bytes, gap: int, more: int, start: int) -> None:
    data = (bytes(gap) + part) * (more + 1) + b"\0"
    ways: list[Source] = [paged(data), Forward(pieces(data, 70_000))]
    for way in ways:
        assert way.find(part, start) == data.find(part, start)
        assert way.find(part, start, start + 9) == data.find(part, start, start + 9)
        assert way.startswith(part, gap) == data.startswith(part, gap)
        assert len(way) == len(data) or isinstance(way, Forward)
    assert paged(data).rfind(part, start) == data.rfind(part, start)
    pattern = re.compile(re.escape(part))
    found = [search(pattern, way, start, len(data), len(part)) for way in (data, paged(data), Forward(iter([data])))]
    assert found == [data.find(part, start)] * 3


@given(st.binary(max_size=99), st.binary(max_size=9), st.lists(st.integers(1, 20), min_size=1))
def test_what_comes_piece_by_piece_is_read(data: bytes, begun: bytes, sizes: list[int]) -> None:
    read = reading(pieces(data, 7), begun)
    assert b"".join(read(size) for size in sizes * 120) == begun + data
    assert b"".join(read_pieces(reading(pieces(data, 7)))) == data
    assert up_to(reading(pieces(data, 7)), begun, 50) == (begun + data)[: max(50, len(begun))]


def test_what_is_in_a_large_stream_is_read_as_it_comes() -> None:
    names = [str(at) for at in range(300)]
    opened, closed = look(gzip.compress(tarred(dict.fromkeys(names, SECRET))), LIMITS._replace(member=1 << 10))
    assert [one.member for one in opened[1:]] == [(name.encode(),) for name in names]
    assert {one.data for one in opened[1:]} == {SECRET} and not closed


def test_what_was_passed_is_gone() -> None:
    piece = bytes(1 << 18)
    way = Forward((piece for _ in range(100)), b"begun")
    assert way[0:3] == b"beg" and packed_size(way) < 1 << 20
    for at in range(0, 100 << 18, 1 << 18):
        assert len(way[at : at + 9]) == 9
    assert way[0:3] == b"" and way.find(b"begun") == -1
    assert len(way._held) < 4 << 20
    assert way[100 << 18 :] == b"\0" * 5 and len(way) == packed_size(way) == (100 << 18) + 5


def test_a_file_is_read_in_pages() -> None:
    asked: list[tuple[int, int]] = []
    data = bytes(300_000)

    def read(at: int, size: int) -> bytes:
        asked.append((at, size))
        return data[at : at + size]

    way = Paged(read, len(data))
    for at in range(0, 60_000, 1000):
        assert len(way[at : at + 100]) == 100
    assert asked == [(0, 65536)]
    assert len(way[:]) == len(data) and way[-22:-18] == bytes(4)
    assert way[9:5] == b""
