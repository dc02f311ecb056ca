from __future__ import annotations

import io
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.decode.pointers import MOST, Checked, pointer

OID = sha256(b"content").hexdigest()
LINES = f"oid sha256:{OID}\nsize 7\n"
V1 = "version https://git-lfs.github.com/spec/v1\n"


@pytest.mark.parametrize(
    "text",
    [
        V1 + LINES,
        V1 + LINES.rstrip("\n"),
        V1 + LINES + "\n",
        (V1 + LINES).replace("\n", "\r\n"),
        V1 + LINES.upper().replace("OID SHA256", "oid sha256").replace("SIZE", "size"),
        V1 + f"ext-0-one sha256:{'0' * 64}\n" + LINES,
        V1 + LINES.replace("size", "other x y\nsize"),
        "version https://hawser.github.com/spec/v1\n" + LINES,
        "version http://git-media.io/v/2\n" + LINES,
    ],
)
def test_a_pointer(text: str) -> None:
    assert pointer(text.encode()) == OID


@pytest.mark.parametrize(
    "text",
    [
        "",
        V1,
        LINES,
        "# " + V1 + LINES,
        V1.replace("v1", "v3") + LINES,
        V1 + LINES.replace("sha256", "md5"),
        V1 + LINES.replace(OID, OID[1:]),
        V1 + LINES.replace("7", "many"),
        V1 + LINES + "and more",
        V1 + "a b\n" * MOST + LINES,
    ],
)
def test_what_is_no_pointer(text: str) -> None:
    assert pointer(text.encode()) == ""


@given(st.binary(max_size=300))
def test_anything_behind_the_beginning(rest: bytes) -> None:
    assert pointer(V1.encode() + rest) in ("", *[rest[at : at + 64].decode("latin-1").lower() for at in range(300)])


@given(st.binary(max_size=99), st.lists(st.integers(1, 40), min_size=1))
def test_what_is_read_is_summed_up(data: bytes, sizes: list[int]) -> None:
    read = Checked(io.BytesIO(data))
    parts = [part for size in sizes * 100 if (part := read(size))]
    assert b"".join(parts) == data
    assert (read.size, read.digest()) == (len(data), sha256(data).hexdigest())


def test_a_file_that_is_cut_short_meanwhile() -> None:
    file = io.BytesIO(b"content")
    read = Checked(file)
    file.truncate(3)
    assert (read(9), read(9)) == (b"con", b"")
