"""The hooks through the real pre-commit: installed into a repository, and by `try-repo`.

The hook environment is built once, from a clone of this project, with packages from the wheelhouse.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from scanner.fakes import render
from tests.acceptance import offline

BOT = render("{{bot_token}}", 7)
LEAK = f'TOKEN = "{BOT}"\n'
CLEAN = 'TOKEN = os.environ["TOKEN"]\n'


class Project(NamedTuple):
    """A user's repository with the hooks installed."""

    folder: Path
    env: Mapping[str, str]

    def git(self, *arguments: str, ok: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        return offline.run("git", *arguments, cwd=self.folder, env={**self.env, **env}, ok=ok)

    def pre_commit(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return offline.run(sys.executable, "-m", "pre_commit", *arguments, cwd=self.folder, env=self.env, ok=ok)

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def stage(self, files: Mapping[str, str]) -> None:
        self.write(files)
        self.git("add", "--", *files)

    def commit(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return self.git("commit", "--message=Change", *arguments, ok=ok)

    def plant(self, files: Mapping[str, str]) -> None:
        """Commits without asking the hooks."""
        self.stage(files)
        self.commit("--no-verify")

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").stdout.strip()


def config(repository: Path, revision: str) -> str:
    """The configuration that README shows, for hooks of `repository`."""
    (shown,) = re.findall(
        r"```yaml\n(default_install_hook_types.*?)```", (offline.ROOT / "README.md").read_text(), re.S
    )
    wanted = yaml.safe_load(shown)
    wanted["repos"][0] |= {"repo": str(repository), "rev": revision}
    return json.dumps(wanted)  # JSON is YAML


@pytest.fixture(scope="session")
def env(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return offline.environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, env: Mapping[str, str]) -> Path:
    """This project as a repository that hooks can be taken from."""
    folder = tmp_path_factory.mktemp("published")
    offline.copy_of_project(folder)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=As it stands"]):
        offline.run("git", *command, cwd=folder, env=env)
    return folder


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, env: Mapping[str, str], published: Path) -> Path:
    """A repository with one clean commit and all hooks; its hook environment is built."""
    project = Project(tmp_path_factory.mktemp("installed"), env)
    revision = Project(published, env).head()
    project.git("init", "--quiet", "--initial-branch=main")
    project.stage({".pre-commit-config.yaml": config(published, revision), "app.py": CLEAN})
    project.commit("--quiet")
    project.pre_commit("install", "--install-hooks")
    return project.folder


@pytest.fixture
def project(installed: Path, env: Mapping[str, str], tmp_path: Path) -> Project:
    """A fresh copy of that repository."""
    offline.run("cp", "-a", installed, tmp_path / "project", cwd=tmp_path, env=env)
    return Project(tmp_path / "project", env)


def stopped(done: subprocess.CompletedProcess[str], hook: str, rule: str = "slack-bot-token") -> bool:
    """Whether this hook, and none other, failed for a finding; a token never shows."""
    assert BOT not in done.stdout
    failed = [line.removeprefix("- hook id: ") for line in done.stdout.splitlines() if line.startswith("- hook id: ")]
    assert done.returncode != 0 and "- exit code: 1" in done.stdout and rule in done.stdout, done.stdout
    return failed == [hook]


def test_a_leak_stops_the_commit(project: Project) -> None:
    before = project.head()
    project.stage({"app.py": LEAK})
    assert stopped(project.commit(ok=False), "xoxscan")
    assert project.head() == before


def test_a_leak_stops_the_first_commit_of_a_repository(project: Project) -> None:
    project.git("checkout", "--quiet", "--orphan", "fresh")
    project.stage({"app.py": LEAK})
    assert stopped(project.commit(ok=False), "xoxscan")


@pytest.mark.parametrize("arguments", [["--all"], ["--", "app.py"]])
def test_a_leak_stops_a_commit_that_stages_by_itself(project: Project, arguments: list[str]) -> None:
    project.write({"app.py": LEAK})
    assert stopped(project.commit(*arguments, ok=False), "xoxscan")


def test_a_clean_commit_passes(project: Project) -> None:
    before = project.head()
    project.stage({"app.py": CLEAN + "# more\n", "new file.txt": "nothing\n"})
    project.commit()
    assert project.head() != before


def test_a_symlink_is_looked_at(project: Project) -> None:
    (project.folder / "link").symlink_to(BOT)
    project.git("add", "link")
    assert stopped(project.commit(ok=False), "xoxscan")


def test_taking_a_token_out_is_not_stopped(project: Project) -> None:
    project.plant({"app.py": LEAK})
    project.stage({"app.py": CLEAN})
    project.commit()


def test_taking_a_token_out_with_the_diff_in_the_editor_is_not_stopped(project: Project) -> None:
    project.plant({"app.py": LEAK})
    project.stage({"app.py": CLEAN})
    editor = 'sh -c \'sed -i "1i Take the token out" "$1"; grep -q "^-TOKEN" "$1"\' editor'
    project.git("commit", "--verbose", GIT_EDITOR=editor)
    assert project.git("log", "-1", "--format=%s").stdout == "Take the token out\n"


def test_all_files_are_scanned_when_asked(project: Project) -> None:
    project.plant({"old.py": LEAK})
    assert stopped(project.pre_commit("run", "--all-files", ok=False), "xoxscan")
    assert stopped(project.pre_commit("run", "--all-files", "--hook-stage=manual", ok=False), "xoxscan")


def test_named_files_are_scanned_and_no_others(project: Project) -> None:
    project.plant({"old.py": LEAK})
    assert stopped(project.pre_commit("run", "--files", "old.py", ok=False), "xoxscan")
    project.pre_commit("run", "--files", "app.py")


def test_a_named_file_that_was_staged_and_then_edited_is_scanned_as_it_stands_too(project: Project) -> None:
    project.stage({"app.py": CLEAN + "# staged\n"})
    project.write({"app.py": LEAK})
    assert stopped(project.pre_commit("run", "--files", "app.py", ok=False), "xoxscan")


def test_six_thousand_files_report_a_secret_once(project: Project) -> None:
    names = [f"{'deep-' * 8}{number:04}.txt" for number in range(6000)]
    project.stage(dict.fromkeys(names, "nothing\n"))
    project.stage({names[3210]: LEAK})
    done = project.commit(ok=False)
    assert stopped(done, "xoxscan")
    assert done.stdout.count(names[3210]) == 1


def test_partial_staging_counts_as_staged(project: Project) -> None:
    project.stage({"app.py": LEAK})
    project.write({"app.py": CLEAN})
    assert stopped(project.commit(ok=False), "xoxscan")
    project.stage({"app.py": CLEAN + "# staged\n"})
    project.write({"app.py": LEAK})
    project.commit()
    assert (project.folder / "app.py").read_text() == LEAK


def test_a_token_in_the_message_stops_the_commit(project: Project) -> None:
    project.stage({"app.py": CLEAN + "# more\n"})
    assert stopped(project.git("commit", f"--message=Use {BOT}", ok=False), "xoxscan-commit-msg")
    assert stopped(project.git("commit", "--allow-empty", "-m", "Use", "-m", BOT, ok=False), "xoxscan-commit-msg")


@pytest.fixture
def remote(project: Project, tmp_path: Path) -> str:
    """A bare repository with what `project` holds."""
    project.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    project.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    project.git("push", "--quiet", "--no-verify", "--set-upstream", "origin", "main")
    return str(tmp_path / "remote.git")


def test_a_push_of_a_token_that_a_later_commit_removes_is_stopped(project: Project, remote: str) -> None:
    before = project.git("ls-remote", remote).stdout
    project.plant({"app.py": LEAK})
    project.plant({"app.py": CLEAN})
    project.plant({"other.py": CLEAN})
    assert stopped(project.git("push", ok=False), "xoxscan-push")
    assert project.git("ls-remote", remote).stdout == before


def test_a_clean_push_and_a_deletion_pass(project: Project, remote: str) -> None:
    project.plant({"other.py": CLEAN})
    project.git("push", "origin", "main", "main:topic")
    project.git("push", "origin", "--delete", "topic")
    assert "topic" not in project.git("ls-remote", remote).stdout


def test_the_first_push_of_a_branch_is_looked_at(project: Project, tmp_path: Path) -> None:
    project.git("init", "--quiet", "--bare", str(tmp_path / "empty.git"))
    project.plant({"app.py": LEAK})
    assert stopped(project.git("push", str(tmp_path / "empty.git"), "main", ok=False), "xoxscan-push")


def test_a_merge_that_adds_a_token_by_itself_is_stopped(project: Project) -> None:
    """A merge driver stands for whatever may write into a merge that nobody looks at."""
    project.plant({"app.py": CLEAN + "# ours\n", ".gitattributes": "app.py merge=planting\n"})
    project.git("switch", "--quiet", "--create=topic", "HEAD~1")
    project.plant({"app.py": CLEAN + "# theirs\n"})
    project.git("switch", "--quiet", "main")
    project.write({"driver": LEAK})
    driver = "merge.planting.driver=cp driver %A"
    assert stopped(project.git("-c", driver, "merge", "--no-edit", "topic", ok=False), "xoxscan")


def test_a_clean_merge_of_a_known_token_passes(project: Project) -> None:
    project.git("switch", "--quiet", "--create=topic")
    project.plant({"old.py": LEAK})
    project.git("switch", "--quiet", "main")
    project.plant({"other.py": CLEAN})
    project.git("merge", "--no-edit", "--no-ff", "topic")
    assert project.git("rev-list", "--count", "--merges", "HEAD").stdout == "1\n"


def test_a_token_added_while_resolving_a_conflict_is_stopped(project: Project) -> None:
    project.git("switch", "--quiet", "--create=topic")
    project.plant({"app.py": "theirs\n"})
    project.git("switch", "--quiet", "main")
    project.plant({"app.py": "ours\n"})
    project.git("merge", "topic", ok=False)
    project.stage({"app.py": LEAK})
    assert stopped(project.commit(ok=False), "xoxscan")
    project.stage({"app.py": CLEAN + "# both\n"})
    project.commit()


def test_the_hooks_can_be_tried_from_a_clone(project: Project, published: Path) -> None:
    project.stage({"app.py": LEAK})
    assert stopped(project.pre_commit("try-repo", str(published), "xoxscan", ok=False), "xoxscan")
    project.stage({"app.py": CLEAN})
    project.pre_commit("try-repo", str(published), "xoxscan", "--all-files")
