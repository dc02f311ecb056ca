"""However much is packed, memory and work are bounded, and what stays closed is said."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from scanner.decode import containers_limits, containers_streams
from scanner.decode.containers import LIMITS, Closed, Member
from tests.decode.archives import SECRET, header, look, padded, reasons, tarred, zipped


def test_errors_that_are_none_of_theirs_are_not_hidden() -> None:
    with pytest.raises(KeyError):
        containers_limits.why(KeyError("x"), "gzip")
    assert containers_limits.why(ImportError(), "xz") == "nothing that reads xz is installed"


def test_limits() -> None:
    small = LIMITS._replace(times=0, share=1 << 30)._replace
    many = zipped({str(at): b"x" for at in range(20)})
    assert reasons(many, small(entries=10)) == {"more than 10 entries"}
    assert reasons(tarred({str(at): b"x" for at in range(20)}), small(entries=10)) == {"more than 10 entries"}
    assert reasons(gzip.compress(b"") * 20, small(entries=10)) == {"more than 10 entries"}
    assert reasons(gzip.compress(bytes(9 << 20))) == {"it becomes more than 200 times as large"}
    noise = zipped({"a": Random(1).randbytes(3 << 20)})
    assert reasons(gzip.compress(noise), small(member=2 << 20)) == {"an archive in it is larger than 2 MB"}
    assert reasons(gzip.compress(SECRET * 99), small(total=99)) == {"more than 0 MB are packed in this file"}
    assert look(zipped({"a": b"1" * 200, "b": b"2"}), small(total=99))[1] == [
        Closed(b"a", "more than 0 MB are packed in this file")
    ]
    assert look(tarred({"a": b"1" * 200, "b": b"2"}), small(total=99))[1] == [
        Closed(b"a", "more than 0 MB are packed in this file")
    ]


def test_limits_of_what_counts_as_entries() -> None:
    records = b"5 a=\n" * 1000
    pax = header(b"x", b"x", len(records)) + padded(records)
    assert reasons(pax, LIMITS._replace(entries=10, share=1 << 30)) == {"more than 10 entries"}
    numbers = padded(b"500\n" + b"0\n0\n" * 500)
    told = b"22 GNU.sparse.major=1\n"
    sparse = header(b"x", b"x", len(told)) + padded(told) + header(b"n", b"0", len(numbers)) + numbers
    assert "more than 10 entries" in reasons(sparse, LIMITS._replace(entries=10, share=1 << 30))
    assert look(sparse)[1] == []
    spam = header(b"n", b"0", 0) + b"?" * 512 + b"ustar" * 200
    assert reasons(spam, LIMITS._replace(entries=20, share=1 << 30)) == {"damaged", "more than 20 entries"}


def test_depth() -> None:
    data = SECRET
    for _ in range(5):
        data = gzip.compress(data)
    opened, closed = look(data)
    assert (opened[-1].data, closed) == (SECRET, [])
    assert reasons(zipped({"a": data})) == {"more than 5 archives are in each other"}


def test_what_contains_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quine of gzip: the reader is given what it just made. What it would be in bytes is the same to the caller."""
    one = gzip.compress(b"x")
    monkeypatch.setattr(containers_streams, "read", lambda data, how, budget: iter([Member(None, how, data)]))
    opened, closed = look(one)
    assert len(opened) == 5
    assert closed == [Closed(None, "more than 5 archives are in each other")]


BOMBS = {
    "flat": "zipped(10, 1000)",
    "overlapping": "T.overlapping(500)",
    "gzip": "gzip.compress(bytes(90 << 20))",
    "bzip2": "bz2.compress(bytes(20 << 20)) * 100",
    "xz": "lzma.compress(bytes(30 << 20))",
    "xz dictionary": "lzma.compress(b'x' * 9, filters=[{'id': lzma.FILTER_LZMA2, 'dict_size': 1 << 30}])",
    "lzma dictionary": "b']' + (1 << 31).to_bytes(4, 'little') + b'\\xff' * 8 + bytes(99)",
    "zstd": "T.zstd.compress(bytes(300 << 20))",
    "tar": "T.header(b'n', b'0', b'\\x80' + b'\\x7f' * 11) * 2000",
    "sparse": "T.header(b'n', b'S', 0, b'ustar  \\0', at386=b'7' * 11 + b'\\0' + b'0' * 11, at483=b'7' * 11)",
    "nested": "nested(6)",
}
BOMB = """
import bz2, gzip, io, lzma, resource, sys
from scanner.decode.containers import Closed, everything
from tests.decode import archives as T
def zipped(size, count):
    one = T.zipped({"0": bytes(size << 20)})
    end, last = one.index(b"PK\\1\\2"), one.index(b"PK\\5\\6")
    local, entry = one[:end], one[end:last]
    entries = b"".join(entry[:42] + (at * len(local)).to_bytes(4, "little") + entry[46:] for at in range(count))
    tail = len(entries).to_bytes(4, "little") + (len(local) * count).to_bytes(4, "little")
    return local * count + entries + one[last:last + 12] + tail + bytes(2)
def nested(depth):
    data = gzip.compress(bytes(9 << 20))
    for _ in range(depth):
        data = T.zipped({str(at): data for at in range(16)})
    return data
data = eval(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (450 << 20, 450 << 20))
total, said = 0, set()
for one in everything(data):
    if isinstance(one, Closed):
        said.add(one.reason)
    else:
        total += len(one.data)
        if one.more and not one.format:
            total += sum(map(len, one.more))
assert total <= (256 << 20) + (1 << 20), total
assert not any("not known" in reason for reason in said)
print(said)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_in_bounded_memory_and_are_said(name: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", BOMB, BOMBS[name]], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() != "set()"
    assert ("takes more memory" in done.stdout) == name.endswith("dictionary")
