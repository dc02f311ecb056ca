"""Where reports go: through the redactor, to a stream or, atomically, to a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from scanner.errors import OutputError, UsageError
from scanner.model import Report, Secret
from scanner.report import Options, Sink, writer
from scanner.report.redactor import Redactor

CHUNK = 1 << 20
STDOUT = "-"


class Output(NamedTuple):
    """One report to be written: a name of `scanner.report.FORMATS`, and a file, or "-" for stdout."""

    format: str
    path: str = STDOUT


class OutStream:
    """A sink that passes everything through a redactor. It holds back what has no line end yet: call `finish`.

    Without a redactor (`--show-secrets`) nothing is masked.
    """

    def __init__(self, out: Sink, redactor: Redactor | None, chunk: int = CHUNK) -> None:
        self._out, self._redactor, self._chunk = out, redactor, chunk
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes, /) -> None:
        """Take `data`; once enough has come together, its whole lines go out."""
        self._held.append(data)
        self._size += len(data)
        if self._size >= self._chunk and b"\n" in data and (self._redactor is None or self._redactor.by_line):
            whole, end, rest = b"".join(self._held).rpartition(b"\n")
            self._held, self._size = [rest], len(rest)
            self._let_out(whole + end)

    def finish(self) -> None:
        """Let out what is held back."""
        rest, self._held, self._size = b"".join(self._held), [], 0
        self._let_out(rest)

    def _let_out(self, data: bytes) -> None:
        self._out.write(self._redactor.clean(data) if self._redactor else data)


def secrets(report: Report) -> Iterator[Secret]:
    """Every secret that a report knows, the suppressed ones too."""
    yield from (each.secret for finding in report.findings for each in finding.singly())
    yield from (suppressed.finding.secret for suppressed in report.suppressed)


def colored(choice: str, out: BinaryIO, environ: Mapping[str, str]) -> bool:
    """Whether `--color` auto, always or never means colour on `out` (https://no-color.org)."""
    if choice != "auto":
        return choice == "always"
    return out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def check(outputs: Sequence[Output]) -> None:
    """Complain before the scan of what would fail after it: a format, the same place twice, a folder to write to."""
    for output in outputs:
        writer(output.format)
    paths = [output.path for output in outputs]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageError(f"two reports would be written to {_named(path)}", "give each its own file: -o, --report")
        if path == STDOUT or _is_special(path):
            continue
        if os.path.isdir(path) or not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK | os.X_OK):
            raise OutputError(f"cannot write the report to {path}", "its folder must exist and be writable")


def write_report(report: Report, outputs: Iterable[Output], stdout: BinaryIO, options: Options) -> None:
    """Write `report` in every form that is asked for, what belongs together as one finding. Colour goes to stdout
    alone, and there only if `options` say so.

    Raises UsageError for an unknown format, before anything is written, and OutputError where writing fails. A reader
    of stdout that left early (`| head`) is no error.
    """
    redactor = None if options.show_secrets else Redactor(secrets(report))
    if len(report.findings) > 1:
        from scanner.pairs import paired  # here: of most commits nothing is reported

        report = paired(report)
    for write, path in [(writer(output.format), output.path) for output in outputs]:
        with _opened(path, stdout) as raw:
            out = OutStream(raw, redactor)
            write(report, out, options if path == STDOUT else options._replace(color=False))
            out.finish()


@contextmanager
def _opened(path: str, stdout: BinaryIO) -> Iterator[BinaryIO]:
    try:
        with _standard(stdout) if path == STDOUT else _file(path) as out:
            yield out
    except OSError as error:
        raise OutputError(f"cannot write the report to {_named(path)}: {error.strerror}", _hint(error)) from None


def _named(path: str) -> str:
    return "the standard output" if path == STDOUT else path


def _hint(error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "the folder must exist"
    if isinstance(error, PermissionError):
        return "the folder must be writable: the report is written beside the file first, then renamed"
    return "nothing of it was kept; make room or name another place"


@contextmanager
def _standard(stdout: BinaryIO) -> Iterator[BinaryIO]:
    try:
        yield stdout
        stdout.flush()
    except OSError as error:
        _abandon(stdout)
        if not isinstance(error, BrokenPipeError):
            raise


def _abandon(stdout: BinaryIO) -> None:
    """What is still buffered goes nowhere: the interpreter would try again at its end, and turn the status into 120."""
    with suppress(OSError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stdout.fileno())


@contextmanager
def _file(path: str) -> Iterator[BinaryIO]:
    """A file that appears at `path`, whole and with mode 0600, when the block ends well; else nothing does."""
    if _is_special(path):
        with open(path, "ab") as out:
            yield out
        return
    # Not through a symlink: what is scanned may have planted it, to have a file elsewhere overwritten.
    folder, name = os.path.split(os.path.abspath(path))
    target = os.path.join(os.path.realpath(folder), name)
    beside = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.tmp")
    try:
        with open(beside, "xb", opener=_private) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def _is_special(path: str) -> bool:
    """/dev/stdout, /dev/null, a fifo: to be written to as it is, never to be replaced."""
    if path.startswith(("/dev/", "/proc/")):
        return True
    with suppress(OSError):
        mode = os.stat(path).st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
