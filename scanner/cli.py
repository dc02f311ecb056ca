"""The command line: finds the command, loads that one module, and turns errors into a message and an exit status."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
import threading
import time
from importlib import import_module
from types import ModuleType, TracebackType
from typing import NoReturn

from scanner import __version__
from scanner.errors import INCOMPLETE, INTERRUPTED, UsageError, XoxscanError
from scanner.model import Streams

# Command, its module below scanner.commands, and one line of help. By hand, so that help loads no command.
COMMANDS = (
    ("scan", "scan", "files and folders, or stdin with -"),
    ("staged", "staged", "what the next commit adds"),
    ("range", "range", "every commit of A..B, and its message"),
    ("history", "history", "everything that a repository still holds"),
    ("ci", "ci", "what a CI event brings, whatever the system"),
    ("hook", "hook", "the entry of the pre-commit framework's hooks"),
    ("pre-push", "pre_push", "native git hook: every new commit of every ref that is pushed"),
    ("pre-receive", "pre_receive", "native git hook on a server: the same, within a budget of time"),
    ("install", "install", "native git hooks for this repository, or with --global for all"),
    ("uninstall", "uninstall", "takes them out again"),
    ("doctor", "doctor", "is the hook really active here, is history complete"),
    ("baseline", "baseline", "known findings: write, update, prune, audit"),
    ("rules", "rules", "the rules, and their self-test"),
    ("verify", "verify", "asks Slack whether tokens live, and what they can do"),
    ("revoke", "revoke", "rehearses the revocation of tokens; --yes does it, with proof"),
    ("journal", "journal", "what was planned, done and proven; resume, export"),
    ("policy", "policy", "what would happen to each finding, and which line decides"),
    ("explain", "explain", "what a token is, whose, and what to do about it, offline"),
    ("remediate", "remediate", "the runbook, the history-rewrite expressions, --verify-clean"),
    ("report", "report", "turns a JSON report into another format"),
    ("demo", "demo", "the whole story on a throw-away repository"),
)
# Named by the contract, built later: saying so is better than «unknown».
PLANNED = ("fleet", "serve")
_UNWRITABLE = (errno.EBADF, errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EDQUOT)


def main(argv: list[str] | None = None, streams: Streams | None = None) -> int:
    """Runs the command in `argv` (default: the process's arguments) and returns the exit status. Without `streams` it
    is the program itself, which ends afterwards."""
    words = sys.argv[1:] if argv is None else argv
    if streams is not None:
        return _caught(words, streams)
    if argv is None:  # the process is ours
        _stand()
        _guard()
        _leave_out()
    gc.disable()  # until the command is loaded: that makes much, and nothing to collect
    try:
        status = _caught(words, standard())
    except SystemExit as end:  # --help, --version
        status = int(end.code or 0)
    finally:
        gc.freeze()  # nor is there anything to collect at the end; both together are a sixth of the hook's time
    return _flushed(status) if argv is None else status


def _caught(argv: list[str], streams: Streams) -> int:
    try:
        return _run(argv, streams)
    except XoxscanError as error:
        return _say(streams, str(error), error.hint, error.status)
    except KeyboardInterrupt:
        return _say(streams, "interrupted", "", INTERRUPTED)
    except BrokenPipeError:
        return INCOMPLETE
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            return _bug(streams, type(error), error.__traceback__)
        return _say(streams, f"cannot write: {error.strerror}", "make room, or name another place", INCOMPLETE)
    except Exception as error:  # noqa: BLE001 - the last net: a bug is status 3 and shows no values
        return _bug(streams, type(error), error.__traceback__)


def _flushed(status: int) -> int:
    """The exit status, once all that was printed is out. Python itself would end with 120 where that fails."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left of it, Python would try again
        if status != INCOMPLETE:  # else it was said
            return _say(standard(), f"cannot write: {error.strerror}", "make room, or name another place", INCOMPLETE)
    return status


def _leave_out() -> None:
    """Loads nothing more from the work tree that we stand in: with PYTHONPATH=. or `python -m scanner` a regex.py of it
    would be taken for ours. What was loaded before cannot be undone; -I prevents that, too (docs/hooks.md)."""
    if not sys.flags.isolated:
        homes = (sys.prefix, sys.exec_prefix, os.path.dirname(os.path.dirname(__file__)))
        try:
            here = os.getcwd()
        except OSError:
            return  # it is gone, and nothing can be loaded from it
        for entry in within_work_tree(sys.path, os.environ.get("PYTHONPATH", ""), here, homes):
            sys.path.remove(entry)


def within_work_tree(path: list[str], told: str, here: str, homes: tuple[str, ...]) -> list[str]:
    """Which entries of sys.path (`path`) are the folder `here` or come from PYTHONPATH (`told`), and lie in the work
    tree around `here`, but in none of `homes`."""
    real = os.path.realpath
    top = real(here)
    while not os.path.lexists(os.path.join(top, ".git")):
        if os.path.dirname(top) == top:
            return []
        top = os.path.dirname(top)
    named = {real(os.path.join(here, part)) for part in ("", *told.split(os.pathsep))}
    kept = tuple(os.path.join(real(home), "") for home in homes)
    found = ((entry, os.path.join(real(entry), "")) for entry in path if real(entry) in named)
    return [entry for entry, whole in found if whole.startswith(os.path.join(top, "")) and not whole.startswith(kept)]


def _stand() -> None:
    """Gives the process the standard streams that its caller closed (`<&-`), so that no file that is opened takes the
    place of one. From such an input nothing is read, to such an output nothing can be written, which is said."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest number that is free
    sys.stdin = sys.stdin or open(0)  # noqa: SIM115 - it is open for the life of the process
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115
    # Help holds what not every encoding has. Reports are bytes, and UTF-8.
    getattr(sys.stdout, "reconfigure", lambda errors: None)(errors="replace")


def _guard() -> None:
    """What nobody catches, in a thread, at exit or while an object is thrown away, is told as any other bug: Python's
    own words would quote the exception, which may hold a secret."""
    sys.excepthook = lambda kind, error, trace: _uncaught(kind, trace)
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_traceback)
    sys.unraisablehook = lambda args: _uncaught(args.exc_type, args.exc_traceback)


def _uncaught(kind: type[BaseException] | None, trace: TracebackType | None) -> None:
    # Python may have thrown stderr away already.
    if kind is None or issubclass(kind, SystemExit) or sys.stderr is None:
        return
    if issubclass(kind, KeyboardInterrupt):
        _say(standard(), "interrupted", "", INTERRUPTED)
    else:
        _bug(standard(), kind, trace)


def standard() -> Streams:
    """The process's own streams, environment and clock."""
    return Streams(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer, os.environ, time.time)


def _run(argv: list[str], streams: Streams) -> int:
    parser = Parser(prog="xoxscan", description="Finds leaked Slack credentials.")
    parser.add_argument("--version", action="version", version=f"xoxscan {__version__}")
    parser.add_argument("-C", dest="folder", metavar="DIR", help="run as if started in DIR")
    parser.add_argument("command", metavar="COMMAND", help="one of the commands below")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="…", help="its own options; COMMAND --help")
    parser.epilog = "commands:\n" + "\n".join(f"  {name:<12} {text}" for name, _, text in COMMANDS)
    begin = _command_at(argv)
    first = parser.parse_args(argv[: begin + 1])
    if first.folder is not None:
        _enter(first.folder)
    _stand_somewhere()
    module = _command(first.command)
    own = Parser(prog=f"xoxscan {first.command}", description=module.SUMMARY)
    module.add_arguments(own)
    words = getattr(module, "words", list)
    args = own.parse_args(words(argv[begin + 1 :]))
    args.folder = first.folder
    gc.enable()
    status: int = module.run(args, streams)
    return status


def _command_at(argv: list[str]) -> int:
    """Where the command stands: after options, of which -C may have its value in the next word. What follows is the
    command's own, `--` too."""
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] == "-C" else 1
    return at


def _stand_somewhere() -> None:
    try:
        os.getcwd()
    except OSError:
        raise UsageError(
            "the folder that this was started in is gone", "go to one that is there, or name it: -C DIR"
        ) from None


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(f"-C {folder}: {error.strerror}", "name a folder that exists") from None


def _command(name: str) -> ModuleType:
    for command, module, _ in COMMANDS:
        if command == name:
            return import_module(f"scanner.commands.{module}")
    if name in PLANNED:
        raise UsageError(f"the command {name} is not built yet", "xoxscan --help lists those that are")
    raise UsageError(f"there is no command {name!r}", _nearest(name))


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [command for command, _, _ in COMMANDS], 1)
    return f"did you mean {near[0]}?" if near else "xoxscan --help lists the commands"


class _Wide(argparse.RawDescriptionHelpFormatter):
    """Help that looks the same on every terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


class Parser(argparse.ArgumentParser):
    """argparse, with errors in our own form, and no abbreviations that a later option could break."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, **{"formatter_class": _Wide, **options})  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """See argparse."""
        raise UsageError(message, f"{self.prog} --help shows the options")


def _say(streams: Streams, message: str, hint: str, status: int) -> int:
    """One line, and one for the hint, on stderr: through the redactor, as a file or branch name may hold a token."""
    from scanner.report.places import harmless
    from scanner.report.redactor import Redactor

    lines = [f"xoxscan: {harmless(message)}", *([f"  {harmless(hint)}"] if hint else [])]
    try:
        streams.stderr.write(Redactor().clean("\n".join(lines).encode("utf-8", "backslashreplace") + b"\n"))
        streams.stderr.flush()
    except OSError:
        pass
    return status


def _bug(streams: Streams, kind: type[BaseException], last: TracebackType | None) -> int:
    """A bug is status 3 and never 1. Where it happened is said; what the exception holds is not, it may be a secret."""
    while last and last.tb_next:
        last = last.tb_next
    where = _place(last) if last else "an unknown place"
    message = f"a bug in xoxscan: {kind.__name__} in {where}"
    return _say(streams, message, "please report it; the run is incomplete", INCOMPLETE)


def _place(at: TracebackType) -> str:
    code = at.tb_frame.f_code
    return f"{at.tb_frame.f_globals.get('__name__')}.{code.co_qualname}, line {at.tb_lineno}"
