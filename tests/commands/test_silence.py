"""Terminals that do not show what is typed: those of Windows (tests.commands.test_explain_input has the others)."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace

import pytest

from scanner.commands.silence import quiet, silent
from scanner.errors import UsageError

ECHO, LINE = 4, 2  # https://learn.microsoft.com/windows/console/setconsolemode


class Kernel:
    """What kernel32 has for one console; None: it is none."""

    def __init__(self, mode: int | None) -> None:
        self.now = mode
        self.set: list[int] = []

    def GetConsoleMode(self, handle: ctypes.c_void_p, mode: object) -> int:
        assert handle.value == 1234
        if self.now is None:
            return 0
        ctypes.cast(mode, ctypes.POINTER(ctypes.c_uint32))[0] = self.now  # type: ignore[arg-type]
        return 1

    def SetConsoleMode(self, handle: ctypes.c_void_p, mode: int) -> int:
        self.now = mode
        self.set.append(mode)
        return int(mode != 0)


def on_windows(monkeypatch: pytest.MonkeyPatch, kernel: Kernel) -> None:
    monkeypatch.setitem(sys.modules, "termios", None)
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(get_osfhandle=lambda descriptor: 1234))
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)


def test_the_echo_is_off_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(ECHO | LINE)
    on_windows(monkeypatch, kernel)
    with silent(0):
        assert kernel.now == LINE
    assert kernel.now == ECHO | LINE
    with pytest.raises(KeyError), silent(0):
        raise KeyError
    assert kernel.set == [LINE, ECHO | LINE] * 2


@pytest.mark.parametrize("mode", [None, ECHO])
def test_where_it_cannot_be_nothing_is_typed(monkeypatch: pytest.MonkeyPatch, mode: int | None) -> None:
    on_windows(monkeypatch, Kernel(mode))
    with pytest.raises(UsageError) as caught, silent(0):
        pytest.fail("it went on")
    assert "pipe" in caught.value.hint


def test_any_console_will_do() -> None:
    class Console:
        seen = ECHO

        def mode(self) -> int:
            return self.seen

        def set(self, mode: int) -> None:
            self.seen = mode

    console = Console()
    with quiet(console):
        assert console.seen == 0
    assert console.seen == ECHO
