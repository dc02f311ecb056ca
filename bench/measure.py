"""Runs commands side by side and takes their times; and their memory, in runs of their own.

Times are wall-clock and CPU seconds of a process with all its children. Commands that are compared run in turn
(A B C, A B C, …), so that whatever else the machine does falls on all of them; a ratio is the median of the ratios of
each turn. Memory is private anonymous memory (Pss_Anon of /proc/PID/smaps_rollup) summed over a process and all its
descendants: resident size would count mapped packs, which the kernel can drop at will.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple


class Command(NamedTuple):
    """What to run, where and in which environment. Without `stdout` its output is thrown away."""

    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]
    stdin: Path | None = None
    stdout: Path | None = None
    fine: tuple[int, ...] = (0,)  # exit statuses that mean that it did its work
    alarm: bytes = b""  # what it says on stderr when it did not, whatever its status
    limit: float = float("inf")  # seconds, after which it is ended


class Sample(NamedTuple):
    """One run: wall-clock seconds, CPU seconds, and what went wrong, if anything."""

    wall: float
    cpu: float
    fault: str = ""


class Peak(NamedTuple):
    """The most memory that was seen, in bytes, and how often it was looked at."""

    anonymous: int
    looks: int


def start(command: Command, stack: ExitStack, stderr: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Starts `command` in a session of its own; `stack` closes its files."""

    def opened(path: Path | None, mode: str) -> IO[bytes] | int:
        file: IO[bytes] | int = subprocess.DEVNULL if path is None else stack.enter_context(path.open(mode))
        return file

    return subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env=dict(command.environ),
        stdin=opened(command.stdin, "rb"),
        stdout=opened(command.stdout, "wb"),
        stderr=stderr,
        start_new_session=True,
    )


def once(command: Command) -> Sample:
    """Runs `command` once, to its end."""
    with ExitStack() as stack:
        stderr = stack.enter_context(tempfile.TemporaryFile())
        began = time.perf_counter()
        process = start(command, stack, stderr)
        late = stack.enter_context(_ended(process, command.limit))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        stderr.seek(0)
        said = f"took more than {command.limit:g} s" if late.is_set() else ""
        said = said or fault(command, process.returncode, stderr.read())
        return Sample(wall, usage.ru_utime + usage.ru_stime, said)


@contextmanager
def _ended(process: subprocess.Popen[bytes], limit: float) -> Iterator[threading.Event]:
    """Ends a process and all of its session after `limit` seconds, and when we are ended ourselves; the event says
    whether it was the former."""
    late = threading.Event()

    def expire() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(min(limit, threading.TIMEOUT_MAX), expire)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def fault(command: Command, status: int, said: bytes) -> str:
    """What shows that `command` did not do its work; empty where it did."""
    if status not in command.fine:
        return f"status {status}"
    return f"said «{command.alarm.decode()}»" if command.alarm and command.alarm in said else ""


def interleave(
    commands: Sequence[Command],
    runs: int,
    patience: float,
    run: Callable[[Command], Sample] = once,
) -> list[list[Sample]]:
    """`runs` samples of each command, taken in turn, after one turn that does not count (it fills caches).

    A command that would take more than `patience` seconds for all its runs gets fewer (one at least); one that
    failed gets none but its failed warm-up.
    """
    warm = [run(command) for command in commands]
    wanted = [0 if sample.fault else affordable(sample.wall, runs, patience) for sample in warm]
    samples: list[list[Sample]] = [[sample] if sample.fault else [] for sample in warm]
    for turn in range(runs):
        for at, command in enumerate(commands):
            if turn < wanted[at]:
                samples[at].append(run(command))
    return samples


def affordable(wall: float, runs: int, patience: float) -> int:
    """How many runs of `wall` seconds fit into `patience` seconds: one at least, `runs` at most."""
    return max(1, min(runs, int(patience / wall) if wall > 0 else runs))


def median(samples: Sequence[Sample]) -> Sample:
    """The median of the times."""
    wall = statistics.median(sample.wall for sample in samples)
    return Sample(wall, statistics.median(sample.cpu for sample in samples))


def ratio(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """How many times the wall-clock time of `theirs` `ours` takes: the median over the turns that both ran in."""
    return statistics.median(mine.wall / other.wall for mine, other in zip(ours, theirs, strict=False))


class Others:
    """Measures which share of the machine other programs took since it was made."""

    def __init__(self, proc: Path = Path("/proc"), clock: Callable[[], float] = time.perf_counter) -> None:
        self._proc, self._clock = proc, clock
        self._cores = os.cpu_count() or 1
        self._start = self._now()

    def share(self) -> float:
        """0: we had the machine for ourselves; 1: all its cores were busy with something else."""
        clock, idle, own = (now - then for now, then in zip(self._now(), self._start, strict=True))
        all_cores = clock * self._cores
        return max(0.0, (all_cores - idle - own) / all_cores)

    def _now(self) -> tuple[float, float, float]:
        """Seconds: by the clock, that all cores together were idle, and that we and our children computed."""
        fields = (self._proc / "stat").read_bytes().split()
        return self._clock(), (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])


def peak(command: Command, pause: float = 0.04, proc: Path = Path("/proc")) -> Peak:
    """Runs `command` once and looks at the memory of its whole process tree every `pause` seconds."""
    most, looks = 0, 0
    with ExitStack() as stack:
        process = start(command, stack)
        stack.enter_context(_ended(process, command.limit))
        while process.poll() is None:
            most = max(most, sum(anonymous(proc, pid) for pid in family(proc, process.pid)))
            looks += 1
            time.sleep(pause)
    return Peak(most, looks)


def anonymous(proc: Path, pid: int) -> int:
    """Pss_Anon of one process in bytes; 0 if it is gone."""
    try:
        lines = (proc / str(pid) / "smaps_rollup").read_bytes().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss_Anon:"))


def family(proc: Path, root: int) -> set[int]:
    """`root`, its descendants, and all of its session (a child whose parent has gone is still there)."""
    stats = [stat for folder in proc.iterdir() if folder.name.isdigit() and (stat := _stat(folder))]
    found = {root} | {pid for pid, _, session in stats if session == root}
    while grown := {pid for pid, parent, _ in stats if parent in found} - found:
        found |= grown
    return found


def _stat(folder: Path) -> tuple[int, int, int] | None:
    try:
        text = (folder / "stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 1 :].split()  # the name before may hold blanks and brackets
    return int(folder.name), int(fields[1]), int(fields[3])
