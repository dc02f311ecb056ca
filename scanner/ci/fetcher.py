"""Brings commits that a shallow checkout lacks: the one place where a scan fetches.

git stands in an empty repository of our own that borrows nothing but the object folder of the checkout, and a copy of
its list of shallow commits, which goes back afterwards. So nothing of the checkout's configuration is in force while it
talks: no core.sshCommand, no remote.*.uploadpack, no credential.helper, no url.*.insteadOf, no core.askPass, no
core.alternateRefsCommand, no hook (docs/trust.md). Of it only the address of its remote counts, and what the runner
left there to log in (scanner.ci.remote). What the operator's own configuration says (proxies, credential helpers)
counts, too.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from scanner.ci.tags import here as tags_here
from scanner.errors import GitError
from scanner.git.repository import Repository, common_dir, is_partial
from scanner.git.run import Git, failure, sealed
from scanner.respond.remote import Address

TIMEOUT = 900.0  # seconds for one fetch
FIRST = 50  # commits of an end that was not here at all
DEEPENINGS = (50, 100, 200, 400, 800, 1600)
_NAME = "checkout"  # of the remote, in a configuration where nothing else is
_HAVES = 500  # refs that are told to the forge, so that it need not send what is here
_FETCH = (
    *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head"),
    "--upload-pack=git-upload-pack",
)
# How git says that the forge is well, but has no such thing (upload-pack.c, fetch-pack.c, fetch.c).
_GONE = (b"not our ref", b"couldn't find remote ref", b"no such remote ref", b"unadvertised object")
# And that it sent what is right, which leads to something that is not here, nor was sent (list-objects.c, revision.c).
_LACKS = (b"missing blob object", b"missing tree object", b"bad tree object", b"did not send all necessary objects")
_CAME = "refs/came/"


class Filtered(GitError):
    """A partial checkout, whose filter left out what the commits that came lead to."""


@contextmanager
def fetching(
    repository: Repository, address: Address, settings: Sequence[tuple[str, str]], environ: Mapping[str, str]
) -> Iterator[Fetcher]:
    """A Fetcher from `address` into `repository`, with the `settings` of its Remote. GitError where its temporary
    repository cannot be made."""
    with tempfile.TemporaryDirectory(prefix="xoxscan-") as folder:
        git = _isolated(folder, repository, address.protocol, environ)
        told = _configured((*settings, (f"remote.{_NAME}.url", address.url)))
        yield Fetcher(repository, git._replace(environ={**git.environ, **told}), os.path.join(folder, "git"))


def _isolated(folder: str, repository: Repository, protocol: str, environ: Mapping[str, str]) -> Git:
    """A git in a repository of our own, which may speak one protocol."""
    git = sealed(folder, environ, own=False)
    form = f"--object-format={repository.object_format}"
    git.run("init", "--quiet", "--bare", "--template=", form, os.path.join(folder, "git"))
    kept = {name: value for name, value in git.environ.items() if name != "GIT_CURL_VERBOSE"}
    places = {
        "GIT_DIR": os.path.join(folder, "git"),
        "GIT_OBJECT_DIRECTORY": os.path.join(common_dir(repository), "objects"),
        "GIT_CEILING_DIRECTORIES": folder,
        "GIT_ALLOW_PROTOCOL": protocol,
    }
    return git._replace(environ={**kept, **places})


def _configured(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Settings as git takes them from the environment (git-config(1), GIT_CONFIG_COUNT)."""
    environ = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings):
        environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environ


class Fetcher:
    """Fetches into one repository. `moved` says whether anything came."""

    def __init__(self, repository: Repository, git: Git, folder: str) -> None:
        self._repository = repository
        self._git = git
        self._folder = folder
        self._shallow = os.path.join(common_dir(repository), "shallow")
        self.moved = False
        _put(os.path.join(folder, "shallow"), _get(self._shallow))
        if not is_partial(repository):  # there a commit is no sign that its files are here
            self._haves()

    def _haves(self) -> None:
        here = self._repository.git
        listed = here.run("for-each-ref", f"--count={_HAVES}", "--format=%(objectname)", "refs/heads", "refs/remotes")
        tips = {*listed.split(), here.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")[1].strip()}
        lines = b"".join(b"create refs/have/%b %b\n" % (tip, tip) for tip in tips if tip)
        self._git.attempt("update-ref", "--stdin", stdin=lines)

    def ids(self, *oids: str) -> bool:
        """Fetches these commits (or tags), of a shallow checkout so many commits deep; whether the forge has them all.
        GitError where it does not answer."""
        return self._fetch(self._depth(), [f"+{oid}:{_CAME}{oid}" for oid in oids])

    def ref(self, name: str) -> bytes | None:
        """Fetches what the ref leads to, likewise; the id of that, or None where the forge has no such ref."""
        if not self._fetch(self._depth(), [f"+{name}:{_CAME}{name}"]):
            return None
        return self._git.run("rev-parse", "--verify", f"{_CAME}{name}^{{commit}}").strip()

    def _depth(self) -> Sequence[str]:
        return (f"--depth={FIRST}",) if _get(self._shallow) else ()

    def asked(self, name: str) -> str | None:
        """What the ref `name` leads to at the forge; nothing is fetched. None where the forge has no such ref, GitError
        where it does not answer."""
        return next((oid.decode() for ref, oid in self._listed((), name) if ref == os.fsencode(name)), None)

    def tags(self) -> set[str]:
        """The names of all tags of the forge, without refs/tags/; nothing is fetched. GitError where it does not
        answer."""
        return {os.fsdecode(ref).removeprefix("refs/tags/") for ref, _ in self._listed(("--tags", "--refs"))}

    def _listed(self, options: Sequence[str], *patterns: str) -> Iterator[tuple[bytes, bytes]]:
        words = ("ls-remote", "--quiet", "--upload-pack=git-upload-pack", *options, _NAME, *patterns)
        status, out, err = self._spoken(*words)
        if status:
            raise GitError(f"the forge does not answer: {failure(('ls-remote',), status, err)}", "")
        rows = (line.partition(b"\t") for line in out.splitlines())
        return ((ref, oid) for oid, _, ref in rows)

    def deepen(self, commits: int | None, oids: Sequence[str]) -> None:
        """Moves the ends of the checkout that `oids` reach by so many commits, or with None to the beginning. GitError
        where that fails."""
        how = "--unshallow" if commits is None else f"--deepen={commits}"
        self._must([how], [f"+{oid}:{_CAME}{oid}" for oid in oids])

    def everything(self, kind: str) -> dict[str, bytes]:
        """Fetches all refs of a `kind` (heads or tags), with all of their past; their names and ids. GitError where
        that fails."""
        self._must(["--unshallow"] if _get(self._shallow) else [], [f"+refs/{kind}/*:{_CAME}{kind}/*"])
        listed = self._git.run("for-each-ref", "--format=%(refname) %(objectname)", f"{_CAME}{kind}/")
        rows = (line.split(b" ") for line in listed.split(b"\n") if line)
        return {os.fsdecode(name).removeprefix(f"{_CAME}{kind}/"): oid for name, oid in rows}

    def _must(self, options: Sequence[str], wants: Sequence[str]) -> None:
        if not self._fetch(options, wants):
            raise GitError("the forge does not have a commit of this range any more", "")

    def _fetch(self, options: Sequence[str], wants: Sequence[str]) -> bool:
        status, _, err = self._spoken(*_FETCH, *options, "--end-of-options", _NAME, *wants)
        if status and any(words in err for words in _GONE):
            return False
        if status and is_partial(self._repository) and any(words in err for words in _LACKS):
            raise Filtered("the checkout lacks files that its filter left out", "")
        if status:
            raise GitError(f"the forge does not answer: {failure(('fetch',), status, err)}", "")
        self.moved = True
        _replaced(self._shallow, _get(os.path.join(self._folder, "shallow")))
        return True

    def _spoken(self, *words: str) -> tuple[int, bytes, bytes]:
        """git's status and both its outputs. GitError where the forge takes too long."""
        with self._git.running(*words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                raise GitError(f"the forge did not answer within {TIMEOUT:g} s", "") from None
        return process.returncode, out, err


def _get(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _put(path: str, content: bytes) -> None:
    if content:
        with open(path, "wb") as file:
            file.write(content)


def _replaced(path: str, content: bytes) -> None:
    """Puts the list of shallow commits back, as git does it: through its lock. GitError where another git holds it."""
    if content == _get(path):
        return
    lock = f"{path}.lock"
    try:
        with open(lock, "xb") as file:
            file.write(content)
        if not content:  # an empty list would still make the repository a shallow one
            os.remove(path)
        os.replace(lock, path) if content else os.remove(lock)
    except OSError as error:
        raise GitError(f"{path} cannot be written: {error.strerror}", "") from None


def publish(repository: Repository, remote: str, branches: Mapping[str, bytes]) -> None:
    """Notes the branches of the remote as git would, so that what stands in them is not taken for unreachable."""
    _noted(repository, f"refs/remotes/{remote}/", branches)


def publish_tags(repository: Repository, tags: Mapping[str, bytes]) -> None:
    """The same for tags; as with git, one that is here stays as it is."""
    known = tags_here(repository.git)
    _noted(repository, "refs/tags/", {name: oid for name, oid in tags.items() if name not in known})


def _noted(repository: Repository, above: str, refs: Mapping[str, bytes]) -> None:
    lines = b"".join(b"update %b %b\n" % (os.fsencode(above + name), oid) for name, oid in refs.items())
    repository.git.run(*_no_hooks(repository.git), "update-ref", "--stdin", stdin=lines)


def _no_hooks(git: Git) -> Iterator[str]:
    """Settings that switch off every hook that the configuration names (git 2.54); core.hooksPath stops the others."""
    names = git.attempt("config", "-z", "--name-only", "--get-regexp", r"^hook\..*\.command$")[1]
    for key in dict.fromkeys(os.fsdecode(names).split("\0")[:-1]):
        yield from ("-c", f"{key.removesuffix('.command')}.enabled=false")
