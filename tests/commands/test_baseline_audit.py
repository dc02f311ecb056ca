from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from scanner.commands import baseline
from scanner.filters.baseline import Known
from scanner.filters.entries import Entry
from tests.commands.terminal import talk, talk_to_program
from tests.conftest import CLOCK, Repo, Run, token

FOLDER = Path(".xoxscan-baseline")
VERDICT = "[r/f/s/q] "
NO_END = ("no end): ", "\n")


def entries() -> list[Known]:
    return [known._replace(entry=known.entry._replace(what="", origin="")) for known in baseline.read(FOLDER).values()]


def false_alarm(reason: str, owner: str, until: str | None = None) -> Known:
    return Known(Entry("", reason, owner, until), "", "", "false-alarm")


def verdicts() -> list[tuple[str, str, str, str | None]]:
    return [(known.verdict, known.entry.reason, known.entry.owner, known.entry.until) for known in entries()]


def test_a_false_alarm_is_kept_and_allows_the_secret(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": b"# before\nx = '%b'  # here\n# after\n" % token()})
    script = [
        (VERDICT, "f\n"),
        ("reason: ", "made up\n"),
        ("owner: ", "ada\n"),
        ("until, as 2030-01-31 (empty: no end): ", "2027-01-01\n"),
    ]
    status, seen = talk(["baseline", "audit"], script)
    assert status == 0
    assert "1 to decide\nslack-bot-token  xo" in seen
    assert "\n  a.py:2:6\n" in seen
    assert "  as it stands here, in line 2 of a.py:\n    # before\n    x = 'xo" in seen
    assert "****'  # here\n    # after\n" in seen
    assert seen.endswith("\n0 left to decide\n")
    assert token().rpartition(b"-")[2].decode() not in seen
    assert verdicts() == [("false-alarm", "made up", "ada", "2027-01-01")]
    repo.git("add", ".")
    repo.commit()
    assert run("history").status == 0
    assert talk(["baseline", "audit"], [])[1].endswith("0 left to decide\n")


def test_what_is_real_stays_a_finding_and_is_not_asked_about_again(repo: Repo, run: Run) -> None:
    repo.commit({"a.py": token()})
    run("baseline", "write", "--reason", "known", "--owner", "eve")
    repo.git("add", ".")
    repo.commit()
    assert run("history").status == 0
    talk(["baseline", "audit"], [(VERDICT, "real\n"), ("reason [real]: ", "\n"), ("owner [eve]: ", "\n"), NO_END])
    assert verdicts() == [("real", "real", "eve", None)]
    repo.git("add", ".")
    repo.commit()
    assert run("history").status == 1
    assert talk(["baseline", "audit"], [])[1].endswith("0 left to decide\n")


def test_it_can_be_left_and_taken_up_again(repo: Repo) -> None:
    repo.commit({"a.py": token(), "b.py": token(seed=2), "c.py": token(seed=3)})
    answers = [(VERDICT, "r\n"), ("reason [real]: ", "\n"), ("owner: ", "ada\n"), NO_END]
    _, seen = talk(["baseline", "audit"], [*answers, ("2 to decide", ""), (VERDICT, "q\n")])
    assert seen.endswith("\n2 left to decide; the next audit goes on from here\n")
    _, seen = talk(
        ["baseline", "audit"], [("2 to decide", ""), (VERDICT, "s\n"), ("2 to decide", ""), (VERDICT, "\x04")]
    )
    assert seen.endswith("\n2 left to decide; the next audit goes on from here\n")
    assert "a.py" not in seen
    assert len(entries()) == 1
    answers = [(VERDICT, "f\n"), ("reason: ", "x\n"), ("owner: ", "ada\n"), NO_END]
    more = [(VERDICT, "r\n"), ("reason [real]: ", "\n"), ("owner [ada]: ", "\n"), NO_END]
    _, seen = talk(["baseline", "audit"], [*answers, *more])
    assert seen.endswith("\n0 left to decide\n")
    assert sorted(verdict for verdict, *_ in verdicts()) == ["false-alarm", "real", "real"]


def test_leaving_in_the_middle_of_an_answer_keeps_nothing_of_it(repo: Repo) -> None:
    repo.commit({"a.py": token()})
    status, _ = talk(["baseline", "audit"], [(VERDICT, "f\n"), ("reason: ", "made up\n"), ("owner: ", "\x04")])
    assert status == 0
    assert not FOLDER.exists()


def test_ctrl_c_ends_it_with_130_and_what_was_decided_is_kept(repo: Repo) -> None:
    repo.commit({"a.py": token(), "b.py": token(seed=2)})
    answers = [(VERDICT, "r\n"), ("reason [real]: ", "\n"), ("owner: ", "ada\n"), NO_END]
    status, seen = talk_to_program(["baseline", "audit"], [*answers, ("1 to decide", ""), (VERDICT, "\x03")])
    assert status == 130
    assert "1 left to decide; the next audit goes on from here\n" in seen
    assert verdicts() == [("real", "real", "ada", None)]
    assert all(not name.startswith(".") for name in os.listdir(FOLDER))


def test_wrong_answers_are_asked_again(repo: Repo) -> None:
    repo.commit({"a.py": token()})
    script = [
        (VERDICT, "maybe\n"),
        ("r, f, s or q\n", ""),
        (VERDICT, "F\n"),
        ("reason: ", "\n"),
        ("it must not be empty\n", ""),
        ("reason: ", token().decode() + "\n"),
        ("this looks like a credential", ""),
        ("reason: ", "a\x1b[A\n"),
        ("no control characters\n", ""),
        ("reason: ", "made up\n"),
        ("owner: ", "ada\n"),
        ("no end): ", "tomorrow\n"),
        ("not a date\n", ""),
        NO_END,
    ]
    talk(["baseline", "audit"], script)
    assert verdicts() == [("false-alarm", "made up", "ada", None)]


def test_a_verdict_that_expired_is_asked_about_again(repo: Repo) -> None:
    repo.commit({"a.py": token()})
    talk(["baseline", "audit"], [(VERDICT, "f\n"), ("reason: ", "x\n"), ("owner: ", "ada\n"), NO_END])
    (file,) = FOLDER.iterdir()
    file.write_bytes(file.read_bytes() + b"until: 2025-12-31\n")
    again = [(VERDICT, "r\n"), ("reason [real]: ", "\n"), ("owner [ada]: ", "\n"), ("no end): ", "2027-01-31\n")]
    talk(["baseline", "audit"], again)
    assert verdicts() == [("real", "real", "ada", "2027-01-31")]


def test_a_date_that_is_over_is_refused_and_today_is_not(repo: Repo) -> None:
    repo.commit({"a.py": token()})
    today = time.strftime("%Y-%m-%d", time.gmtime(CLOCK))
    yesterday = time.strftime("%Y-%m-%d", time.gmtime(CLOCK - 86400))
    ask = [(VERDICT, "f\n"), ("reason: ", "x\n"), ("owner: ", "ada\n"), ("no end): ", f"{yesterday}\n")]
    talk(["baseline", "audit"], [*ask, (f"that is over: today is {today}\n", ""), ("no end): ", f"{today}\n")])
    assert verdicts() == [("false-alarm", "x", "ada", today)]


def test_no_secret_and_no_control_character_reaches_the_terminal(repo: Repo) -> None:
    other, third = token("user"), token("bot", 5)
    line = b"\x1b]0;title\x07 x = '%b' + '%b' \x9b31m \xe2\x80\xae\n" % (token(), other)
    repo.commit({"a\x1b[2J.py": line, f"{third.decode()}.txt": token()}, message="\x1b[2J gone")
    _, seen = talk(["baseline", "audit"], [(VERDICT, "s\n"), (VERDICT, "s\n"), (VERDICT, "s\n")])
    for secret in (token(), other, third):
        assert secret.rpartition(b"-")[2].decode() not in seen
    assert seen.replace("\n", "").isprintable()
    assert "\\x1b" in seen


def test_what_no_file_holds_any_more_is_shown_by_its_redacted_form(repo: Repo) -> None:
    repo.commit({"a.py": b"x = '%b'\n" % token()})
    repo.commit({"a.py": b"x = ''\n"})
    _, seen = talk(["baseline", "audit"], [(VERDICT, "s\n")])
    assert "  introduced in " in seen
    assert " by Ada <ada@example.org>, 2026-01-02" in seen
    assert "  no file here holds it any more\n" in seen


def test_many_places_are_counted(repo: Repo) -> None:
    repo.commit({f"{n}.py": b"%d %b" % (n, token()) for n in range(7)})
    _, seen = talk(["baseline", "audit"], [(VERDICT, "s\n")])
    assert "  and 2 more places\n" in seen


def test_a_place_that_many_commits_hold_is_printed_once(repo: Repo) -> None:
    for number in range(7):
        repo.commit({"a.py": b"%b\n%d" % (token(), number)})
        repo.commit({"a.py": b"none"})
    _, seen = talk(["baseline", "audit"], [(VERDICT, "s\n")])
    assert seen.count("  a.py:1:1\n") == 1
    assert "more place" not in seen


def outside(repo: Repo, path: str) -> str:
    """What audit shows of a report whose finding stands in `path`."""
    document = json.loads((repo.path.parent / "report.json").read_bytes())
    document["findings"][0]["locations"][0]["path"] = path
    (repo.path.parent / "report.json").write_text(json.dumps(document))
    return talk(["baseline", "audit", "--report", str(repo.path.parent / "report.json")], [(VERDICT, "s\n")])[1]


def test_a_report_cannot_make_it_read_what_is_not_a_file_of_the_work_tree(repo: Repo, run: Run, tmp_path: Path) -> None:
    repo.commit({"a.py": b"x = '%b'\n" % token()})
    (tmp_path / "report.json").write_bytes(run("scan", "-f", "json").out)
    (tmp_path / "elsewhere.py").write_bytes(b"y = '%b'\n" % token())
    (repo.path / "link.py").symlink_to(tmp_path / "elsewhere.py")
    os.mkfifo(repo.path / "fifo")
    (repo.path / "folder").mkdir()
    assert "as it stands here" in outside(repo, "a.py")
    for path in ("../elsewhere.py", str(tmp_path / "elsewhere.py"), "link.py", "fifo", "folder", "", "no/such", "a\0b"):
        assert "no file here holds it any more" in outside(repo, path)


def test_in_a_folder_below_the_top_places_are_found_too(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({"a.py": b"x = '%b'\n" % token(), "sub/b.py": b"y = '%b'\n" % token(seed=2)})
    monkeypatch.chdir(repo.path / "sub")
    for source in ("history", "scan"):
        _, seen = talk(["baseline", "audit", source], [(VERDICT, "s\n"), (VERDICT, "s\n")])
        assert seen.count("as it stands here, in line 1 of ") == 2


def test_a_report_must_come_from_a_file(repo: Repo) -> None:
    status, seen = talk(["baseline", "audit", "--report", "-"], [])
    assert status == 2
    assert "--report FILE takes a report from a file" in seen


@pytest.mark.parametrize("kind", ["bot", "user"])
def test_rules_of_the_repository_count_for_the_context(repo: Repo, kind: str) -> None:
    rule = "- id: acme-key\n  name: x\n  kind: acme\n  description: x\n  severity: high\n  anchors: [acme_]\n"
    rule += "  pattern: acme_[0-9a-f]{24}\n  examples: [x]\n  counter_examples: [x]\n  remediation: x\n"
    config = f"rules:\n{rule}".encode()
    secret = "acme_" + ("0a1b2c3d4e5f" * 2 if kind == "bot" else "f5e4d3c2b1a0" * 2)
    repo.commit({".xoxscan.yaml": config, "k.py": b"k = '%b'\n" % secret.encode()})
    _, seen = talk(["baseline", "audit"], [(VERDICT, "s\n")])
    assert "acme-key" in seen
    assert "in line 1 of k.py:\n    k = '" in seen
    assert secret not in seen
