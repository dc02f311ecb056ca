from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench import measure
from bench.measure import Command, Sample

HERE = {"PATH": os.environ["PATH"]}


def python(code: str, folder: Path) -> Command:
    return Command((sys.executable, "-c", code), folder, HERE)


def test_a_run_has_its_times(tmp_path: Path) -> None:
    sample = measure.once(python("sum(range(10**6))", tmp_path))
    assert sample.fault == "" and sample.wall > 0 and sample.cpu > 0


def test_cpu_counts_children(tmp_path: Path) -> None:
    busy = "while __import__('time').process_time() < 0.5: 0"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"
    assert measure.once(python(child, tmp_path)).cpu > 0.5


def test_a_status_that_is_not_fine_is_a_fault(tmp_path: Path) -> None:
    assert measure.once(python("raise SystemExit(3)", tmp_path)).fault == "status 3"
    assert measure.once(python("raise SystemExit(3)", tmp_path)._replace(fine=(0, 3))).fault == ""


def test_an_alarm_on_stderr_is_a_fault_whatever_the_status(tmp_path: Path) -> None:
    command = python("import sys; print('all is lost', file=sys.stderr)", tmp_path)
    assert measure.once(command).fault == ""
    assert "lost" in measure.once(command._replace(alarm=b"lost")).fault


def test_input_and_output_are_files(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"text")
    code = "import sys; sys.stdout.write(sys.stdin.read().upper())"
    measure.once(python(code, tmp_path)._replace(stdin=tmp_path / "in", stdout=tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"TEXT"


class Script:
    """Stands for `once`: notes who ran, and gives each command its time."""

    def __init__(self, walls: dict[str, float], broken: str = "") -> None:
        self.walls, self.broken, self.ran = walls, broken, ""

    def __call__(self, command: Command) -> Sample:
        name = command.argv[0]
        self.ran += name
        return Sample(self.walls[name], 0.0, "status 1" if name == self.broken else "")


def named(*names: str) -> list[Command]:
    return [Command((name,), Path(), {}) for name in names]


def test_commands_run_in_turn_after_a_warm_up() -> None:
    script = Script({"a": 1, "b": 2})
    samples = measure.interleave(named("a", "b"), runs=3, patience=100, run=script)
    assert script.ran == "ab" + "ababab"
    assert [len(taken) for taken in samples] == [3, 3]


def test_a_slow_command_gets_fewer_runs_but_one_at_least() -> None:
    script = Script({"a": 1, "b": 20, "c": 500})
    samples = measure.interleave(named("a", "b", "c"), runs=5, patience=50, run=script)
    assert [len(taken) for taken in samples] == [5, 2, 1]


def test_a_failing_command_is_not_run_again() -> None:
    script = Script({"a": 1, "b": 2}, broken="b")
    samples = measure.interleave(named("a", "b"), runs=2, patience=50, run=script)
    assert script.ran == "ab" + "aa"
    assert samples[1] == [Sample(2, 0.0, "status 1")]


def test_the_median_is_taken_of_each_time_by_itself() -> None:
    assert measure.median([Sample(3, 1), Sample(1, 9), Sample(2, 2)]) == Sample(2, 2)


def test_the_ratio_is_the_median_over_turns() -> None:
    # in the second turn the machine was busy: both took long, and their ratio is as ever
    ours = [Sample(2, 0), Sample(20, 0), Sample(3, 0)]
    theirs = [Sample(1, 0), Sample(10, 0), Sample(1, 0)]
    assert measure.ratio(ours, theirs) == 2


def test_the_ratio_takes_the_turns_that_both_ran_in() -> None:
    assert measure.ratio([Sample(4, 0)], [Sample(2, 0), Sample(1, 0)]) == 2


def test_memory_is_summed_over_the_whole_family(tmp_path: Path) -> None:
    hold = "held = bytearray(40_000_000); import time; time.sleep(1.5)"
    child = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}; p.wait()"
    taken = measure.peak(python(child, tmp_path))
    assert taken.looks > 1
    assert 80e6 < taken.anonymous < 130e6


def test_a_mapped_file_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 60_000_000)
    code = (
        "import mmap, time; m = mmap.mmap(open('big').fileno(), 0, prot=mmap.PROT_READ); m.find(b'y'); time.sleep(0.5)"
    )
    assert measure.peak(python(code, tmp_path)).anonymous < 40e6


def stat(proc: Path, pid: int, parent: int, session: int, name: str = "name") -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} {session} {session} 0 -1\n")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    stat(tmp_path, 10, 1, 10)
    stat(tmp_path, 11, 10, 10, "a) S 1 (b")  # a name may look like anything
    stat(tmp_path, 12, 11, 12)  # a grandchild in a session of its own
    stat(tmp_path, 13, 1, 10)  # of the session, but its parent has gone
    stat(tmp_path, 20, 1, 20)
    (tmp_path / "meminfo").write_text("")
    (tmp_path / "99").mkdir()  # went away while we looked
    return tmp_path


def test_a_family_is_descendants_and_session(proc: Path) -> None:
    assert measure.family(proc, 10) == {10, 11, 12, 13}


def test_anonymous_memory_is_one_line_of_the_summary(proc: Path) -> None:
    (proc / "10/smaps_rollup").write_text("Rss: 900 kB\nPss: 800 kB\nPss_Anon:  70 kB\nPss_File: 700 kB\n")
    assert measure.anonymous(proc, 10) == 70 * 1024
    assert measure.anonymous(proc, 99) == 0


def test_others_are_what_is_neither_idle_nor_ours(tmp_path: Path) -> None:
    cores, ticks = os.cpu_count() or 1, os.sysconf("SC_CLK_TCK")

    def idle(seconds: float) -> None:
        (tmp_path / "stat").write_text(f"cpu  1 2 3 {int(seconds * ticks)} 0 0 0 0 0 0\n")

    idle(100)
    seconds = iter([0.0, 1000.0])
    others = measure.Others(tmp_path, lambda: next(seconds))
    idle(100 + 750 * cores)  # of 1000 seconds all cores were idle for 750; what we do here takes no second of the rest
    assert others.share() == pytest.approx(0.25, abs=0.01)


def test_what_our_children_compute_is_not_others(tmp_path: Path) -> None:
    cores, ticks = os.cpu_count() or 1, os.sysconf("SC_CLK_TCK")
    (tmp_path / "stat").write_text("cpu  1 2 3 0 0 0 0 0 0 0\n")
    seconds = iter([0.0, 1.0])
    others = measure.Others(tmp_path, lambda: next(seconds))
    child = measure.once(python("while __import__('time').process_time() < 0.4: 0", tmp_path))
    (tmp_path / "stat").write_text(f"cpu  1 2 3 {int((cores - child.cpu) * ticks)} 0 0 0 0 0 0\n")
    assert others.share() < 0.05
