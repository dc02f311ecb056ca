"""The docs check can fail: each thing that it is for is shown to it, broken."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

import scanner
from docs import check
from scanner import fakes


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project in place of ours."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    monkeypatch.setattr(check, "ROOT", tmp_path)
    return tmp_path


def add(project: Path, name: str, text: str) -> None:
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text(text)
    subprocess.run(["git", "add", name], cwd=project, check=True)


@pytest.mark.parametrize("kind", sorted({*fakes.KINDS} - {"app-secret"}))
def test_a_token_of_any_kind_is_seen_in_a_file(project: Path, kind: str) -> None:
    for seed in range(20):
        add(project, "page.md", f"\n{fakes.fake(kind, random.Random(seed)).decode()}\n")
        assert list(check.files_hold_no_secret()) == ["page.md:2: token-shaped"]


def test_a_path_of_one_machine_is_seen(project: Path) -> None:
    add(project, "run", "cd /ho" + "me/ada/xoxscan\n")
    assert list(check.files_hold_no_secret()) == ["run:1: a path of one machine"]


def test_a_template_and_a_url_are_neither(project: Path) -> None:
    add(project, "page.md", "{{bot_token}} https://example.com/home/ada hooks.slack.com/services/T…/B…/****\n")
    assert not list(check.files_hold_no_secret())


def test_a_link_to_nothing_is_seen(project: Path) -> None:
    add(
        project, "a.md", "# One, two\n[b](b.md) [here](#one-two) [there](docs/c.md#gone) [web](https://example.com/x)\n"
    )
    add(project, "docs/c.md", "[up](../a.md#one-two)\n")
    assert list(check.links_resolve()) == ["a.md: no such file: b.md", "a.md: no such heading: docs/c.md#gone"]


def test_a_named_file_that_is_gone_is_seen(project: Path) -> None:
    add(project, "docs/a.md", "`docs/a.md`, `docs/`, `tests/test_gone.py`, `other/thing`\n")
    assert list(check.named_files_exist()) == ["docs/a.md: no such file: tests/test_gone.py"]


def test_a_named_test_that_is_gone_is_seen(project: Path) -> None:
    add(project, "tests/test_a.py", "def test_this_holds() -> None: ...\n\n\ndef test_more_than_this() -> None: ...\n")
    rows = ["this_holds", "more_than_this<br>`tests/test_a.py` this_held", "more", "test_this_holds"]
    add(project, "docs/a.md", "".join(f"| claim | `tests/test_a.py` {row} |\n" for row in rows))
    gone = ("this_held", "more", "test_this_holds")
    assert list(check.named_tests_exist()) == [
        f"docs/a.md: no such test in tests/test_a.py: test_{name}" for name in gone
    ]


BLOCK = "<!-- hooks: made by make docs -->\n{}<!-- end -->\n"


def test_a_block_is_made_anew_where_it_differs(project: Path) -> None:
    add(project, ".pre-commit-hooks.yaml", "[{id: one, stages: [manual], description: Does it.}]")
    check.made.cache_clear()
    add(project, "a.md", "before\n" + BLOCK.format("old\n") + "after\n")
    assert list(check.blocks_are_current()) == ["a.md: «hooks» is out of date; run `make docs`"]
    check.write()
    table = "| hook | stages | what it does |\n|---|---|---|\n| `one` | manual | Does it. |\n"
    assert (project / "a.md").read_text() == "before\n" + BLOCK.format(table) + "after\n"
    assert not list(check.blocks_are_current())
    check.made.cache_clear()


def test_times_ids_and_the_manner_of_argparse_do_not_count() -> None:
    assert check.masked("ab12cd34ef in 0.2 s at 2026-01-02T03:04:05Z") == check.masked(
        "ab12cd34ee in 12 ms at 2027-01-02T03:04:05Z"
    )
    assert check.masked("  -o FILE, --output FILE\n     write it") == check.masked("-o, --output FILE  write it")
    assert check.masked("4 findings") != check.masked("5 findings")


def test_a_status_without_a_row_is_seen(project: Path) -> None:
    add(project, "docs/exit-status.md", "| 0 | clean |\n| 1 | findings |\n")
    assert len(list(check.statuses_are_described())) == 1


def test_a_changelog_that_stayed_behind_is_seen(project: Path) -> None:
    add(project, "CHANGELOG.md", "## [Unreleased]\n\n## [0.0.1]\n")
    assert len(list(check.changelog_has_this_version())) == 1
    add(project, "CHANGELOG.md", f"## [Unreleased]\n\n## [{scanner.__version__}]\n")
    assert not list(check.changelog_has_this_version())


def test_a_command_without_its_help_is_seen(project: Path) -> None:
    add(project, "docs/usage.md", "")
    assert "docs/usage.md: no help of `history`" in list(check.commands_are_described())


def test_what_the_program_itself_would_find_is_seen(project: Path) -> None:
    add(project, "page.md", "{{bot_token}}\n")
    assert not list(check.program_finds_nothing())
    add(project, "page.md", fakes.render("{{bot_token}}\n", 1))
    (complaint,) = check.program_finds_nothing()
    assert "page.md:1:1" in complaint
