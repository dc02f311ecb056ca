"""Repositories with something of everything, made by the real git."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import Repo, token

_WHO = b"Ada <ada@example.org> 1767323045 +0000\n"


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def stream(commits: int, seed: int) -> Iterator[bytes]:
    """What `git fast-import` makes a history of: files that change a little, an empty one, a binary one, tokens in
    some, long messages that resemble each other, tags."""
    draw = random.Random(seed)
    lines = {name: [draw.randbytes(20).hex().encode() for _ in range(200)] for name in (b"a", b"b/c", b"b/d")}
    message = b"\n".join(draw.randbytes(30).hex().encode() for _ in range(20))
    for at in range(commits):
        yield b"commit refs/heads/main\nmark :%d\ncommitter %b" % (at + 1, _WHO)
        yield _data(b"%d\n\n%b\n%b" % (at, message, token("bot", at + 500) if at % 9 == 4 else b""))
        for name, text in lines.items():
            text[draw.randrange(len(text))] = token("bot", at) if at % 5 == 0 else draw.randbytes(25).hex().encode()
            yield b"M 100644 inline %b\n" % name + _data(b"\n".join(text) + b"\n")
        yield b"M 100644 inline empty\n" + _data(b"") + b"M 100644 inline bin%d\n" % (at % 7)
        yield _data(draw.randbytes(3000))
        if at % 10 == 3:
            yield b"tag v%d\nfrom :%d\ntagger %b" % (at, at + 1, _WHO)
            yield _data(message + b"\n" + (token("bot", at + 900) if at == 13 else b"%d" % at))


def history(path: Path, *options: str, commits: int = 30, seed: int = 1) -> Repo:
    """A bare repository with one pack, written by fast-import."""
    repo = Repo(path, "--bare", *options)
    load(repo, b"".join(stream(commits, seed)))
    return repo


def load(repo: Repo, commands: bytes) -> None:
    """Runs fast-import, which writes one more pack."""
    repo.git("-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--force", stdin=commands)


def packs(repo: Repo, suffix: str = ".pack") -> list[Path]:
    """The packs of a bare repository."""
    return sorted((repo.path / "objects/pack").glob(f"*{suffix}"))


def types(repo: Repo) -> set[tuple[str, bool]]:
    """Kinds of objects, and whether one of them is a delta."""
    checked = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(deltabase)")
    return {(line.split()[0], set(line.split()[1]) != {"0"}) for line in checked.splitlines()}


def unpack(repo: Repo) -> None:
    """Every object becomes a file of its own."""
    for pack in packs(repo):
        aside = pack.rename(repo.path / pack.name)
        pack.with_suffix(".idx").unlink()
        with aside.open("rb") as file:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=repo.path, stdin=file, check=True)
        aside.unlink()


def reindex(repo: Repo, *options: str) -> None:
    """Writes the indexes anew."""
    for pack in packs(repo):
        pack.with_suffix(".idx").unlink()
        repo.git("index-pack", *options, str(pack))
