"""Tokens of every kind, everywhere in a repository; the program, of which every byte is kept that it writes; and the
search for any part of any secret in that: what tests.acceptance.test_leaks needs."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from scanner import fakes
from scanner.demo.standin import Account, Standin
from tests.conftest import Repo, token

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds, on a machine that does much else
LEAST = 12  # so many characters of a secret part in a row are a leak
PUBLIC = ("bot", "user", "config-access", "config-refresh", "app-level")  # kinds that a branch or file can be called


class Planted(NamedTuple):
    """What was planted: the repository, every secret by where it is, and what Slack knows of it."""

    repo: Repo
    secrets: dict[str, bytes]


def planted(folder: Path) -> Planted:
    """Each kind twice in files, one of a public remote's branch and one of nobody's; and names that are tokens."""
    repo, secrets = Repo(folder / "repo"), {}
    for number, kind in enumerate(fakes.KINDS):
        for seed in (1, 2):
            secrets[f"{kind} {seed}"] = token(kind, 10 * number + seed)
    for number, place in enumerate(PLACES):
        secrets[place] = token(PUBLIC[number % len(PUBLIC)], 1000 + number)
    repo.commit({"public.env": lines(secrets, " 1")}, f"{secrets['subject'].decode()} in the subject")
    repo.git("clone", "-q", "--bare", ".", str(folder / "remote.git"))
    repo.git("remote", "add", "origin", str(folder / "remote.git"))
    repo.git("fetch", "-q", "origin")
    _names(repo, {name: secret.decode() for name, secret in secrets.items()})
    repo.commit({"private.env": lines(secrets, " 2")}, "later")
    repo.write(f"{secrets['folder'].decode()}/staged.txt", secrets["bot 2"])
    repo.git("add", ".")
    return Planted(repo, secrets)


PLACES = ("subject", "branch", "tag", "file", "folder", "author", "address", "stash", "note", "channel", "config")


def _names(repo: Repo, words: dict[str, str]) -> None:
    people = {"GIT_AUTHOR_NAME": words["author"], "GIT_AUTHOR_EMAIL": f"{words['address']}@example.org"}
    repo.write(words["file"], b"a file\n")
    repo.write(f"{words['folder']}/.keep", words["user 1"].encode())
    repo.git("add", ".")
    repo.git("commit", "-q", "-m", "names", env=people)
    repo.git("branch", words["branch"])
    repo.git("tag", "-a", "-m", "a tag", words["tag"])
    repo.git("notes", "add", "-m", words["note"])
    repo.write(words["file"], b"stashed\n")
    repo.git("stash", "push", "-q", "-m", words["stash"])


def lines(secrets: dict[str, bytes], end: str = "") -> bytes:
    """A line for each secret whose name has this end."""
    rows = {name: secret for name, secret in secrets.items() if name.endswith(end)}
    return b"".join(_row(name, secret) for name, secret in rows.items())


def _row(name: str, secret: bytes) -> bytes:
    key = b"slack_signing_secret" if len(secret) == 32 else b"slack_verification_token"
    return b'%b = "%b"\n' % (key if name.startswith("app-secret") else b"token", secret)


def told(slack: Standin, secrets: dict[str, bytes]) -> None:
    """Slack knows them all: they live, and are ours."""
    slack.faults.clear()
    cookie = secrets["session-cookie 1"].decode()
    for number, (name, secret) in enumerate(secrets.items()):
        session = cookie if name.startswith("session-client") else None
        slack.add(Account(secret.decode(), scopes=("admin", "chat:write"), cookie=session, user_id=f"U0USER{number}"))


# What is looked for, and in what


def secret_part(secret: bytes) -> bytes:
    """What follows the prefix, the ids, or the path."""
    if secret.startswith(b"xoxd-"):
        return secret[5:]
    return secret.rpartition(b"/" if b"://" in secret else b"-")[2]


def grams(secrets: Iterable[bytes]) -> set[bytes]:
    """All runs of LEAST bytes of the secret parts, as they are, in base64 at its three shifts, and in hex. What is
    shorter as a whole."""
    parts = {form for secret in secrets for form in _plain(secret_part(secret))}
    forms = {
        form for part in parts for form in (part, *_base64(part), part.hex().encode(), part.hex().upper().encode())
    }
    return {form[at : at + LEAST] for form in forms for at in range(max(1, len(form) - LEAST + 1))}


def _plain(part: bytes) -> Iterator[bytes]:
    """A rotating token's body has its secret in base64."""
    yield part
    plain = unquote_to_bytes(part)
    if plain != part:
        yield plain
    if len(part) > 100 and part.isalnum():
        yield base64.b64decode(part + b"=" * (-len(part) % 4)).rpartition(b"-")[2]


def _hex(part: bytes) -> tuple[bytes, bytes]:
    return part.hex().encode(), part.hex().upper().encode()


def _base64(part: bytes) -> Iterator[bytes]:
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + part)
        inner = text[(shift * 8 + 5) // 6 : len(text) // 4 * 4 - 4]  # what depends on the secret alone
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


class Search:
    """Looks through bytes for any of the runs; what was looked at once is not looked at again."""

    def __init__(self, wanted: set[bytes]) -> None:
        self._short = [run for run in wanted if len(run) < LEAST]
        self._wanted = wanted
        self._seen: set[bytes] = set()

    def found(self, data: bytes) -> set[bytes]:
        """The runs that stand in `data`, or in what a reader makes of it."""
        runs: set[bytes] = set()
        for form in (data, b"".join(data.split()), data.replace(b"\0", b""), unquote_to_bytes(data), unescaped(data)):
            for line in set(form.splitlines()) - self._seen:
                self._seen.add(line)
                runs |= {run for at in range(len(line)) if (run := line[at : at + LEAST]) in self._wanted}
                runs |= {run for run in self._short if run in line}
        return runs


def unescaped(data: bytes) -> bytes:
    """With what JSON escapes undone."""
    plain = re.sub(rb"\\u00([0-9a-fA-F]{2})", lambda found: bytes.fromhex(found[1].decode()), data)
    return plain.replace(b"\\/", b"/")


# The program


class Box:
    """Where the program runs: whatever it may write to is below one folder, the repository is not."""

    def __init__(self, folder: Path, planted: Planted, slack: Standin) -> None:
        self.folder, self.planted = folder, planted
        for name in ("home", "tmp", "state", "cache", "out", "kept", "bin"):
            (folder / name).mkdir()
        (folder / "state").chmod(0o700)
        self.children = folder / "children"
        git = folder / "bin/git"
        git.write_text(
            f'#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >>"{self.children}"\nexec {shutil.which("git")} "$@"\n'
        )
        git.chmod(0o755)
        keep = {name: value for name, value in os.environ.items() if name.startswith(("GIT_", "LANG", "LC_"))}
        self.environ = {
            **keep,
            "PATH": f"{folder}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XOXSCAN_STATE_DIR": str(folder / "state"),
            "XOXSCAN_TEST_KEPT": str(folder / "kept"),
            "SLACK_API_URL": slack.url,
            "OPERATOR_KEY": "a key of the operator's",
            "OPERATOR_TOKEN": token("bot", 4711).decode(),
        }

    def run(self, mode: str, *words: str | Path, stdin: bytes = b"") -> tuple[int, bytes]:
        """The exit status, and all that it said. What it and its children showed to others is in `children`."""
        self.children.write_bytes(b"")
        command = [sys.executable, "-m", "tests.acceptance.leak_child", mode, *map(str, words)]
        pipe = subprocess.PIPE
        with ExitStack() as stack:
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    stdin=pipe,
                    stdout=pipe,
                    stderr=subprocess.STDOUT,
                    cwd=self.planted.repo.path,
                    env=self.environ,
                    start_new_session=True,
                )
            )
            watch = stack.enter_context(Watch(process.pid))
            said, _ = process.communicate(stdin, timeout=PATIENCE)
        with self.children.open("ab") as file:
            file.write(b"\n".join(watch.shown))
        return process.returncode, said

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Every file that is there now, with its name for a first line."""
        for path in sorted(self.folder.rglob("*")):
            yield path.name, os.fsencode(path.relative_to(self.folder)) + b"\n"
            if path.is_file():
                yield path.name, path.read_bytes()

    def repository(self) -> dict[str, bytes]:
        """Every file of the repository: nothing may be written there."""
        top = self.planted.repo.path
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


class Watch:
    """Reads the command lines and environments of a session's processes, as anybody on the machine could."""

    def __init__(self, leader: int) -> None:
        self.shown: set[bytes] = set()
        self._leader = leader
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    self._look(int(entry))

    def _look(self, process: int) -> None:
        try:
            if os.getsid(process) == self._leader:
                self.shown |= {Path(f"/proc/{process}/{name}").read_bytes() for name in ("cmdline", "environ")}
        except OSError:
            pass
