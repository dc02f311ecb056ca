"""No character of a secret leaves, wherever it stands: in names of files, folders, branches, tags, people and remotes,
in subjects and stash messages, in what git and the system say of an error, and twice in a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from tests.conftest import Repo, Run, token

FORMATS = ("text", "json", "jsonl", "sarif")
LEAST = 12  # so many characters of a secret in a row are a leak
PLACES = (
    *("file", "folder", "branch", "tag", "tagger", "author", "address", "subject", "stash", "remote", "url", "link"),
    *("note", "reflog", "module", "twice", "other", "percent"),
)
KINDS = ("bot", "user", "app-level", "config-refresh", "session-cookie")


def secret(place: str) -> bytes:
    """The token that is planted at a place: not all of a kind."""
    number = PLACES.index(place)
    kind = "webhook" if place == "other" else KINDS[number % len(KINDS)] if place in ("twice", "url") else "bot"
    return token(kind, number)


def words(place: str) -> str:
    return secret(place).decode()


@pytest.fixture
def planted(repo: Repo) -> Repo:
    """Tokens everywhere."""
    repo.commit({"clean.txt": b"clean\n"})
    twice = secret("twice")
    repo.commit({"twice.txt": b"%b and %b, " % (twice, twice) + secret("other") + b"\n"})
    repo.commit({words("file"): b"a file\n", f"{words('folder')}/file.txt": secret("twice") + b"\n"})
    (repo.path / "link").symlink_to(words("link"))
    people = {"GIT_AUTHOR_NAME": words("author"), "GIT_AUTHOR_EMAIL": f"{words('address')}@example.org"}
    repo.git("add", "link")
    repo.git("commit", "-q", "-m", f"{words('subject')} in the subject", env=people)
    repo.git("branch", words("branch"))
    repo.git("tag", "-a", "-m", "a tag", words("tag"), env={"GIT_COMMITTER_NAME": words("tagger")})
    repo.write("clean.txt", b"stashed\n")
    repo.git("stash", "push", "-q", "-m", words("stash"))
    repo.git("notes", "add", "-m", words("note"))
    repo.git("update-ref", "-m", words("reflog"), "--create-reflog", "refs/heads/side", "HEAD")
    repo.git("remote", "add", words("remote"), f"https://github.com/{words('url')}.git")
    repo.write(".gitmodules", f'[submodule "{words("module")}"]\n\tpath = {words("module")}\n'.encode())
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},{words('module')}")
    repo.git("add", ".gitmodules")
    repo.commit({"percent.txt": secret("percent")}, "a submodule")
    repo.write(f"{words('folder')}/staged.txt", secret("subject") + b"\n")
    repo.git("add", words("folder"))
    return repo


COMMANDS = [
    ("history",),
    ("history", "--strict", "--explain-drops"),
    ("scan",),
    ("scan", "--explain-drops"),
    ("staged",),
    ("range", "HEAD~3..HEAD"),
    ("hook", f"{words('folder')}/staged.txt", words("file")),
    ("hook", words("url")),
    # What is wrong is told with its name, and the name may be a token.
    ("range", f"{words('branch')}..nothing"),
    ("range", f"{words('url')}..HEAD"),
    ("history", words("folder")),
    ("history", words("url")),
    ("scan", words("url")),
    ("scan", "--config", words("url")),
    ("scan", "--only", words("url")),
    ("scan", "-f", words("url")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command).replace(words("url"), "URL"))
def test_nothing_leaves(planted: Repo, run: Run, command: tuple[str, ...]) -> None:
    repo_wide = "-f" not in command
    for form in FORMATS if repo_wide else ("",):
        result = run(*command, "-v", "--show-suppressed", *(("-f", form) if form else ()))
        assert result.status in (0, 1, 2, 3)
        for place in PLACES:
            assert not leaked(place, result.out + b"\n" + result.err), (place, form)


def leaked(place: str, output: bytes) -> list[str]:
    """The parts of the secret that stand in the output, or in what a reader makes of it."""
    part = unquote(words(place)).rpartition("/" if place == "other" else "-")[2]
    texts = [output.decode(), unquote(output.decode()), *_strings(output)]
    pieces = (part[start : start + LEAST] for start in range(len(part) - LEAST + 1))
    return [piece for piece in pieces if any(piece in text for text in texts)]


def _strings(output: bytes) -> Iterator[str]:
    """Everything in a JSON document, unescaped."""
    for line in (output, *output.splitlines()):
        try:
            yield json.dumps(json.loads(line), ensure_ascii=False)
        except ValueError:
            pass


def test_something_would_have_left(planted: Repo, run: Run) -> None:
    """That the test can fail: with --show-secrets they do leave."""
    result = run("history", "-v", "--show-secrets")
    assert {place for place in PLACES if not leaked(place, result.out)} <= {"remote", "url", "module"}
