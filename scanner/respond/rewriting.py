"""What git filter-repo can do about a place in a history: replace it by an expression, or take the whole file out.

Its manual (git-filter-repo 2.47, «--replace-text», «--path», «--invert-paths»): expressions look at the bytes of blobs
as they stand, one after the other; paths are those of files and folders, and hold for all commits. Pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from scanner.decode.views import NAMES
from scanner.model import Location
from scanner.report.places import harmless

_TEXTS = ("blob", "symlink", "note", "commit-message", "tag-message")
_WIDE = ("utf-16", "utf-32")  # they hold zeros: filter-repo takes them for binary
_NEEDED = frozenset(b"'\\#")  # what is written by its number between $' and ', besides what is not printable

BY_PATH = (
    "No expression reaches what is packed in an archive or compressed, stands in UTF-16 or UTF-32 or behind a pointer "
    "of Git LFS, or in a file that git filter-repo takes for binary. Such files go as a whole, from all commits and "
    "also from the last one. Keep a copy where one is still needed, build it anew without the token, and commit that "
    "after the rewrite."
)
# docs.github.com «Removing files from Git Large File Storage»: objects stay until the repository is deleted and made
# anew, or support helps; unconfirmed by trial.
LFS = (
    "Have the object deleted on the Git LFS server, too: it stays there whatever becomes of its pointer. On GitHub "
    "that takes its support, or a new repository in place of this one. Run git lfs prune in clones that are kept."
)


def by_expression(location: Location) -> bool:
    """Whether an expression reaches this place, as far as the place itself tells: it stands in a text, as it is or
    behind encodings of texts. Of what is packed in an encoded archive the place does not tell; the blob would."""
    if location.source not in _TEXTS or (location.source.endswith("-message") and location.position is None):
        return False
    if location.source.endswith("-message"):
        return True
    outer = location.encoding[0] if location.encoding else NAMES[0]
    return not location.member and outer in NAMES and outer not in _WIDE


def paths(locations: Iterable[Location]) -> tuple[bytes, ...]:
    """The files that hold these places, each once. Notes are dropped by their own command."""
    return tuple(dict.fromkeys(one.path for one in locations if one.source == "blob" and one.path is not None))


def command(expressions: str, files: Iterable[bytes], folder: str = "") -> str:
    """What is run, in `folder` if it is named: with that file of expressions, if there are any, and to take `files`
    out. Names of a folder and a file are words of a shell already."""
    told = [f"--path={quoted(file)}" for file in files]
    words = [f"--replace-text {expressions} --replace-message {expressions}"] if expressions else []
    return " ".join(
        [
            f"git -C {folder} filter-repo" if folder else "git filter-repo",
            *words,
            *(["--invert-paths", *told] if told else []),
        ]
    )


def quoted(name: bytes) -> str:
    """`name` as one word of a shell, of printable characters only: nothing in it acts on a terminal, and what is shown
    is what will run. What is not printable is written as $'…' (POSIX.1-2024, 2.2.4)."""
    shown = name.decode("utf-8", "surrogateescape")
    if harmless(shown) == shown and shown.isprintable():
        return shlex.quote(shown)
    kept = (chr(byte) if 32 <= byte < 127 and byte not in _NEEDED else f"\\{byte:03o}" for byte in name)
    return f"$'{''.join(kept)}'"
