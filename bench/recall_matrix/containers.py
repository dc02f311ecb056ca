"""Rows: archives and compressed files, as the standard library writes them."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile
import zlib
from collections.abc import Mapping

from bench.recall_matrix.cells import Row, Write, page

_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LARGE = random.Random(1).randbytes(12 << 20)  # what no program packs any smaller
_SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def rows() -> tuple[Row, ...]:
    """All that can be written here: zstd needs extra `history` or Python 3.14."""
    made = [Row("container", name, write, file) for name, (file, write) in _FORMS.items()]
    if zstd := _zstd():
        made += [
            Row("container", "zst", lambda t: zstd(page(t)), "a.txt.zst"),
            Row("container", "tar.zst", lambda t: zstd(tar("a.txt", page(t))), "a.tar.zst"),
        ]
    return tuple(made)


def _zstd() -> Write | None:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = __import__(name, fromlist=["compress"])
        except ImportError:
            continue
        compress: Write = module.compress
        return compress
    return None


def zipped(
    name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED, before: Mapping[str, bytes] | None = None
) -> bytes:
    """A zip file with one entry, and others before it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for each, content in {**(before or {}), name: data}.items():
            archive.writestr(zipfile.ZipInfo(each, (2026, 1, 2, 3, 4, 6)), content, method)
    return buffer.getvalue()


def tar(name: str, data: bytes, before: Mapping[str, bytes] | None = None) -> bytes:
    """A tar archive with one entry, and others before it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:") as archive:
        for each, content in {**(before or {}), name: data}.items():
            entry = tarfile.TarInfo(each)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _docx(body: str) -> bytes:
    text = f'<?xml version="1.0"?><w:document {_WORD}><w:body><w:p>{body}</w:p></w:body></w:document>'
    return zipped("word/document.xml", text.encode(), before={"[Content_Types].xml": b"<Types/>"})


def _run(text: str) -> str:
    return f"<w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r>"


def _xlsx(secret: bytes) -> bytes:
    text = f'<sst {_SHEET} count="1"><si><t>{secret.decode()}</t></si></sst>'
    return zipped("xl/sharedStrings.xml", text.encode(), before={"[Content_Types].xml": b"<Types/>"})


def _nested(secret: bytes, depth: int) -> bytes:
    data, name = page(secret), "a.txt"
    for number in range(depth):
        data, name = zipped(name, data), f"{number}.zip"
    return data


def _encrypted(secret: bytes) -> bytes:
    """A zip file whose entry has a password (APPNOTE.TXT 6.1, traditional encryption)."""
    plain = page(secret)
    body = _cipher(b"password", bytes(11) + bytes((zlib.crc32(plain) >> 24,)) + plain)
    made = bytearray(zipped("a.txt", body, zipfile.ZIP_STORED))
    central = made.index(b"PK\x01\x02")
    check = zlib.crc32(plain).to_bytes(4, "little")
    for flags, crc, size in ((6, 14, 22), (central + 8, central + 16, central + 24)):
        made[flags] |= 1
        made[crc : crc + 4] = check
        made[size : size + 4] = len(plain).to_bytes(4, "little")
    return bytes(made)


def _cipher(password: bytes, plain: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]
    for byte in password:
        _stir(keys, byte)
    out = bytearray()
    for byte in plain:
        half = keys[2] | 2
        out.append(byte ^ (half * (half ^ 1) >> 8 & 0xFF))
        _stir(keys, byte)
    return bytes(out)


def _stir(keys: list[int], byte: int) -> None:
    keys[0] = _crc(keys[0], byte)
    keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
    keys[2] = _crc(keys[2], keys[1] >> 24)


def _crc(state: int, byte: int) -> int:
    """One step of CRC-32 without the inversions that zlib adds."""
    return zlib.crc32(bytes((byte,)), state ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def _deb(secret: bytes) -> bytes:
    """An ar archive with a tar in it, as Debian packages are."""
    parts = {"debian-binary": b"2.0\n", "data.tar.xz": lzma.compress(tar("etc/a.conf", page(secret)))}
    made = b"!<arch>\n"
    for name, data in parts.items():
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return made


def _cpio(secret: bytes) -> bytes:
    """An archive in the form that initramfs and rpm have (cpio(5), newc)."""
    made = b""
    for name, data in ((b"etc/a.conf\0", page(secret)), (b"TRAILER!!!\0", b"")):
        fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        made += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return made


def _helm(secret: bytes) -> bytes:
    """What Helm keeps of a release: JSON in gzip in base64, in a Secret, whose values are base64."""
    release = {"name": "bot", "chart": {"metadata": {"name": "bot"}}, "config": {"slack": {"token": secret.decode()}}}
    kept = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode())))
    kind = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: sh.helm.release.v1.bot.v1\ntype: helm.sh/release.v1\n"
    return kind + b"data:\n  release: " + kept + b"\n"


def _lfs(secret: bytes) -> bytes:
    """What git holds in the place of a file that Git LFS keeps elsewhere (git-lfs, docs/spec.md)."""
    return (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize %d\n" % len(page(secret))
    )


_FORMS: Mapping[str, tuple[str, Write]] = {
    "zip": ("a.zip", lambda t: zipped("a.txt", page(t))),
    "zip, stored": ("a.zip", lambda t: zipped("a.txt", page(t), zipfile.ZIP_STORED)),
    "jar": ("a.jar", lambda t: zipped("app.properties", page(t), before={"META-INF/MANIFEST.MF": b"A: 1\n"})),
    "whl": ("a-1-py3-none-any.whl", lambda t: zipped("a/settings.py", page(t))),
    "docx": ("a.docx", lambda t: _docx(_run(t.decode()))),
    "docx, token in two runs": ("a.docx", lambda t: _docx(_run(t[:20].decode()) + _run(t[20:].decode()))),
    "xlsx": ("a.xlsx", _xlsx),
    "apk": ("a.apk", lambda t: zipped("assets/config.json", page(t), before={"classes.dex": b"dex\n035\0"})),
    "tar": ("a.tar", lambda t: tar("a.txt", page(t))),
    "tar.gz": ("a.tar.gz", lambda t: gzip.compress(tar("a.txt", page(t)))),
    "tar.bz2": ("a.tar.bz2", lambda t: bz2.compress(tar("a.txt", page(t)))),
    "tar.xz": ("a.tar.xz", lambda t: lzma.compress(tar("a.txt", page(t)))),
    "gz": ("a.txt.gz", lambda t: gzip.compress(page(t))),
    "bz2": ("a.txt.bz2", lambda t: bz2.compress(page(t))),
    "xz": ("a.txt.xz", lambda t: lzma.compress(page(t))),
    "lzma": ("a.txt.lzma", lambda t: lzma.compress(page(t), lzma.FORMAT_ALONE)),
    "gz without a name that says so": ("blob", lambda t: gzip.compress(page(t))),
    "zip in zip": ("a.zip", lambda t: _nested(t, 2)),
    "zip, five deep": ("a.zip", lambda t: _nested(t, 5)),
    "tar.gz in zip": ("a.zip", lambda t: zipped("a.tar.gz", gzip.compress(tar("a.txt", page(t))))),
    "base64 in zip": ("a.zip", lambda t: zipped("a.txt", base64.b64encode(page(t)))),
    "UTF-16 in zip": ("a.zip", lambda t: zipped("a.ini", codecs.BOM_UTF16_LE + page(t).decode().encode("utf-16-le"))),
    "zip behind a program": ("a.exe", lambda t: b"MZ\x90\0" + bytes(2000) + zipped("a.txt", page(t))),
    "a name in a zip": ("a.zip", lambda t: zipped(f"backup/{t.decode()}.txt", b"nothing\n")),
    "base64 of gz": ("a.txt", lambda t: base64.b64encode(gzip.compress(page(t))) + b"\n"),
    "base64 of zip": ("a.json", lambda t: b'{"file": "' + base64.b64encode(zipped("a.txt", page(t))) + b'"}\n'),
    "Helm release, in a Kubernetes Secret": ("release.yaml", _helm),
    "tar.gz of 12 MB": ("a.tar.gz", lambda t: gzip.compress(tar("a.txt", page(t), {"a.bin": _LARGE}), 1)),
    "zip of 12 MB": ("a.zip", lambda t: zipped("a.txt", page(t), before={"a.bin": _LARGE})),
    "zip with a password": ("a.zip", _encrypted),
    "deb (ar)": ("a.deb", _deb),
    "cpio": ("a.cpio", _cpio),
    "Git LFS pointer": ("a.bin", _lfs),
}
