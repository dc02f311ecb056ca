"""ar, cpio and rpm: what other programs wrote, in each form; and what is torn."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.decode.containers import LIMITS, Closed, Opened, format_of
from tests.decode.archives import ENCODED, FILES, SECRET, inside, look, reasons
from tests.decode.rowed import copied, copied_before, managed, row, rows

FULL = [(name, data) for name, data in ENCODED if data]  # in a cpio, what is empty is no file to look at


def test_forms() -> None:
    assert [format_of(data) for data in (rows(FILES), copied(FILES), copied_before(FILES), managed(b""))] == [
        "ar",
        "cpio",
        "cpio",
        "rpm",
    ]
    assert inside(rows(FILES)) == ENCODED
    assert inside(copied(FILES)) == inside(copied_before(FILES)) == FULL
    assert inside(copied(FILES) + copied_before(FILES)) == FULL * 2
    assert format_of(b"070701 is how it begins") == ""


def test_names_of_bsd() -> None:
    data = b"!<arch>\n" + row(b"#1/8", b"a/long\0\0" + SECRET) + row(b"short", SECRET)
    assert inside(data) == [(b"a/long", SECRET), (b"short", SECRET)]


def test_rpm() -> None:
    opened, closed = look(managed(gzip.compress(copied(FILES))))
    assert not closed
    assert [(one.encoding, one.format) for one in opened[:2]] == [(("rpm",), "gzip"), (("rpm", "gzip"), "cpio")]
    assert opened[2] == Opened((b"a/b.txt",), ("rpm", "gzip"), FILES["a/b.txt"])
    assert look(managed(b"")[:100])[1] == [Closed(None, "damaged")]


@pytest.mark.parametrize("make", [rows, copied, copied_before])
def test_what_is_torn(make: Callable[[dict[str, bytes]], bytes]) -> None:
    data = make({"a": SECRET, "b": SECRET * 9})
    at = data.rindex(SECRET) - 40
    assert look(data[:at]) == ([Opened((b"a",), (), SECRET), Opened((b"b",), (), data[data.index(SECRET * 2) : at])],
                               [Closed(b"b", "cut off: it ends too early")])  # fmt: skip
    start = data.index(SECRET)
    begun = data[: start + len(SECRET) + 8]
    assert [one.reason for one in look(begun)[1]] == ["cut off: it ends too early"]
    assert [one.reason for one in look(begun + b"?" * 200)[1]] == ["damaged"]


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="it is not here")
@pytest.mark.parametrize("how", ["gzip", "xz", "zstd", "none"])
def test_a_package_of_debian(tmp_path: Path, how: str) -> None:
    (tmp_path / "p/DEBIAN").mkdir(parents=True)
    control = "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
    (tmp_path / "p/DEBIAN/control").write_text(control)
    (tmp_path / "p/etc").mkdir()
    (tmp_path / "p/etc/conf").write_bytes(SECRET)
    words = ["dpkg-deb", "--root-owner-group", f"-Z{how}", "-b", "p", "p.deb"]
    if subprocess.run(words, cwd=tmp_path, capture_output=True, check=False).returncode:
        pytest.skip("this dpkg-deb does not write that")
    opened, closed = look((tmp_path / "p.deb").read_bytes())
    assert not closed
    suffix = {"gzip": b".gz", "xz": b".xz", "zstd": b".zst", "none": b""}[how]
    found = [one for one in opened if one.data == SECRET]
    streams = () if how == "none" else (how,)
    assert found == [Opened((b"data.tar" + suffix, b"./etc/conf"), streams, SECRET)]


@pytest.mark.parametrize("make", [rows, copied, lambda files: managed(b"x")])
def test_limits(make: Callable[[dict[str, bytes]], bytes]) -> None:
    many = make({str(at): SECRET for at in range(20)})
    assert reasons(many, LIMITS._replace(entries=0, share=1 << 30)) == {"more than 0 entries"}
    assert reasons(many, LIMITS._replace(total=0, times=0)) == {"more than 0 MB are packed in this file"}
