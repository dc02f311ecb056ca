"""Files with holes, in all the ways in which tar tells of them."""

from __future__ import annotations

import pytest

from tests.decode.archives import header, inside, padded, reasons

HOLED = bytes(1000) + b"abc" + bytes(97) + b"de" + bytes(898)


def sparse_records(version: str) -> bytes:
    lines = {
        "0.0": ["GNU.sparse.size=2000", "GNU.sparse.offset=1000", "GNU.sparse.numbytes=3", "GNU.sparse.offset=1100",
                "GNU.sparse.numbytes=2"],
        "0.1": ["GNU.sparse.size=2000", "GNU.sparse.map=1000,3,1100,2"],
        "1.0": ["GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=2000", "GNU.sparse.name=n"],
    }[version]  # fmt: skip
    records = "".join(f"{len(line) + 4} {line}\n" for line in lines).encode()
    data = padded(b"2\n1000\n3\n1100\n2\n") + b"abcde" if version == "1.0" else b"abcde"
    return header(b"x", b"x", len(records)) + padded(records) + header(b"n", b"0", len(data)) + padded(data)


@pytest.mark.parametrize("version", ("0.0", "0.1", "1.0"))
def test_sparse_pax(version: str) -> None:
    assert inside(sparse_records(version)) == [(b"n", HOLED)]


def test_sparse_gnu() -> None:
    pair = b"%011o\0%011o\0"
    fields = {"at386": pair % (1000, 3), "at483": b"%011o\0" % 2000}
    more = (pair % (1100, 2)).ljust(512, b"\0")
    data = header(b"n", b"S", 5, b"ustar  \0", at482=b"\1", **fields) + more + padded(b"abcde")
    assert inside(data + header(b"z", b"0", 0)) == [(b"n", HOLED), (b"z", b"")]
    assert reasons(data[:512]) == {"damaged", "cut off: it ends too early"}
    assert "damaged" in reasons(header(b"n", b"S", 5, b"ustar  \0", at386=b"x" * 24))
    assert "damaged" in reasons(data[:512].replace(b"00000001750\0", b"77777777777\0") + more + padded(b"abcde"))


@pytest.mark.parametrize(
    "bad", (b"2\n1000\n3\n", b"x", b"999999999\n" + b"1\n" * 9, b"2\n9\n9\n1\n1\n", b"1\n1\n999\n")
)
def test_sparse_maps_that_make_no_sense(bad: bytes) -> None:
    whole = sparse_records("1.0")
    assert "damaged" in reasons(whole[:1536] + padded(bad) + whole[2048:])


def test_sparse_gnu_without_end_of_map() -> None:
    pairs = b"".join(b"%011o\0%011o\0" % (at * 10, 1) for at in range(4))
    data = header(b"n", b"S", 4, b"ustar  \0", at386=pairs, at483=b"%011o\0" % 31) + padded(b"abcd")
    assert inside(data) == [(b"n", b"a" + bytes(9) + b"b" + bytes(9) + b"c" + bytes(9) + b"d")]


def test_sparse_records_that_make_no_sense() -> None:
    assert "damaged" in reasons(sparse_records("0.1").replace(b"1000,3,1100", b"1000,3,11x0"))
    assert "damaged" in reasons(sparse_records("0.1").replace(b"1000,3,1100,2", b"1000,3,1100.2"))
