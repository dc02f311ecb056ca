"""Whether the process that holds a lease still lives. A number alone does not tell: it is used again.

Facts: proc(5) (/proc/PID/stat, field 22 is the start time in ticks since boot; /proc/sys/kernel/random/boot_id),
pid_namespaces(7). Where there is no /proc, the number and the lease's end have to do.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import NamedTuple

# Longer than everything that is done under one lease between two steps; each step renews it. Seconds.
LEASE = 600.0


class Process(NamedTuple):
    """One process of this machine, so that no other one, of any time, is mistaken for it. "" is «not known»."""

    pid: int
    boot: str  # the boot id
    space: str  # the pid namespace: containers share a boot id and not their numbers
    start: str  # in ticks since boot


class Machine(NamedTuple):
    """What a lease needs to know of the outside."""

    me: Process
    alive: Callable[[Process], bool | None]  # None: it cannot be told from here
    uptime: Callable[[], float]  # seconds; does not jump when the clock is set


def this_machine(proc: str = "/proc") -> Machine:
    """This process, on this machine. `proc` is where its process file system is mounted."""
    me = process(os.getpid(), proc)
    return Machine(me, lambda other: alive(other, me, proc), time.monotonic)


def process(pid: int, proc: str = "/proc") -> Process:
    """What is known of the living process `pid`, as this one sees it."""
    boot = _read(f"{proc}/sys/kernel/random/boot_id").strip()
    try:
        space = os.readlink(f"{proc}/self/ns/pid")
    except OSError:
        space = ""
    return Process(pid, boot, space, _start(_read(f"{proc}/{pid}/stat")))


def alive(other: Process, me: Process, proc: str = "/proc") -> bool | None:
    """Whether `other` lives. None where this process (`me`) cannot see it, or cannot tell it from a later one."""
    if other.boot != me.boot:
        return False  # before a restart
    if other.space != me.space:
        return None
    stat = _read(f"{proc}/{other.pid}/stat")
    if stat:
        return _state(stat) not in "ZX" and _start(stat) == other.start
    return None if _answers(other.pid) else False


def holds(other: Process, until: float, machine: Machine) -> bool:
    """Whether a lease of `other` that runs out at `until` (by `machine.uptime`) still counts. A process that is seen to
    live holds its lease however late it is; one that is seen to be dead holds none."""
    seen = machine.alive(other)
    # An end that is further away than any lease lasts is one of before a restart that left no trace.
    return 0 <= until - machine.uptime() <= LEASE if seen is None else seen


def _answers(pid: int, windows: bool = os.name == "nt") -> bool:
    """Whether there is a process of that number. On Windows it cannot be asked: 0 would be Ctrl-C (os.kill)."""
    if windows:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _fields(stat: str) -> list[str]:
    """What follows the name, which stands in parentheses and may hold anything."""
    return stat.rpartition(")")[2].split()


def _state(stat: str) -> str:
    return _fields(stat)[0]


def _start(stat: str) -> str:
    return _fields(stat)[19] if stat else ""


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
