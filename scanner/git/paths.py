"""What commits have at given paths, through one `git cat-file --batch-check`: no tree is listed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

from scanner.errors import GitError
from scanner.git.run import Git, close

# Questions written before their answers are read, in bytes: both stay below any pipe's capacity, so neither side waits
# for the other. An answer is as long as its question, or short.
_ROUND = 1 << 13


class Paths:
    """A git that is started when it is first needed."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Paths:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            close(self._process)

    def blobs(self, commit: bytes, paths: Sequence[bytes]) -> list[bytes | None]:
        """What a commit has at each path; None where it has nothing there. GitError where git cannot tell."""
        return [oid for some in _rounds(paths) for oid in self._round(commit, some)]

    def _round(self, commit: bytes, paths: Sequence[bytes]) -> list[bytes | None]:
        if b"\n" in paths[0]:  # it would be two questions
            return [self._listed(commit, paths[0])]
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch-check=%(objectname)")
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        try:
            stdin.writelines(b"%b:%b\n" % (commit, path) for path in paths)
            stdin.flush()
        except BrokenPipeError:
            pass
        return [_answer(stdout.readline()) for _ in paths]

    def _listed(self, commit: bytes, path: bytes) -> bytes | None:
        """The same through `ls-tree`, which is told the path as an argument."""
        out = self._git.run("ls-tree", "-z", "--full-tree", commit, "--", path)
        rows = (line.partition(b"\t") for line in out.split(b"\0"))
        return next((facts.split(b" ")[2] for facts, _, name in rows if name == path), None)


def _answer(line: bytes) -> bytes | None:
    if not line.endswith(b"\n"):
        raise GitError("git cat-file stopped in the middle of an answer", "git fsck shows what is damaged")
    return None if b" " in line else line[:-1]


def _rounds(paths: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Not too many bytes together; one with a line end by itself."""
    some: list[bytes] = []
    for path in paths:
        alone = b"\n" in path
        if some and (alone or sum(map(len, some)) + 70 * len(some) + len(path) > _ROUND):
            yield some
            some = []
        some.append(path)
        if alone:
            yield some
            some = []
    if some:
        yield some
