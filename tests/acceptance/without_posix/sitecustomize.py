"""Takes away from Python, before anything else runs, what it has on no Windows (`Availability: Unix` in the library's
documentation), and makes it refuse what Windows refuses. On PYTHONPATH it reaches every process that the
program starts.

It is no Windows: paths stay as they are here, and so do processes, consoles and what git does.
"""

from __future__ import annotations

import errno
import importlib.abc
import multiprocessing.popen_fork
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import types
from typing import Any

_OS = (
    *(
        "O_DIRECTORY",
        "O_NOFOLLOW",
        "O_CLOEXEC",
        "O_NONBLOCK",
        "O_NOCTTY",
        "O_SYNC",
        "O_DSYNC",
        "SEEK_DATA",
        "SEEK_HOLE",
    ),
    *("fork", "forkpty", "killpg", "getpgid", "getpgrp", "setpgid", "setsid", "getsid", "nice", "mkfifo", "mknod"),
    *("geteuid", "getuid", "getegid", "getgid", "setuid", "seteuid", "chown", "lchown", "fchown", "fchmod", "chroot"),
    *("pread", "preadv", "readv", "pwrite", "writev", "sendfile", "posix_fadvise", "posix_fallocate", "fdatasync"),
    *("sched_getaffinity", "sysconf", "statvfs", "fchdir", "fwalk", "environb", "getenvb", "wait", "confstr"),
)
_SIGNAL = (
    "SIGKILL",
    "SIGHUP",
    "SIGPIPE",
    "SIGALRM",
    "SIGCHLD",
    "SIGUSR1",
    "alarm",
    "setitimer",
    "ITIMER_REAL",
    "pause",
)
_MODULES = frozenset(("fcntl", "termios", "resource", "pwd", "grp", "pty", "tty", "syslog", "curses", "readline"))
_SELECT = ("epoll",)


class _Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in _MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _modules() -> None:
    sys.meta_path.insert(0, _Absent())
    for name in _MODULES:
        sys.modules.pop(name, None)
    # Python's own modules need theirs here to do what they do on Windows without.
    for module in (subprocess, multiprocessing.popen_fork):
        vars(module)["signal"] = _copy(signal)
    for home, names in ((os, _OS), (signal, _SIGNAL), (select, _SELECT)):
        for name in names:
            if hasattr(home, name):
                delattr(home, name)


def _copy(module: types.ModuleType) -> types.ModuleType:
    copy = types.ModuleType(module.__name__)
    vars(copy).update(vars(module))
    return copy


def _descriptors() -> None:
    """No name is looked up from an open folder, and none is opened."""
    os.supports_dir_fd, os.supports_fd = set(), set()
    vars(shutil).update(_use_fd_functions=False, _USE_CP_SENDFILE=False)
    for name in ("open", "lstat", "stat", "readlink", "unlink", "mkdir", "rmdir", "rename", "replace"):
        setattr(os, name, _by_path(getattr(os, name)))
    for name in ("scandir", "listdir"):
        setattr(os, name, _no_descriptor(getattr(os, name)))


def _by_path(function: Any) -> Any:
    def called(*arguments: Any, **named: Any) -> Any:
        if any(named.get(word) is not None for word in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
            raise NotImplementedError("dir_fd unavailable on this platform")
        if function.__name__ == "open" and os.path.isdir(arguments[0]):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), arguments[0])
        if (
            function.__name__ in ("unlink", "replace", "rename")
            and sys._getframe(1).f_globals["__name__"] != "tempfile"
        ):
            _not_open(*arguments)
        if function.__name__ == "rename" and os.path.lexists(arguments[1]):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), arguments[1])
        return function(*arguments, **named)

    return called


def _not_open(*paths: Any) -> None:
    """Python opens files so that nobody can delete or replace them meanwhile."""
    real = {os.path.realpath(os.fspath(path)) for path in paths}
    for descriptor in _LIST("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if target in real or os.fsencode(target) in real:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)


_LIST = os.listdir


def _no_descriptor(function: Any) -> Any:
    def called(path: Any = ".") -> Any:
        if isinstance(path, int):
            raise TypeError(f"{function.__name__}: path should be string, bytes, os.PathLike or None, not int")
        return function(path)

    return called


def _sockets_alone() -> None:
    function = select.select

    def called(reading: Any, writing: Any, odd: Any, *timeout: Any) -> Any:
        for each in (*reading, *writing, *odd):
            number = each if isinstance(each, int) else each.fileno()
            if not (isinstance(each, socket.socket) or stat.S_ISSOCK(os.fstat(number).st_mode)):
                raise OSError(10038, "An operation was attempted on something that is not a socket")
        return function(reading, writing, odd, *timeout)

    select.select = called


def _names() -> None:
    """Names are UTF-8, and nothing else (PEP 529)."""

    def encode(filename: Any) -> bytes:
        name = os.fspath(filename)
        return name.encode("utf-8", "surrogatepass") if isinstance(name, str) else bytes(name)

    def decode(filename: Any) -> str:
        name = os.fspath(filename)
        return name.decode("utf-8", "surrogatepass") if isinstance(name, bytes) else str(name)

    os.fsencode, os.fsdecode = encode, decode


def _remove() -> None:
    os.remove = os.unlink


_modules()
_descriptors()
_sockets_alone()
_names()
_remove()
