"""Inputs that are kept: as hexadecimal digits of the complement of each byte, which nothing takes for a token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "saved"
_LINE = 48  # bytes


def written(data: bytes, why: str = "") -> str:
    """The text of a file that keeps `data`; `why` it is kept."""
    other = bytes(byte ^ 0xFF for byte in data)
    lines = [other[at : at + _LINE].hex() for at in range(0, len(other), _LINE)]
    return "\n".join([f"# {why}"] * bool(why) + lines) + "\n"


def read(text: str) -> bytes:
    """What a file with this text keeps. ValueError where it is none."""
    digits = "".join(line for line in text.splitlines() if not line.startswith("#"))
    return bytes(byte ^ 0xFF for byte in bytes.fromhex(digits))


def keep(target: str, data: bytes, why: str, folder: Path = FOLDER) -> Path:
    """Keeps `data` for `target`; the path of the file."""
    path = folder / target / f"{hashlib.sha256(data).hexdigest()[:12]}.hex"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(data, why))
    return path


def kept(folder: Path = FOLDER) -> Iterator[Path]:
    """All files that keep an input; the name of the folder of each is that of its target."""
    yield from sorted(folder.glob("*/*.hex"))
