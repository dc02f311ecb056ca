"""Our hooks as files in a folder of hooks. A hook that was there is moved, not copied: taken back, it is the same."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterable, Iterator

from scanner.errors import OutputError
from scanner.hooks.earlier import earlier
from scanner.hooks.moved import after, movable
from scanner.hooks.scripts import BEGIN, END, KEPT, PRE_COMMIT, block, ours, unchanged


def install(folder: str, scripts: Iterable[tuple[str, bytes]]) -> list[str]:
    """Puts each script (event, content) into `folder`; what is told about it, a line each. OutputError where that
    cannot be done safely, with nothing changed."""
    wanted = list(scripts)
    for event, _ in wanted:
        _refuse(folder, event)
    with _told(folder):
        os.makedirs(folder, exist_ok=True)
        return [_put(folder, event, content) for event, content in wanted]


def uninstall(folder: str, events: Iterable[str]) -> list[str]:
    """Takes our hooks out of `folder` and puts back those that were there before; what is told about it."""
    with _told(folder):
        lines = [line for event in events for line in _take(folder, event)]
        kept = os.path.join(folder, KEPT)
        for name in os.listdir(kept) if os.path.isdir(kept) else []:
            if name.endswith(".legacy"):
                _return(os.path.join(kept, name), os.path.join(folder, name))
        with contextlib.suppress(OSError):
            os.rmdir(kept)
        return [*lines, *_left(folder)]


def _left(folder: str) -> Iterator[str]:
    """What is told of hooks that stay where they are kept, as ours is no more in their place."""
    above = os.path.join(folder, KEPT)
    for name in sorted(os.listdir(above)) if os.path.isdir(above) else []:
        kept, path = os.path.join(above, name), os.path.join(folder, name)
        instead = " in place of the other" if os.path.lexists(path) else ""
        why = "another hook stands in its place" if instead else "ours, which ran it, is gone"
        yield f"{name}: {kept} was left: it was there before ours; {why}; {_back(kept, path)} puts it back{instead}"


def _back(kept: str, path: str) -> str:
    """The command that puts a hook back; one that is a relative link goes on leading where it led."""
    source, target = shlex.quote(kept), shlex.quote(path)
    leads = os.readlink(kept) if os.path.islink(kept) else "/"
    if os.path.isabs(leads):
        return f"mv {source} {target}"
    return f"ln -sf {shlex.quote(leads.removeprefix('..' + os.sep))} {target} && rm {source}"


def place(folder: str, event: str) -> str | None:
    """Where our hook for `event` stands in `folder`: by its own name, or where pre-commit moved it; None: nowhere."""
    names = (os.path.join(folder, event), os.path.join(folder, f"{event}.legacy"))
    return next((path for path in names if ours(path)), None)


def add_block(path: str, event: str) -> str:
    """Puts our lines to the beginning of a script that may be there, after its first line where that names the
    interpreter; what is told about it. OutputError where the file cannot be written."""
    with _told(path):
        before = _read(path)
        if block(event) in before:
            return f"{path}: is there already"
        if BEGIN.encode() in before:
            start, end = _lines(path, before)
            _write(path, before[:start] + block(event) + before[end:])
            return f"{path}: brought up to date"
        first, rest = before[: before.find(b"\n") + 1], before[before.find(b"\n") + 1 :]
        head, tail = (first, rest) if before.startswith(b"#!") and first else (b"", before)
        _write(path, head + block(event) + tail)
        return f"{path}: {event} is looked at first"


def drop_block(path: str, event: str) -> str | None:
    """Takes our lines out of a script; a file of nothing else goes. None where there are none."""
    before = _read(path)
    if BEGIN.encode() not in before:
        return None
    with _told(path):
        start, end = _lines(path, before)
        after = before[:start] + before[end:]
        if after:
            _write(path, after)
        else:
            os.unlink(path)
        return f"{path}: as it was"


def _lines(path: str, text: bytes) -> tuple[int, int]:
    """Where our lines in a script begin and end."""
    start = text.index(BEGIN.encode())
    end = text.find(END.encode(), start)
    if end < 0:
        raise OutputError(f"{path} was edited inside our lines", f"take out what follows «{BEGIN}» by hand")
    return start, end + len(END) + 1


def _refuse(folder: str, event: str) -> None:
    """OutputError where two hooks would have to be kept, or a folder stands where the hook should."""
    path, kept = os.path.join(folder, event), os.path.join(folder, KEPT, event)
    if os.path.isdir(path):
        raise OutputError(f"{path} is a folder", "move it away: git expects a program there")
    for hook in (path, kept):
        movable(folder, event, hook)
    displaced = os.path.lexists(path) and os.path.lexists(kept) and place(folder, event) is None
    if displaced and _read(path) != _read(kept):
        hint = f"keep one of the two: delete {kept}, or move {path} away; then xoxscan install"
        raise OutputError(f"{path} and {kept} are two hooks for one event", hint)


def _put(folder: str, event: str, content: bytes) -> str:
    path, kept = os.path.join(folder, event), os.path.join(folder, KEPT, event)
    known = place(folder, event)
    if known:
        if _read(known) == content:
            return f"{event}: is there already"
        more = _saved(known, event)
        _write(known, content, executable=True)
        return f"{event}: brought up to date{more}"
    if os.path.lexists(path):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        _move(path, kept, ".." + os.sep)
        _legacy(folder, event)
    _write(path, content, executable=True)
    return f"{event}: installed{after(kept)}"


def _take(folder: str, event: str) -> Iterable[str]:
    path, kept = place(folder, event), os.path.join(folder, KEPT, event)
    if path is None:
        return
    more = _saved(path, event)
    if not os.path.lexists(kept) or (path.endswith(".legacy") and PRE_COMMIT in _read(kept)):
        os.unlink(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(kept)
        yield f"{event}: taken away{more}"
    else:
        _move(kept, path, "")
        yield f"{event}: taken away; the hook that was there before is back{more}"


def _saved(path: str, event: str) -> str:
    """Keeps a hook of ours that somebody changed; what is told about it."""
    content = _read(path)
    if unchanged(event, content) or earlier(event, content):
        return ""
    _write(f"{path}.changed", content)
    return f"; it had other lines than this version writes: they are in {path}.changed"


def _move(source: str, target: str, up: str) -> None:
    """Moves a hook; one that is a relative link goes on leading where it led."""
    leads = os.readlink(source) if os.path.islink(source) else "/"
    if os.path.isabs(leads):
        os.replace(source, target)
        return
    leads = up + leads if up else leads.removeprefix(".." + os.sep)
    fresh = f"{target}.new"
    os.symlink(leads, fresh)
    os.replace(fresh, target)
    os.unlink(source)


def _legacy(folder: str, event: str) -> None:
    """pre-commit's hook looks for an older one beside itself. It is kept with it: installed again, pre-commit would
    move ours over it."""
    path, kept = os.path.join(folder, f"{event}.legacy"), os.path.join(folder, KEPT, f"{event}.legacy")
    if os.path.lexists(path) and not os.path.lexists(kept):
        _move(path, kept, ".." + os.sep)


def _return(kept: str, path: str) -> None:
    """Puts an older hook of pre-commit back, unless another one stands there now."""
    link = os.path.islink(kept) and os.readlink(kept) == os.path.join("..", os.path.basename(kept))
    if link:  # earlier versions left it where it was, and linked it
        os.unlink(kept)
    elif not os.path.lexists(path):
        _move(kept, path, "")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _write(path: str, content: bytes, *, executable: bool = False) -> None:
    """Replaces the file at `path` in one step; its mode stays, or it may be run."""
    fresh = f"{path}.xoxscan-new"
    mode = 0o755
    if not executable and os.path.exists(path):
        mode = os.stat(path).st_mode & 0o7777
    try:
        with open(fresh, "wb") as file:
            file.write(content)
        os.chmod(fresh, mode)
        os.replace(fresh, os.path.realpath(path) if os.path.islink(path) else path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = f"{error.filename or path}: {error.strerror}"
        raise OutputError(f"the hooks cannot be changed: {why}", "run as a user who may write there") from None
