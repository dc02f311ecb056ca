"""What the fuzzer begins with: small inputs of each sort, all made here; and the words that it puts into them."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import quopri
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import quote

from scanner import fakes
from scanner.decode import views
from tests.decode import rowed
from tests.pack import packs

Encoder = Callable[[bytes], bytes]
TEXTS = ("engine", "views")  # the targets that take texts


def fake(seed: int) -> bytes:
    """A token of any kind."""
    draw = random.Random(seed)
    return fakes.fake(draw.choice(fakes.KINDS), draw)


def _split(plain: bytes, between: bytes) -> bytes:
    at = min(20, len(plain))
    return plain[:at] + between + plain[at:]


ENCODERS: dict[str, Encoder] = {
    "percent": lambda text: b"".join(b"%%%02x" % byte for byte in text),
    "percent twice": lambda text: b"".join(b"%%25%02X" % byte for byte in text),
    "quoted": lambda text: quote(text, safe="").encode(),
    "json": lambda text: b"".join(b"\\u%04x" % byte for byte in text),
    "escape": lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    "octal": lambda text: b"".join(b"\\%03o" % byte for byte in text),
    "css": lambda text: b"".join(b"\\%x " % byte for byte in text),
    "html": lambda text: b"".join(b"&#%d;" % byte for byte in text),
    "html hex": lambda text: b"".join(b"&amp;#x%x;" % byte for byte in text),
    "mail": lambda text: b"".join(b"=%02X" % byte for byte in text),
    "soft": lambda text: quopri.encodestring(text + b" " * 60),
    "ansi": lambda text: b"\x1b[31m".join((text[:3], text[3:9], text[9:])),
    "cookie": lambda text: text.replace(b"-", b"^%^2D"),
    "typographic": lambda text: text.replace(b"-", b"\xe2\x80\x91").replace(b"1", b"1\xc2\xad"),
    "utf-16": lambda text: b"\0".join(bytes((byte,)) for byte in text) + b"\0",
    "utf-32": lambda text: b"".join(struct.pack("<I", byte) for byte in text),
    "utf-16 marked": lambda text: text.decode("latin-1").encode("utf-16"),
    "python": lambda text: _split(text, b'" \\\n    "'),
    "plus": lambda text: _split(text, b"' + '"),
    "template": lambda text: _split(text, b'" f"'),
    "list": lambda text: b'["' + text.replace(b"-", b'", "') + b'"].join("-")',
    "notebook": lambda text: b'{"cell_type": "code", "source": ["' + _split(text, b'\\"\\n", "\\"') + b'"]}',
    "base64": base64.b64encode,
    "url-safe": base64.urlsafe_b64encode,
    "wrapped": base64.encodebytes,
    "secret": lambda text: b"kind: Secret\ndata:\n  slack: " + base64.b64encode(text) + b"\n",
    "hex": lambda text: text.hex().encode(),
    "dump": lambda text: b"00000000: " + text.hex(" ", 2).encode() + b"  ..\n",
}


def _texts() -> Iterator[bytes]:
    for number, (name, encode) in enumerate(ENCODERS.items()):
        yield b"T = '" + encode(fake(number)) + b"'\n"
        if name in ("base64", "quoted", "json", "hex"):
            yield encode(encode(fake(number)))
    for number in range(12):
        yield b'slack: "' + fake(number) + b'"  # x\n'
    yield b"xoxb-\\x2d%78&#120;=78\x1b[0m" * 3


def _zipped(method: int, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a/b.txt", data)
        archive.writestr("c", data[::-1])
    return out.getvalue()


def _tarred(kind: int, data: bytes, name: str = "a/b.txt") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for path in (name, "c"):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()[:4096]


def _zips() -> Iterator[bytes]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield _zipped(method, b"slack " + fake(method))
    yield _zipped(zipfile.ZIP_DEFLATED, _zipped(zipfile.ZIP_STORED, b"inner"))
    whole = _zipped(zipfile.ZIP_DEFLATED, b"0" * 3000)
    yield whole[: whole.index(b"PK\1\2")]  # no directory
    yield whole + b"a comment"


def _tars() -> Iterator[bytes]:
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        yield _tarred(kind, b"slack " + fake(kind))
        yield _tarred(kind, b"1", "n/" + "n" * 90 if kind == tarfile.USTAR_FORMAT else "n" * 120)
    yield gzip.compress(_tarred(tarfile.PAX_FORMAT, b"x"))


def _rows(make: Callable[[dict[str, bytes]], bytes]) -> Iterator[bytes]:
    whole = make({"a/b.txt": b"slack " + fake(4), "name": gzip.compress(b"0" * 3000)})
    yield from (whole, whole[:-60], whole * 2)


def _streams(pack: Encoder) -> Iterator[bytes]:
    yield pack(b"slack " + fake(3))
    yield pack(b"") + pack(b"0" * 5000)
    yield pack(b"one") + bytes(7) + pack(b"two") + b"behind"
    yield pack(pack(pack(pack(b"deep"))))


def _zstd(data: bytes) -> bytes:
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    packed: bytes = zstd.compress(data)
    return packed


def _packs() -> Iterator[bytes]:
    base = b"slack " + fake(4)
    delta = packs.delta(len(base), len(base) + 4, packs.copy(0, len(base)), packs.insert(b"more"))
    wrong = packs.delta(len(base), 9, packs.copy(len(base), 9))
    for second in (delta, wrong):
        for entry in (packs.Entry(packs.OFS, second, base=0), packs.Entry(packs.REF, second, named=bytes(20))):
            written = packs.pack([packs.Entry(3, base), entry, packs.Entry(1, b"tree\n")])
            places = b"".join(struct.pack(">H", offset) for offset in written.offsets)
            yield bytes((len(written.offsets),)) + places + written.data


def _indexes() -> Iterator[bytes]:
    ids = [bytes((number * 40,)) * 20 for number in range(4)]
    yield packs.index(ids, [12, 40, 80, 1 << 33], bytes(20))
    yield packs.index([], [], bytes(20))
    yield packs.index([one + bytes(12) for one in ids], [12, 40, 80, 90], bytes(32), "sha256")
    fan = struct.pack(">256I", *[1] * 256)
    yield fan + struct.pack(">I", 12) + bytes(20) + bytes(40)


def _read() -> Iterator[bytes]:
    print_ = "v1:bot:" + "a" * 52
    yield (
        b'\0version: 1\nignore:\n  paths:\n    - "docs/**"\n  fingerprints:\n    - fingerprint: '
        + print_.encode()
        + b"\n"
    )
    yield b"\1policy:\n  - when: {kind: bot}\n    then: report\nnotices:\n  slack: {}\n"
    yield b'\2fingerprint: %b\nrule: r\nreason: "why \\" not"\nowner: us\nuntil: 2030-01-31\n' % print_.encode()
    yield b"\3rules:\n  - id: a\n    name: A\n    kind: bot\n    anchors:\n      - abcd\n    pattern: abcd\\d+\n"
    yield b"\4x = 1  # xoxscan:allow because\n# gitleaks:allow\n# xoxscan:allow-next-line(r): why\n"
    yield b"\5" + json.dumps({"format": 1, "runs": [], "entries": [], "sha256": {}}).encode()


_OF: dict[str, Callable[[], Iterator[bytes]]] = {
    "engine": _texts,
    "views": _texts,
    "zip": _zips,
    "tar": _tars,
    "ar": lambda: _rows(rowed.rows),
    "cpio": lambda: chain(_rows(rowed.copied), _rows(rowed.copied_before)),
    "rpm": lambda: map(rowed.managed, (b"", gzip.compress(rowed.copied({"a": b"0" * 300})))),
    "gzip": lambda: _streams(gzip.compress),
    "bzip2": lambda: _streams(bz2.compress),
    "xz": lambda: _streams(lzma.compress),
    "lzma": lambda: _streams(lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    "zstd": lambda: _streams(_zstd),
    "pack": _packs,
    "pack-index": _indexes,
    "readers": _read,
}


def of(target: str) -> Iterator[bytes]:
    """What `target` begins with."""
    yield from _OF[target]()


_CHARACTERS = (
    b"\\u0078",
    b"\\x78",
    b"\\170",
    b"%78",
    b"%2578",
    b"&#120;",
    b"&amp;#x78;",
    b"=78",
    b"=\r\n",
    b"\x1b[0m",
    b"\\\n",
    b'" "',
    b'" + "',
    b"', '",
    b"%s",
    b"{}",
    b"${",
    b".join(",
    b'\\n", "',
    b"\xef\xbd\x98",
    b"\xc2\xad",
    b'"cell_type"',
    b"kind: Secret",
    b"0x",
    b"^%^2D",
    b"\x08",
)
_MAGIC = (
    b"PK\1\2",
    b"PK\3\4",
    b"PK\5\6",
    b"PK\6\6",
    b"PK\7\b",
    b"ustar\0",
    b"ustar  \0",
    b"!<arch>\n",
    b"`\n",
    b"#1/8",
    b"070701",
    b"070707",
    b"TRAILER!!!",
    b"\x8e\xad\xe8\x01",
    b"\x1f\x8b\b",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18",
    b"]\0\0\x80\0",
    b"GNU.sparse.map=",
    b"GNU.sparse.major=1",
)


def words(target: str) -> tuple[bytes, ...]:
    """What the fuzzer may put in, besides what it finds out by itself."""
    if target in TEXTS:
        few = (anchor for name in views.NAMES for anchor in views.view(name).anchors[:40])
        return (
            *dict.fromkeys(few),
            *_CHARACTERS,
            b"xoxb-",
            b"xoxd-",
            b"xoxe.xoxp-1-",
            b"xapp-1-A",
            b"hooks.slack.com/services/T",
        )
    return _MAGIC if target not in ("pack", "pack-index", "readers") else (zlib.compress(b"abcd"), b"\xfftOc\0\0\0\2")
