"""The one place that starts git: as bytes, sealed against what a repository's own configuration would run.

Why each setting is there is in docs/trust.md («What a repository could run»); tests plant every vector.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, NamedTuple

from scanner.errors import GitError

# What git itself calls «local to a repository» (git rev-parse --local-env-vars; a test compares the two).
LOCAL_VARIABLES = frozenset(
    [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_COUNT",
        "GIT_OBJECT_DIRECTORY",
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_REPLACE_REF_BASE",
        "GIT_PREFIX",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_COMMON_DIR",
    ]
)

# Programs that git would start for us, or that would change what it prints.
_NEVER = frozenset(
    ["GIT_EXTERNAL_DIFF", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_PAGER"]
)

_SEAL = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # older gits know no GIT_NO_LAZY_FETCH; no protocol, no fetch
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ADVICE": "0",
    "LC_ALL": "C",
}

_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "hook.post-index-change.enabled=false",
    "diff.external=",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.renames=false",
    "diff.ignoreSubmodules=none",
    f"diff.orderFile={os.devnull}",
    "log.showSignature=false",
    "core.pager=cat",
    "core.quotePath=false",
    "core.deltaBaseCacheLimit=80m",  # of 96m: costs no time (measured on rails), and each worker has a git
    "core.bigFileThreshold=32m",  # larger blobs git gives as it reads them, and holds none, whatever a repository says
    "core.commitGraph=false",  # nothing checks that what it says of parents and trees is true
    "protocol.ext.allow=never",
    "color.ui=false",
    # We run nothing of a repository, so one that another user owns is as safe to read as any.
    "safe.directory=*",
)

OLDEST = (2, 34)
_ROOM = 4 << 30  # bytes besides packs: git holds a delta, its base and what it makes


class Git(NamedTuple):
    """How to call git for one repository: the folder to stand in, and the sealed environment."""

    cwd: str
    environ: Mapping[str, str]
    room: int = 0  # bytes of address space that each git may take (0: what the system lets it)

    def bounded(self, packs: int) -> Git:
        """The same with a bound on the memory of each git, which may map so many bytes of `packs`: what makes it take
        ever more (a circle of deltas, a claim) ends it, as damage does."""
        return self._replace(room=_ROOM + packs)

    def command(self, *arguments: str | bytes) -> list[str | bytes]:
        """The argument vector of a sealed git."""
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return [program(self.environ), "--no-pager", *settings, *arguments]

    def run(self, *arguments: str | bytes, stdin: bytes = b"", ok: Sequence[int] = (0,)) -> bytes:
        """git's standard output. GitError with git's own words where the status is not in `ok`."""
        status, out, err = self.attempt(*arguments, stdin=stdin)
        if status not in ok:
            raise failure(arguments, status, err)
        return out

    def attempt(self, *arguments: str | bytes, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """git's status, standard output and standard error."""
        done = self.once(*arguments, stdin=stdin)
        return self.for_anyone().once(*arguments, stdin=stdin) if refused(done) else done

    def once(self, *arguments: str | bytes, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """The same for a repository that is known to be ours, or `for_anyone`."""
        with self.running(*arguments, stderr=subprocess.PIPE) as process:
            out, err = process.communicate(stdin)
        if process.returncode == -signal.SIGINT:  # Ctrl-C reaches git, too, and perhaps first
            raise KeyboardInterrupt
        return process.returncode, out, err

    @contextmanager
    def running(
        self,
        *arguments: str | bytes,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stderr: int = subprocess.DEVNULL,
        pipesize: int = -1,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A running git (see `start`) that is waited for at the end, and killed where it is left by an error: whoever
        is interrupted leaves no git behind."""
        process = self.start(*arguments, stdin=stdin, stderr=stderr, pipesize=pipesize)
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            close(process)

    def start(
        self,
        *arguments: str | bytes,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stderr: int = subprocess.DEVNULL,
        pipesize: int = -1,
    ) -> subprocess.Popen[bytes]:
        """A running git with pipes for its output and, unless `stdin` says otherwise, its input. `pipesize` is in
        bytes, where the system lets one choose it."""
        try:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.cwd,
                env=dict(self.environ),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                pipesize=pipesize,
            )
        except OSError as error:
            raise _unstarted(self.cwd, error) from None
        if self.room:
            _bound(process.pid, self.room)
        return process

    def for_anyone(self) -> Git:
        """The same for a repository of another user, with a git before 2.38, which takes safe.directory from
        configuration files alone."""
        return self._replace(environ={**self.environ, "GIT_CONFIG_GLOBAL": _ANYONE})


def program(environ: Mapping[str, str], windows: bool = os.name == "nt") -> str:
    """The git to start. Windows looks into the current folder before PATH (CreateProcess), and there a repository could
    have put a git.exe of its own: so PATH is searched here, in absolute folders alone."""
    if not windows:
        return "git"
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    found = (os.path.join(folder, "git.exe") for folder in folders)
    return next(filter(os.path.isfile, found), os.path.join(os.path.abspath(os.sep), "git.exe"))


def _bound(process: int, size: int) -> None:
    """Bounds the address space of a process that runs already, where the system can (Linux)."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, prlimit

        soft, hard = prlimit(process, RLIMIT_AS)
        if soft == RLIM_INFINITY or soft > size:
            prlimit(process, RLIMIT_AS, (size if hard == RLIM_INFINITY else min(size, hard), hard))
    except (ImportError, OSError):  # not Linux, or git has ended
        pass


_ANYONE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "anyone.gitconfig")


def refused(done: tuple[int, bytes, bytes]) -> bool:
    """Whether git did not go near a repository because another user owns it (setup.c)."""
    status, _, err = done
    return status != 0 and (b"unsafe repository" in err or b"dubious ownership" in err)


def _unstarted(cwd: str, error: OSError) -> GitError:
    if not os.path.isdir(cwd):
        return GitError(f"{cwd} is not a folder", "name a git repository, or stand in one")
    if isinstance(error, FileNotFoundError):
        return GitError("git was not found", "install git 2.34 or newer and put it on PATH")
    return GitError(f"git cannot be started in {cwd}: {error.strerror}", "run as a user who may enter that folder")


def close(process: subprocess.Popen[bytes]) -> None:
    """Closes the pipes of a git, which ends one that still reads or writes, and waits for it."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        try:
            if pipe:
                pipe.close()
        except OSError:  # git did not read to the end
            pass
    process.wait()


def sealed(cwd: str, environ: Mapping[str, str], *, own: bool) -> Git:
    """A Git for the repository around `cwd`. With `own`, the caller's GIT_* variables are kept (a hook's index file, a
    quarantine); without, every variable that is local to a repository is dropped."""
    drop = _NEVER if own else _NEVER | LOCAL_VARIABLES
    kept = {name: value for name, value in environ.items() if name not in drop and not name.startswith("GIT_TRACE")}
    if not own:
        kept = {n: v for n, v in kept.items() if not n.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))}
    return Git(cwd, {**kept, **_SEAL})


_FSCK = "git fsck shows whether anything is damaged"


def failure(arguments: Iterable[str | bytes], status: int, err: bytes) -> GitError:
    """The error for a git that ended with `status`, in git's own words."""
    words = err.decode("utf-8", "replace").strip().splitlines()
    said = next((line for line in words if line.startswith(("fatal:", "error:"))), words[0] if words else "")
    verb = next((os.fsdecode(a) for a in arguments if not os.fsdecode(a).startswith("-")), "")
    if "not a git repository" in said:
        return GitError("this is not a git repository", "name a git repository, or stand in one")
    hint = _FSCK
    return GitError(f"git {verb} ended with status {status}: {said.removeprefix('fatal: ') or 'no message'}", hint)


def require_version(git: Git) -> tuple[int, ...]:
    """The version of git; GitError where it is older than 2.34."""
    words = git.run("version").split()
    numbers = words[2].split(b".") if len(words) > 2 else []
    version = tuple(int(n) for n in numbers[:3] if n.isdigit())
    if version < OLDEST:
        shown = ".".join(map(str, version)) or "unknown"
        raise GitError(f"git {shown} is too old", "install git 2.34 or newer")
    return version
