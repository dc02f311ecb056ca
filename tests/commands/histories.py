"""What the tests of changes share: where finds stand, branches, merges and clones."""

from __future__ import annotations

import json

from tests.conftest import Repo, Result, Run, token

Found = set[tuple[str | None, str, str | None]]


def found(result: Result) -> Found:
    """Commit, source and path of each place of each finding in a JSON report."""
    report = json.loads(result.out)
    return {
        (place["commit"], place["source"], place["path"])
        for finding in report["findings"]
        for place in finding["locations"]
    }


def scanned(run: Run, words: str, *options: str) -> Found:
    """What `xoxscan range` finds; its status is the right one."""
    result = run("range", words, "-f", "json", *options)
    places = found(result)
    assert result.status == (1 if places else 0), result
    return places


def branch(repo: Repo, name: str, files: dict[str, bytes], start: str = "main") -> str:
    """A branch of one commit; its id. It ends on main."""
    repo.git("switch", "-q", "-c", name, start)
    oid = repo.commit(files, message=name)
    repo.git("switch", "-q", "main")
    return oid


def merge(repo: Repo, *names: str, options: tuple[str, ...] = (), files: dict[str, bytes] | None = None) -> str:
    """Merges; with `files` the merge holds these as well."""
    repo.git("merge", "-q", "--no-ff", "--no-commit", *options, *names, ok=(0, 1))
    for name, content in (files or {}).items():
        repo.write(name, content)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "merge")
    return repo.git("rev-parse", "HEAD")


def clone(repo: Repo, *options: str) -> Repo:
    """A clone as over the network, beside `repo`."""
    path = repo.path.parent / "clone"
    repo.git("clone", "-q", "--no-local", *options, f"file://{repo.path}", str(path))
    made = Repo.__new__(Repo)
    made.path = path
    return made


def add(repo: Repo, name: str | bytes, content: bytes) -> None:
    """Writes and stages a file."""
    repo.write(name, content)
    repo.git("add", "-f", "--", name)


def conflict(repo: Repo) -> None:
    """A merge that stops at a.txt."""
    repo.commit({"a.txt": b"base\n"})
    repo.git("switch", "-q", "-c", "topic")
    repo.commit({"a.txt": b"theirs\n", "known.env": token("user")})
    repo.git("switch", "-q", "main")
    repo.commit({"a.txt": b"ours\n"})
    repo.git("merge", "topic", ok=(1,))
