"""ar, cpio and rpm by hand. Needs no test library: the fuzzer begins with these, in an environment that has none."""

from __future__ import annotations

from struct import pack


def rows(files: dict[str, bytes]) -> bytes:
    """An ar as GNU writes it: long names in a table."""
    table = b"".join(name.encode() + b"/\n" for name in files)
    parts = [(b"//", table)]
    for name, data in files.items():
        parts.append((b"/%d" % table.index(name.encode() + b"/\n"), data))
    return b"!<arch>\n" + b"".join(row(name, data) for name, data in parts)


def row(name: bytes, data: bytes) -> bytes:
    """One row of an ar."""
    return b"%-16b%-12d%-6d%-6d%-8o%-10d`\n%b" % (name, 0, 0, 0, 0o644, len(data), data + b"\n" * (len(data) % 2))


def copied(files: dict[str, bytes]) -> bytes:
    """A cpio in the new form."""
    made = b""
    for name, data in [*((name.encode(), data) for name, data in files.items()), (b"TRAILER!!!", b"")]:
        numbers = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        made += b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
        made += bytes(-len(made) % 4)
        made += data + bytes(-len(data) % 4)
    return made + bytes(-len(made) % 512)


def copied_before(files: dict[str, bytes]) -> bytes:
    """A cpio in the old ASCII form."""
    made = b""
    for name, data in [*((name.encode(), data) for name, data in files.items()), (b"TRAILER!!!", b"")]:
        made += b"070707" + b"000001" * 7 + b"0" * 11 + b"%06o%011o" % (len(name) + 1, len(data)) + name + b"\0" + data
    return made


def managed(payload: bytes) -> bytes:
    """An rpm with that payload."""
    header = b"\x8e\xad\xe8\x01" + bytes(4) + pack(">II", 1, 5) + bytes(16) + b"hello"
    return b"\xed\xab\xee\xdb" + bytes(92) + header + bytes(3) + header + payload
