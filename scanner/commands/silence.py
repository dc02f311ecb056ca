"""A terminal that does not show what is typed. Python's getpass reads one line, and not as bytes; here what is typed is
read as anything else is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from scanner.errors import UsageError

_ECHO = 0x0004  # ENABLE_ECHO_INPUT (https://learn.microsoft.com/windows/console/setconsolemode)


class Console(Protocol):
    """A console of Windows."""

    def mode(self) -> int:
        """Its input mode. OSError where it has none."""

    def set(self, mode: int) -> None:
        """Sets the input mode. OSError where that fails."""


@contextmanager
def silent(terminal: int) -> Iterator[None]:
    """In this block the terminal that is open as `terminal` shows nothing of what is typed. UsageError where it cannot
    be kept from that."""
    try:
        import termios
    except ImportError:  # Windows
        with quiet(_Input(terminal)):
            yield
        return
    before = termios.tcgetattr(terminal)
    after = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(terminal, termios.TCSAFLUSH, after)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


@contextmanager
def quiet(console: Console) -> Iterator[None]:
    """The same for a console of Windows."""
    try:
        before = console.mode()
        console.set(before & ~_ECHO)
    except OSError:
        hint = "give them from a file, or through a pipe"
        raise UsageError("this terminal cannot be kept from showing what is typed", hint) from None
    try:
        yield
    finally:
        console.set(before)


class _Input:
    """The console behind a descriptor, through kernel32 (GetConsoleMode, SetConsoleMode)."""

    def __init__(self, descriptor: int) -> None:
        import ctypes
        import importlib

        handle: Callable[[int], int] = importlib.import_module("msvcrt").get_osfhandle
        self._system: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - unknown to a type check elsewhere
        self._handle = ctypes.c_void_p(handle(descriptor))

    def mode(self) -> int:
        import ctypes

        mode = ctypes.c_uint32()
        if not self._system.GetConsoleMode(self._handle, ctypes.byref(mode)):
            raise OSError
        return mode.value

    def set(self, mode: int) -> None:
        if not self._system.SetConsoleMode(self._handle, mode):
            raise OSError
