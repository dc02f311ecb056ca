"""What lies in archives: the files of a made-up work tree, packed into fifty."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench import corpus
from bench.cases import Bench, Section, as_it_stands, git, gitleaks, kingfisher

MANY = 50  # archives at most
FORMATS = ("zip", "tar", "tar.gz", "tar.xz")  # in turn
# The yardstick does what no scanner can leave out: it reads each member of each archive, to nowhere.
_READ = """\
import os, tarfile, zipfile
for name in sorted(os.listdir(".")):
    if name.endswith(".zip"):
        whole = zipfile.ZipFile(name)
        members = map(whole.open, whole.infolist())
    else:
        whole = tarfile.open(name)
        members = map(whole.extractfile, whole)
    for member in members:
        while member.read(1 << 20):
            pass
"""


def archives(bench: Bench) -> Section:
    """A folder of archives, against Python's own library expanding them; and the same files as they were before."""
    tree = corpus.work_tree(bench.folder / "corpora" / f"tree-{bench.tree.name}", bench.tree)
    names = [Path(name.decode()) for name in git(tree, "ls-files", "-z").split(b"\0") if name]
    folder = _packed(bench.folder / "corpora" / f"archives-{bench.tree.name}", tree, names)
    packed = sum(path.stat().st_size for path in folder.iterdir())
    size = sum((tree / name).stat().st_size for name in names)
    plain = bench.ours(["scan", "."], tree, None, relaxed=False)
    cases = [
        bench.python("zipfile and tarfile, to nowhere", _READ, folder),
        *bench.ours(["scan", "."], folder, None, relaxed=False),
        *(row._replace(name=f"{row.name}, the same files not packed") for row in plain),
        *as_it_stands(bench, ["scan", "."], folder),
        bench.peer("kingfisher", "scan, Slack rules", kingfisher(folder, "--git-history", "none"), folder),
        bench.peer("gitleaks", "dir, archives, Slack rules", gitleaks("dir", "--max-archive-depth", "2"), folder),
    ]
    number = len(list(folder.iterdir()))
    about = (
        f"{number} archives ({', '.join(FORMATS)}), {packed / 1e6:.0f} MB, with {len(names)} files, {size / 1e6:.0f} MB"
    )
    return Section("Archives", about, cases)


def _packed(folder: Path, tree: Path, names: Sequence[Path]) -> Path:
    """A folder with all files of a work tree in archives; made once."""
    if not folder.exists():
        making = folder.with_name(f"{folder.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        each = -(-len(names) // MANY)
        for number, first in enumerate(range(0, len(names), each)):
            form = FORMATS[number % len(FORMATS)]
            _pack(making / f"part{number:03}.{form}", form, tree, names[first : first + each])
        making.rename(folder)
    return folder


def _pack(path: Path, form: str, tree: Path, names: Sequence[Path]) -> None:
    if form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(tree / name, name)
        return
    with tarfile.open(path, f"w:{form.partition('.')[2]}") as whole:  # type: ignore[call-overload]
        for name in names:
            whole.add(tree / name, str(name))
