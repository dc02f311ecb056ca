"""`xoxscan pre-receive` where a configuration is broken: on the server, in what is pushed, or the operator's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.hooked import git, write_hook
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")
SKIPPED = "skip_rules: [{rule: slack-nothing, reason: a test, owner: ada}]\n"
# What is broken: as YAML, as ours, in a value, in a rule that is nowhere, and by what only the operator may say.
BROKEN = ("paths: [\n", "pathz: []\n", "paths:\n- 1\n", SKIPPED, "max_revoke: 3\n", "rules: [{id: x}]\n", "a: \x07\n")


@pytest.fixture
def bare(repo: Repo, tmp_path: Path) -> Repo:
    """A server without the hook, so that anything gets on its default branch, and the hook beside it."""
    made = Repo(tmp_path / "r.git", "--bare")
    made.git("config", "receive.advertisePushOptions", "true")
    repo.commit({"a.txt": b"one\n"})
    repo.git("remote", "add", "origin", str(made.path))
    repo.git("push", "-q", "origin", "main")
    return made


def broken(repo: Repo, bare: Repo, text: str) -> None:
    repo.commit({".xoxscan.yaml": text.encode()})
    repo.git("push", "-q", "origin", "main")
    write_hook(bare.path / "hooks/pre-receive", "pre-receive")


def push(repo: Repo, *words: str, env: dict[str, str] | None = None) -> tuple[bool, bytes]:
    """Whether it went through, and what was said."""
    done = git(repo.path, "push", *(words or ("origin", "main")), env=env)
    assert BOT not in done.said and USER not in done.said
    return done.status == 0, done.said


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_one_on_the_server_can_be_repaired(repo: Repo, bare: Repo, text: str) -> None:
    broken(repo, bare, text)
    repo.commit({"b.txt": b"clean\n"})
    through, said = push(repo)
    assert through and b"WARNING: the default branch:.xoxscan.yaml:" in said and b"corrected .xoxscan.yaml" in said
    repo.commit({"leak.env": BOT})
    assert not push(repo)[0]
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({".xoxscan.yaml": b"paths: []\n"})
    assert push(repo)[0]
    repo.commit({"b.txt": b"more\n"})
    through, said = push(repo)
    assert through and b"WARNING" not in said


def test_it_counts_as_the_strictest(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    """No word of it allows anything, nor does what the push brings, unless the operator says so."""
    broken(repo, bare, "paths: [{pattern: '*.env', reason: an example, owner: ada}]\nhead_suppressions: maybe\n")
    repo.commit({"a.env": BOT})
    assert b"slack-bot-token" in push(repo)[1]
    through, said = push(repo, "-o", "xoxscan.skip=please", "origin", "main")
    assert not through and b"holds a broken configuration, and the operator's" in said
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit({"a.txt": BOT + b" xoxscan:" + b"ignore an example\n"})
    assert not push(repo)[0]
    (tmp_path / "accept.yaml").write_text("head_suppressions: accept\n")
    assert push(repo, env={"XOXSCAN_CONFIG": str(tmp_path / "accept.yaml")})[0]


@pytest.mark.parametrize("text", BROKEN)
def test_a_push_that_brings_a_broken_one_to_the_default_branch_is_refused(repo: Repo, bare: Repo, text: str) -> None:
    write_hook(bare.path / "hooks/pre-receive", 'pre-receive || { echo "status $?"; exit 1; }')
    hook = bare.path / "hooks/pre-receive"
    hook.write_text(hook.read_text().replace("exec ", ""))
    repo.commit({".xoxscan.yaml": text.encode()})
    through, said = push(repo, env={"GL_ID": "user-1"})
    assert not through and b"xoxscan: refs/heads/main:.xoxscan.yaml:" in said and b"status 2" in said
    assert b"GL-HOOK-ERR: xoxscan: refs/heads/main" in said and b"correct it and push again" in said
    assert push(repo, "origin", "main:topic")[0]
    assert push(repo, "origin", "HEAD~1:refs/heads/main")[0]
    repo.commit({".xoxscan.yaml": b"paths: []\n"})
    assert push(repo)[0]


def test_nor_may_one_broken_be_replaced_by_another(repo: Repo, bare: Repo) -> None:
    broken(repo, bare, "paths: [\n")
    repo.commit({".xoxscan.yaml": b"pathz: []\n"})
    assert not push(repo)[0]
    repo.git("rm", "-q", ".xoxscan.yaml")
    repo.commit()
    assert push(repo)[0]
    assert push(repo, "origin", ":refs/heads/nothing")[0]


def test_a_first_push(repo: Repo, tmp_path: Path) -> None:
    made = Repo(tmp_path / "new.git", "--bare")
    write_hook(made.path / "hooks/pre-receive", "pre-receive")
    repo.commit({".xoxscan.yaml": b"paths: [\n"})
    repo.git("remote", "add", "origin", str(made.path))
    assert not push(repo)[0]
    repo.commit({".xoxscan.yaml": b"paths: []\n"})
    assert push(repo)[0]


def test_a_credential_in_it_is_not_repeated(repo: Repo, bare: Repo) -> None:
    broken(repo, bare, f"paths: [{{pattern: {BOT.decode()}, reason: x, owner: ada}}]\n")
    repo.commit({"b.txt": b"clean\n"})
    through, said = push(repo)
    assert through and b".xoxscan.yaml:1: a literal credential" in said


def test_the_operators_own_stays_an_error(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    broken(repo, bare, "paths: [\n")
    repo.commit({"b.txt": b"clean\n"})
    (tmp_path / "mine.yaml").write_text("pathz: []\n")
    through, said = push(repo, env={"XOXSCAN_CONFIG": str(tmp_path / "mine.yaml")})
    assert not through and b"mine.yaml:1: 'pathz' is no key" in said and b"WARNING" not in said
    write_hook(bare.path / "hooks/pre-receive", f'pre-receive --config "{tmp_path}/mine.yaml"')
    assert not push(repo)[0]


def test_the_same_in_this_process(run: Run, repo: Repo, tmp_path: Path) -> None:
    def pushed(old: str, new: str, **env: str) -> tuple[int, bytes]:
        result = run("pre-receive", stdin=f"{old} {new} refs/heads/main\n".encode(), env=env)
        return result.status, result.out + result.err

    first = repo.commit({".xoxscan.yaml": b"paths: [\n"})
    other = repo.commit({".xoxscan.yaml": SKIPPED.encode()})
    repo.git("reset", "-q", "--hard", first)
    clean = repo.commit({"b.txt": b"clean\n"})
    repo.git("reset", "-q", "--hard", first)
    status, said = pushed(first, clean)
    assert status == 0 and b"WARNING: the default branch:.xoxscan.yaml:2" in said
    status, said = pushed(first, other, GL_ID="user-1")
    assert status == 2 and b"GL-HOOK-ERR: xoxscan: refs/heads/main:.xoxscan.yaml: no rule is called" in said
    env = {"GIT_PUSH_OPTION_COUNT": "1", "GIT_PUSH_OPTION_0": "xoxscan.skip=why"}
    assert b"holds a broken configuration, and" in pushed(first, clean, **env)[1]
    (tmp_path / "accept.yaml").write_text("head_suppressions: accept\n")
    assert b"holds a broken" not in pushed(first, clean, **env, XOXSCAN_CONFIG=str(tmp_path / "accept.yaml"))[1]
    (tmp_path / "mine.yaml").write_text("pathz: []\n")
    assert pushed(first, clean, XOXSCAN_CONFIG=str(tmp_path / "mine.yaml"))[0] == 2


def test_one_that_the_operator_names_in_the_work_tree(run: Run, repo: Repo) -> None:
    """It is read as it stood before; the operator relies on it, so it stays an error."""
    tip = repo.commit({"mine.yaml": b"paths: [\n"})
    line = f"{'0' * 40} {tip} refs/heads/topic\n".encode()
    result = run("pre-receive", "--config", repo.path / "mine.yaml", stdin=line)
    assert result.status == 2 and b"the default branch:.xoxscan.yaml:2" in result.err


def test_an_entry_of_the_baseline(run: Run, repo: Repo, tmp_path: Path) -> None:
    """Treated as the configuration: a push does not break it, and one that is broken excuses nothing."""

    def pushed(old: str, new: str, *options: str, ref: str = "refs/heads/main", **env: str) -> tuple[int, bytes]:
        result = run("pre-receive", *options, stdin=f"{old} {new} {ref}\n".encode(), env=env)
        return result.status, result.out + result.err

    repo.commit({"a.env": BOT})
    assert run("baseline", "write", "--reason", "known", "--owner", "ada").status == 0
    repo.git("add", "-A")
    good = repo.commit()
    entry = next((repo.path / ".xoxscan-baseline").iterdir()).name
    content = (repo.path / ".xoxscan-baseline" / entry).read_bytes()
    known = repo.commit({"b.env": BOT})
    repo.git("reset", "-q", "--hard", good)
    bad = repo.commit({f".xoxscan-baseline/{entry}": b"fingerprint: x\n"})
    wrong = repo.commit({f".xoxscan-baseline/{entry}": b"nothing\n"})
    repo.git("reset", "-q", "--hard", good)
    assert pushed(good, known)[0] == 0
    status, said = pushed(good, bad, GL_ID="user-1")
    assert status == 2 and f"GL-HOOK-ERR: xoxscan: refs/heads/main:.xoxscan-baseline/{entry}:1".encode() in said
    assert pushed(good, bad, ref="refs/heads/topic")[0] == 0
    assert pushed(good, bad, "--baseline", str(tmp_path))[0] == 0
    repo.git("reset", "-q", "--hard", bad)
    assert pushed(bad, wrong)[0] == 2
    leak = repo.commit({"c.env": BOT})
    repo.git("reset", "-q", "--hard", bad)
    status, said = pushed(bad, leak)
    assert status == 1 and b"WARNING" in said and b"no entry of the baseline counts" in said
    repaired = repo.commit({f".xoxscan-baseline/{entry}": content})
    repo.git("reset", "-q", "--hard", bad)
    assert pushed(bad, repaired)[0] == 0
