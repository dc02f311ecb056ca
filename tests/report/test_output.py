"""Reports arrive whole, masked and private, or not at all."""

from __future__ import annotations

import io
import json
import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import OutputError, UsageError
from scanner.model import Secret
from scanner.report import FORMATS, PLANNED, Options, output, writer
from scanner.report.output import Output, OutStream, check, colored, write_report
from scanner.report.redactor import Redactor
from tests.report.samples import FULL, PART, PUBLIC, TOKEN, finding, location, report

LEAKY = report([finding(location(b"conf/" + TOKEN + b".py"))], exit=1)


@pytest.fixture
def stdout() -> io.BytesIO:
    return io.BytesIO()


def test_several_reports_of_one_run(tmp_path: Path, stdout: io.BytesIO) -> None:
    outputs = [Output("text"), Output("json", str(tmp_path / "a.json")), Output("jsonl", str(tmp_path / "a.jsonl"))]
    check(outputs)
    write_report(FULL, outputs, stdout, Options(color=True))
    assert stdout.getvalue().startswith(b"\x1b[1mslack-bot-token")
    assert json.loads((tmp_path / "a.json").read_bytes())["exit"] == 1
    assert (tmp_path / "a.jsonl").read_bytes().count(b"\n") == 3
    assert sorted(os.listdir(tmp_path)) == ["a.json", "a.jsonl"]


def test_a_file_gets_no_colour(tmp_path: Path, stdout: io.BytesIO) -> None:
    write_report(FULL, [Output("text", str(tmp_path / "a"))], stdout, Options(color=True))
    assert b"\x1b" not in (tmp_path / "a").read_bytes()
    assert stdout.getvalue() == b""


@pytest.mark.parametrize("name", ["text", "json", "jsonl"])
def test_every_report_is_masked(name: str, stdout: io.BytesIO) -> None:
    write_report(LEAKY, [Output(name)], stdout, Options())
    assert PART.encode() not in stdout.getvalue()
    assert f"conf/{PUBLIC}****.py".encode() in stdout.getvalue()


def test_secrets_are_shown_on_demand(stdout: io.BytesIO) -> None:
    write_report(LEAKY, [Output("text")], stdout, Options(show_secrets=True))
    assert stdout.getvalue().count(TOKEN) == 2


def test_the_file_is_private_and_replaces_what_was_there(tmp_path: Path, stdout: io.BytesIO) -> None:
    path = tmp_path / "report.json"
    path.write_text("an old one")
    path.chmod(0o644)
    write_report(report(), [Output("json", str(path))], stdout, Options())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_bytes())["findings"] == []


def test_nothing_is_written_through_a_link(tmp_path: Path, stdout: io.BytesIO) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("precious")
    write_report(report(), [Output("text", str(tmp_path / "link"))], stdout, Options())
    assert (tmp_path / "precious").read_bytes() == b"mine"
    assert b"nothing found" in (tmp_path / "link").read_bytes()


def test_a_fifo_is_written_to_and_not_replaced(tmp_path: Path, stdout: io.BytesIO) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    check([Output("text", str(fifo))])
    write_report(report(), [Output("text", str(fifo))], stdout, Options())
    assert b"nothing found" in os.read(reader, 10_000)
    os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def _child(code: str, *arguments: str, out: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """A Python that writes a report to its real stdout."""
    script = (
        "import sys\n"
        "from scanner.report import Options\n"
        "from scanner.report.output import Output, write_report\n"
        "from tests.report.samples import *\n" + code
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=out, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip


MANY = "write_report(report([finding()] * 5000), [Output('json', sys.argv[1])], sys.stdout.buffer, Options())"


def test_a_full_disk_leaves_nothing_torn(tmp_path: Path) -> None:
    limit = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    )
    child = _child(limit + MANY, str(tmp_path / "a.json"))
    _, err = child.communicate()
    assert b"OutputError: cannot write the report to " in err
    assert os.listdir(tmp_path) == []


def test_a_full_stdout_is_an_error() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with open("/dev/full", "wb") as full:
        child = _child(MANY, "-", out=full.fileno())
        _, err = child.communicate()
    assert b"OutputError: cannot write the report to the standard output: No space left" in err
    assert child.returncode == 1 and b"Exception ignored" not in err


def test_a_reader_who_leaves_early_is_no_error() -> None:
    child = _child(MANY, "-")
    assert child.stdout and child.stderr
    assert child.stdout.read(1) == b"{"
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() == 0


def test_a_stream_that_breaks_and_is_no_file() -> None:
    class Leaving(io.BytesIO):
        def write(self, data: object, /) -> int:
            raise BrokenPipeError

    write_report(report(), [Output("text")], Leaving(), Options())


def test_dev_stdout_is_the_standard_output(tmp_path: Path) -> None:
    with open(tmp_path / "log", "wb") as log:
        log.write(b"before\n")
        log.flush()
        child = _child(
            "write_report(report(), [Output('text', '/dev/stdout')], sys.stdout.buffer, Options())", out=log.fileno()
        )
        assert child.communicate()[1] == b""
    assert (tmp_path / "log").read_bytes().startswith(b"before\nnote: ")


def test_writing_fails_in_the_middle(tmp_path: Path, stdout: io.BytesIO, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("the last good one")

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "writer", lambda name: broken)
    with pytest.raises(KeyboardInterrupt):
        write_report(report(), [Output("json", str(path))], stdout, Options())
    assert [(name, (tmp_path / name).read_text()) for name in os.listdir(tmp_path)] == [("a.json", "the last good one")]


@pytest.mark.parametrize(
    ("path", "message"), [("none/a.json", "No such file"), (".", "directory"), ("file/a.json", "Not a directory")]
)
def test_where_nothing_can_be_written(path: str, message: str, tmp_path: Path, stdout: io.BytesIO) -> None:
    (tmp_path / "file").touch()
    outputs = [Output("json", f"{tmp_path}/{path}")]
    with pytest.raises(OutputError, match=message) as caught:
        write_report(report(), outputs, stdout, Options())
    assert caught.value.hint and caught.value.status == 3
    with pytest.raises(OutputError, match="cannot write") as caught:
        check(outputs)
    assert caught.value.hint
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_must_not_be_written_to(tmp_path: Path, stdout: io.BytesIO) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        write_report(report(), [Output("json", str(tmp_path / "a"))], stdout, Options())


def test_two_reports_want_different_places() -> None:
    with pytest.raises(UsageError, match="two reports would be written to the standard output"):
        check([Output("text"), Output("json")])


@pytest.mark.parametrize("name", PLANNED)
def test_formats_that_are_not_built(name: str) -> None:
    with pytest.raises(UsageError, match=f"the format {name} is not built yet") as caught:
        check([Output(name)])
    assert caught.value.status == 2 and "sarif" in caught.value.hint


def test_a_format_that_is_none() -> None:
    with pytest.raises(UsageError, match="there is no format 'yaml'"):
        writer("yaml")
    with pytest.raises(UsageError, match="there is no format 'schema'"):
        writer("schema")
    assert all(writer(name) for name in FORMATS if name != "sarif")


@pytest.mark.no_cover
@given(st.integers(0, 2**32))
def test_chunks_do_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    words = [
        TOKEN,
        PART.encode(),
        b"\n",
        b"\n",
        b"a line without anything\n",
        b"\\u0041%41",
        b"x" * 50,
        TOKEN.replace(b"-", b"%2D"),
    ]
    data = b"".join(rng.choices(words, k=200))
    redactor, out = Redactor([Secret(TOKEN)]), io.BytesIO()
    stream = OutStream(out, redactor, chunk=rng.randrange(1, 300))
    at = 0
    while at < len(data):
        step = rng.randrange(1, 200)
        stream.write(data[at : at + step])
        at += step
    stream.finish()
    assert out.getvalue() == redactor.clean(data)
    assert PART[:12].encode() not in out.getvalue()


def test_large_output_leaves_before_the_end() -> None:
    out = io.BytesIO()
    stream = OutStream(out, Redactor(), chunk=1000)
    stream.write(b"a line\n" * 1000)
    stream.write(b"begun")
    assert out.getvalue() == b"a line\n" * 1000
    stream.finish()
    assert out.getvalue().endswith(b"\nbegun")


def test_a_secret_of_several_lines_is_never_cut() -> None:
    out = io.BytesIO()
    stream = OutStream(out, Redactor([Secret(b"first half of it\nsecond half of it")]), chunk=10)
    stream.write(b"see: first half of it\n")
    stream.write(b"second half of it.\n")
    stream.finish()
    assert out.getvalue() == b"see: ****.\n"


@pytest.mark.parametrize(
    ("choice", "environ", "expected"),
    [("always", {"NO_COLOR": "1"}, True), ("never", {}, False), ("auto", {}, False)],
)
def test_colour_where_there_is_no_terminal(choice: str, environ: dict[str, str], expected: bool) -> None:
    assert colored(choice, io.BytesIO(), environ) is expected


@pytest.mark.parametrize(
    ("environ", "expected"), [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_on_a_terminal(environ: dict[str, str], expected: bool) -> None:
    master, slave = os.openpty()
    with open(master, "rb"), open(slave, "wb") as terminal:
        assert colored("auto", terminal, environ) is expected
