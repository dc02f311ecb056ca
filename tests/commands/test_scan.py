"""`xoxscan scan` and the options that all scanning commands share."""

from __future__ import annotations

import io
import itertools
import json
import os
import tempfile
from pathlib import Path

import pytest

from scanner.cli import main
from scanner.commands.scanning import Setup
from scanner.model import Streams
from tests.conftest import CLOCK, Repo, Result, Run, token


def found(result: Result) -> list[tuple[str, str | None, int | None]]:
    """Rule, path and line of each place in a JSON report."""
    report = json.loads(result.out)
    return [
        (finding["rule"], place["path"], place["line"])
        for finding in report["findings"]
        for place in finding["locations"]
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plain folder, the current one."""
    made = tmp_path / "plain"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def test_a_leak_in_a_folder_is_status_1(run: Run, folder: Path) -> None:
    (folder / "a.env").write_bytes(b"# one\nSLACK=" + token() + b"\n")
    result = run("scan", "-f", "json")
    assert result.status == 1
    assert found(result) == [("slack-bot-token", "a.env", 2)]


def test_a_clean_folder_is_status_0_and_says_what_was_looked_at(run: Run, folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"nothing here")
    result = run("scan")
    assert result.status == 0
    assert b"1 file" in result.out


def test_an_empty_folder_is_not_clean(run: Run, folder: Path) -> None:
    result = run("scan")
    assert (result.status, result.out) == (3, b"")
    assert b"nothing to scan" in result.err
    assert run("scan", "--allow-empty").status == 0


def test_empty_stdin_is_not_clean(run: Run, folder: Path) -> None:
    assert run("scan", "-").status == 3
    assert run("scan", "-", "--allow-empty").status == 0
    assert run("scan", "-", stdin=b"text").status == 0


def test_stdin_has_lines_and_no_path(run: Run, folder: Path) -> None:
    result = run("scan", "-", "-f", "json", stdin=b"\r\n\r\n x " + token() + b"\r\n")
    assert found(result) == [("slack-bot-token", None, 3)]
    assert json.loads(result.out)["findings"][0]["locations"][0]["column"] == 4


def test_an_absent_path_is_a_problem(run: Run, folder: Path) -> None:
    result = run("scan", "nowhere")
    assert result.status == 3
    assert b"nowhere" in result.out


def test_ignored_files_are_left_out_unless_asked_for(run: Run, repo: Repo) -> None:
    repo.write(".gitignore", b"*.env\n")
    repo.write("a.env", token())
    repo.write("b.txt", b"text")
    assert run("scan").status == 0
    assert run("scan", "--no-ignore").status == 1


def test_where_git_keeps_a_repository_the_way_to_read_it_is_said(
    run: Run, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit({"a.env": token()})
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    said = b"is where git keeps a repository, compressed: xoxscan history "
    for path in (".git", str(tmp_path / "bare.git")):
        result = run("scan", path)
        assert result.status == 0
        assert f"{path} ".encode() + said + f"{path} reads".encode() in result.out
        assert run("history", path).status == 1
    monkeypatch.chdir(tmp_path / "bare.git")
    assert said + b". reads" in run("scan").out
    monkeypatch.chdir(repo.path)
    assert said not in run("scan").out


def test_file_names_are_looked_at(run: Run, repo: Repo) -> None:
    repo.write(b"backup-" + token() + b".txt", b"text")
    result = run("scan", "-f", "json")
    report = json.loads(result.out)
    assert [p["source"] for f in report["findings"] for p in f["locations"]] == ["path-name"]
    assert token()[-12:] not in result.out


def test_a_symlink_shows_its_target(run: Run, repo: Repo) -> None:
    os.symlink(token(), repo.path / "link")
    result = run("scan", "-f", "json")
    assert [p["source"] for f in json.loads(result.out)["findings"] for p in f["locations"]] == ["symlink"]


def test_one_finding_a_secret_with_all_its_places(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(token() + b"\n" + token())
    (folder / "b").write_bytes(token())
    result = run("scan", "-f", "json")
    report = json.loads(result.out)
    assert len(report["findings"]) == 1
    assert report["findings"][0]["counts"]["occurrences"] == 3
    assert [p for _, p, _ in found(result)] == ["a", "a", "b"]


def test_paths_are_judged_from_the_top_of_the_work_tree(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    allow = b"paths:\n- {pattern: /sub/fixtures/, reason: fakes, owner: ada}\n"
    repo.commit({".xoxscan.yaml": allow, "sub/fixtures/a": token()})
    monkeypatch.chdir(repo.path / "sub")
    assert run("scan").status == 0
    assert run("-C", repo.path, "scan").status == 0


def test_the_configuration_counts_as_it_stands_at_head(run: Run, repo: Repo) -> None:
    repo.commit({"a": token()})
    repo.write(".xoxscan.yaml", b"paths:\n- {pattern: a, reason: fakes, owner: ada}\n")
    assert run("scan").status == 1
    repo.commit({".xoxscan.yaml": (repo.path / ".xoxscan.yaml").read_bytes()})
    result = run("scan", "-f", "json")
    report = json.loads(result.out)
    assert (result.status, len(report["suppressed"])) == (0, 1)
    assert report["config_from"] == "HEAD:.xoxscan.yaml"


def test_a_config_inside_the_work_tree_is_read_at_head(run: Run, repo: Repo) -> None:
    repo.commit({"a": token(), "other.yaml": b""})
    repo.write("other.yaml", b"paths:\n- {pattern: a, reason: fakes, owner: ada}\n")
    assert run("scan", "--config", "other.yaml").status == 1
    repo.git("commit", "-qam", "allow")
    assert run("scan", "--config", "other.yaml").status == 0


def test_a_config_outside_is_the_operators(run: Run, repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": token()})
    config = tmp_path / "mine.yaml"
    config.write_bytes(b"paths:\n- {pattern: a, reason: fakes, owner: ada}\n")
    assert run("scan", "--config", config).status == 0
    assert run("scan", env={"XOXSCAN_CONFIG": str(config)}).status == 0


def test_the_users_own_configuration_counts(run: Run, repo: Repo, sealed: Path) -> None:
    repo.commit({"a": token()})
    mine = sealed / ".config" / "xoxscan" / "config.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"paths:\n- {pattern: a, reason: fakes, owner: ada}\n")
    assert run("scan").status == 0


def test_an_absent_config_is_status_2(run: Run, repo: Repo) -> None:
    assert run("scan", "--config", "/nowhere/at/all.yaml").status == 2


def test_a_wrong_config_is_status_2_with_its_line(run: Run, repo: Repo) -> None:
    repo.commit({".xoxscan.yaml": b"\npath:\n- a\n"})
    result = run("scan")
    assert result.status == 2
    assert b".xoxscan.yaml:2" in result.err and b"paths" in result.err


def test_expired_entries_no_longer_count_and_are_named(run: Run, repo: Repo) -> None:
    repo.commit(
        {".xoxscan.yaml": b"paths:\n- {pattern: a, reason: fakes, owner: ada, until: 2020-01-01}\n", "a": token()}
    )
    result = run("scan")
    assert result.status == 1
    assert b"expired" in result.out


def test_stale_entries_are_named_where_everything_was_looked_at(run: Run, repo: Repo, tmp_path: Path) -> None:
    entry = b"paths:\n- {pattern: gone, reason: fakes, owner: ada}\n"
    repo.commit({".xoxscan.yaml": entry, "a": b"text"})
    assert b"stale" in run("history").out
    assert b"stale" not in run("scan").out  # it may be about what only the history holds
    plain = Path(tempfile.mkdtemp(dir=tmp_path))
    (plain / ".xoxscan.yaml").write_bytes(entry)
    assert b"stale" in run("-C", plain, "scan").out
    assert b"stale" not in run("-C", plain, "scan", ".xoxscan.yaml").out


def test_rules_can_be_chosen(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(token() + b"\n" + token("user"))
    only = found(run("scan", "-f", "json", "--only", "slack-bot-token"))
    assert [rule for rule, _, _ in only] == ["slack-bot-token"]
    skip = found(run("scan", "-f", "json", "--skip", "slack-bot-token"))
    assert [rule for rule, _, _ in skip] == ["slack-user-token"]
    wrong = run("scan", "--only", "slack-bot-tokn")
    assert wrong.status == 2 and b"slack-bot-token" in wrong.err


def test_secrets_are_shown_only_when_asked_and_never_in_ci(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(token())
    assert token() not in run("scan", "-f", "json").out
    assert json.loads(run("scan", "-f", "json", "--show-secrets").out)["findings"][0]["secret"] == token().decode()
    refused = run("scan", "--show-secrets", env={"CI": "true"})
    assert refused.status == 2


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--fail-on", "none"], 0),
        (["--fail-on", "live"], 2),
        (["--respond", "revoke"], 2),
        (["-f", "html"], 2),
        (["-f", "nonsense"], 2),
        (["--jobs", "0"], 2),
        (["--no-such-option"], 2),
        (["--report", "json"], 2),
    ],
)
def test_statuses_of_options(run: Run, folder: Path, options: list[str], status: int) -> None:
    (folder / "a").write_bytes(token())
    assert run("scan", *options).status == status


def test_a_problem_is_status_3_but_findings_come_first(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(b"text")
    assert run("scan", "a", "absent").status == 3
    (folder / "a").write_bytes(token())
    assert run("scan", "a", "absent").status == 1
    assert run("scan", "a", "absent", "--fail-on", "none").status == 3


def test_secrets_are_refused_where_no_format_has_a_place_for_them(run: Run, folder: Path) -> None:
    (folder / "a.env").write_bytes(token())
    refused = run("scan", "--show-secrets", "-f", "sarif")
    assert refused.status == 2
    assert b"the format sarif has no place for tokens" in refused.err and b"json" in refused.err
    both = run("scan", "--show-secrets", "-f", "sarif", "--report", "json=out.json")
    assert both.status == 1
    assert token() in (folder / "out.json").read_bytes() and token() not in both.out


def test_what_is_skipped_counts_when_strict(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(b"text")
    os.mkfifo(folder / "pipe")
    assert run("scan").status == 0
    assert run("scan", "--strict").status == 3


def test_an_accepted_problem_is_a_note(run: Run, repo: Repo) -> None:
    accept = b"problems:\n- {what: gone, reason: looked at, owner: ada}\n"
    repo.commit({".xoxscan.yaml": accept, "a": b"text"})
    result = run("scan", "a", "gone")
    assert result.status == 0
    assert b"accepted" in result.out


def test_several_reports_of_one_run(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(token())
    result = run("scan", "a", "-o", "out.txt", "--report", "json=out.json", "--report", "sarif=out.sarif")
    assert (result.status, result.out) == (1, b"")
    assert json.loads((folder / "out.json").read_bytes())["exit"] == 1
    assert (folder / "out.sarif").stat().st_mode & 0o777 == 0o600


def test_explain_drops_says_which_check_and_why(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(b"xoxb-" + b"1" * 12 + b"-" + b"1" * 12 + b"-" + b"a" * 24)
    result = run("scan", "--explain-drops", "-f", "json")
    assert result.status == 0
    (dropped,) = json.loads(result.out)["dropped"]
    assert dropped["check"] and dropped["why"]


def test_a_token_over_a_window_border_is_found_once(run: Run, folder: Path) -> None:
    from scanner.windows import WINDOW

    with open(folder / "big", "wb") as file:
        file.write(b"x\n" * (WINDOW // 2 - 20) + token() + b"\n" + b"y\n" * (WINDOW // 2))
    assert found(run("scan", "-f", "json")) == [("slack-bot-token", "big", WINDOW // 2 - 19)]


def test_a_rule_that_is_too_slow_for_file_after_file_is_given_up(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Setup.detector, "__defaults__", (0.01,))
    rule = "rules:\n- id: slow\n  name: x\n  kind: acme\n  description: x\n  severity: high\n  anchors: [tok_]\n"
    rule += "  pattern: 'tok_(?:a|a)*(?:a|aa)*c'\n  examples: [x]\n  counter_examples: [x]\n  remediation: x\n"
    (tmp_path / "slow.yaml").write_text(rule)
    for number in range(8):
        (folder / f"{number}.txt").write_bytes(b"tok_" + b"a" * 60 + b"\n" + token(seed=number))
    result = run("scan", "-f", "json", "--rules", tmp_path / "slow.yaml")
    report = json.loads(result.out)
    assert (result.status, len(report["findings"])) == (1, 8)
    *first, last = report["problems"]
    assert [problem["what"] for problem in first] == ["0.txt", "1.txt", "2.txt"]
    assert last["what"] == "rule slow" and last["message"].endswith("not looked at with it: 5")


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


def test_progress_tells_how_much_there_is_in_all(folder: Path) -> None:
    """On a machine where every look at the clock takes a second."""
    for number in range(1200):
        (folder / str(number)).write_bytes(b"%1000d" % number)
    seconds = itertools.count(CLOCK)
    err = Terminal()
    streams = Streams(io.BytesIO(), io.BytesIO(), err, os.environ, lambda: next(seconds))
    assert main(["scan"], streams) == 0
    shown = err.getvalue()
    assert b"files: 512 files, 512.0 kB" in shown
    assert b"files: 1,024 of 1,200 files, 1.0 MB of 1.2 MB" in shown and b" left" in shown
    assert b"files: 1,200 of 1,200 files, 1.2 MB of 1.2 MB" in shown
    assert b"blobs" not in shown and shown.endswith(b"\r\x1b[K")
    assert streams.stdout.getvalue().startswith(b"nothing found in 1,200 files")  # type: ignore[attr-defined]


def test_a_baseline_folder_suppresses_the_secret(run: Run, repo: Repo, tmp_path: Path) -> None:
    from scanner.filters import baseline

    repo.commit({"a": token()})
    fingerprint = json.loads(run("scan", "-f", "json").out)["findings"][0]["fingerprint"]
    text = f'fingerprint: {fingerprint}\nrule: slack-bot-token\nreason: "known"\nowner: ada\n'.encode()
    name = baseline.filename(fingerprint)
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / name).write_bytes(text)
    assert run("scan", "--baseline", tmp_path / "known").status == 0
    assert run("scan", "--baseline", tmp_path / "absent").status == 2
    repo.commit({f".xoxscan-baseline/{name}": text})
    assert run("scan").status == 0


def test_absolute_paths_are_judged_from_the_top_too(run: Run, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    allow = b"paths:\n- {pattern: /sub/fixtures/, reason: fakes, owner: ada}\n"
    repo.commit({".xoxscan.yaml": allow, "sub/fixtures/a": token(), "other/b": b"text"})
    monkeypatch.chdir(repo.path / "other")
    assert run("scan", repo.path / "sub").status == 0
    assert run("scan", "../sub/fixtures/a").status == 0


def test_a_result_without_a_file_is_anchored_to_one_that_exists(run: Run, repo: Repo) -> None:
    repo.commit({"zz": b"text", "sub/a": b"text"}, token().decode())
    uris = [
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in json.loads(run("history", "-f", "sarif").out)["runs"][0]["results"]
        for place in result["locations"]
    ]
    assert uris == ["zz"]


def test_a_config_that_was_not_there_before_is_said(run: Run, repo: Repo) -> None:
    repo.commit({"a": token()})
    repo.write(".xoxscan.yaml", b"paths:\n- {pattern: a, reason: fakes, owner: ada}\n")
    assert b"commit it first" in run("scan").out
    named = run("scan", "--config", ".xoxscan.yaml")
    assert named.status == 2 and b"HEAD" in named.err


def test_rules_that_are_switched_off_are_named(run: Run, repo: Repo) -> None:
    off = b"skip_rules:\n- {rule: slack-bot-token, reason: noisy, owner: ada}\n"
    repo.commit({".xoxscan.yaml": off, "a": token()})
    result = run("scan")
    assert result.status == 0
    assert b"slack-bot-token is switched off" in result.out


def test_what_is_staged_switches_no_rule_off(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"text"})
    repo.write(".xoxscan.yaml", b"skip_rules:\n- {rule: slack-bot-token, reason: noisy, owner: ada}\n")
    repo.write("a", token())
    repo.git("add", "-A")
    assert run("staged").status == 1
    assert run("hook", "a").status == 1
    repo.git("commit", "-q", "-m", "x")
    repo.write("b", token())
    repo.git("add", "-A")
    assert run("staged").status == 0


@pytest.mark.parametrize(("answer", "status"), [(b"accept", 0), (b"refuse", 1)])
def test_whether_a_change_may_excuse_itself(run: Run, repo: Repo, answer: bytes, status: int) -> None:
    repo.commit({".xoxscan.yaml": b"head_suppressions: " + answer + b"\n"})
    repo.write("a", b"t = " + token() + b"  # xoxscan:ignore a fake\n")
    repo.git("add", "-A")
    staged = run("staged")
    repo.git("commit", "-q", "-m", "x")
    ranged = run("range", "HEAD~1..HEAD")
    assert (staged.status, ranged.status) == (status, status)
    assert (b"excused by this change: 1 (a fake)" in ranged.out) == (status == 0)
    repo.commit({"b": b"more"})
    assert run("range", "HEAD~1..HEAD").status == 0


def test_wrong_usage_comes_before_what_cannot_be_found(run: Run, repo: Repo) -> None:
    assert run("range", "--respond", "revoke", "nowhere..HEAD").status == 2
    assert run("range", "-f", "html", "nowhere..HEAD").status == 2


def test_jenkins_is_ci_too(run: Run, folder: Path) -> None:
    (folder / "a").write_bytes(token())
    assert run("scan", "--show-secrets", env={"JENKINS_URL": "http://ci"}).status == 2
