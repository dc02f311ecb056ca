"""`xoxscan pre-push` as the hook of a real `git push`, to bare repositories as files and over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.histories import branch, found
from tests.commands.hooked import git, over_http, serving, write_hook
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")
ZEROS = "0" * 40


def line(ref: str, new: str, old: str = ZEROS) -> bytes:
    return f"{ref} {new} {ref} {old}\n".encode()


@pytest.fixture
def bare(repo: Repo, tmp_path: Path) -> Repo:
    """A bare repository that `repo`, with one commit and the hook, pushes to."""
    made = Repo(tmp_path / "a server, größer" / "r.git", "--bare")
    repo.commit({"a.txt": b"one\n"})
    repo.git("remote", "add", "origin", str(made.path))
    repo.git("push", "-q", "origin", "main")
    write_hook(repo.path / ".git/hooks/pre-push", 'pre-push "$@"')
    return made


def pushes(repo: Repo, bare: Repo, *arguments: str, cwd: Path | None = None) -> bool:
    """Whether `git push` went through; if not, it was for a finding, and nothing over there changed."""
    before = bare.git("for-each-ref")
    done = git(cwd or repo.path, "push", *(arguments or ("origin", "main")))
    assert BOT not in done.said and USER not in done.said
    assert (done.status == 0) == (b"slack-" not in done.said), done
    assert done.status == 0 or bare.git("for-each-ref") == before
    return done.status == 0


def test_a_clean_push(repo: Repo, bare: Repo) -> None:
    repo.commit({"b.txt": b"two\n"})
    assert pushes(repo, bare)
    assert pushes(repo, bare)  # there is nothing to push


def test_what_a_later_commit_takes_out_is_pushed_all_the_same(repo: Repo, bare: Repo) -> None:
    repo.commit({"a.env": BOT})
    repo.commit({"a.env": b"none"})
    assert not pushes(repo, bare)


@pytest.mark.parametrize("cleanup", ["verbatim", "whitespace"])
def test_a_comment_that_git_was_told_to_keep(repo: Repo, bare: Repo, cleanup: str) -> None:
    """No hook sees --cleanup: commit-msg takes the line for a comment, which git mostly takes out."""
    write_hook(repo.path / ".git/hooks/commit-msg", 'hook --commit-msg-file "$@"')
    editor = repo.path / ".git/editor"
    editor.write_text(f'#!/bin/sh\nprintf "Subject\\n# {BOT.decode()}\\n" >"$1"\n')
    editor.chmod(0o755)
    words = ("commit", "-q", "--allow-empty", f"--cleanup={cleanup}")
    assert git(repo.path, *words, env={"GIT_EDITOR": str(editor)}).status == 0
    assert BOT.decode() in repo.git("log", "-1", "--format=%B")
    assert not pushes(repo, bare)
    repo.git("reset", "-q", "--hard", "origin/main")
    repo.git("config", "commit.cleanup", cleanup)  # that one the hook knows
    done = git(repo.path, *words[:3], env={"GIT_EDITOR": str(editor)})
    assert done.status == 1 and b"slack-bot-token" in done.said


def test_every_ref_of_a_push_counts(repo: Repo, bare: Repo) -> None:
    for name in ("one", "two", "three"):
        branch(repo, name, {name: b"clean"})
    branch(repo, "leak", {"a.env": USER}, start="two")
    assert not pushes(repo, bare, "origin", "one", "two", "leak", "three")
    assert pushes(repo, bare, "origin", "one", "two", "three")


def test_a_new_branch_a_deletion_and_a_rename_together(repo: Repo, bare: Repo) -> None:
    branch(repo, "topic", {"b.txt": b"clean"})
    assert pushes(repo, bare, "origin", "topic:refs/heads/new")
    done = git(repo.path, "push", "origin", ":new", "topic:refs/heads/other")
    assert done.status == 0 and b"2 refs, of which 1 deleted" in done.said


def test_a_forced_push_over_what_is_not_here(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert git(tmp_path, "clone", "-q", bare.path, other).status == 0
    (other / "b.txt").write_text("theirs")
    assert git(other, "add", "-A").status == git(other, "commit", "-qm", "theirs").status == 0
    assert git(other, "push", "-q", "origin", "main").status == 0
    repo.commit({"b.txt": b"ours"})
    assert pushes(repo, bare, "--force", "origin", "main")
    repo.commit({"b.txt": BOT})
    assert not pushes(repo, bare, "--force", "origin", "main")


def test_what_the_remote_holds_is_not_pushed_again(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    repo.commit({"known.env": USER})
    repo.git("push", "-q", "--no-verify", "origin", "main:known")
    assert pushes(repo, bare)
    fresh = Repo(tmp_path / "fresh.git", "--bare")
    assert not pushes(repo, fresh, str(fresh.path), "main")


def elsewhere(repo: Repo, tmp_path: Path) -> Repo:
    """A leak that origin holds already, and a fresh repository that does not."""
    repo.commit({"known.env": USER})
    repo.commit({"known.env": b"none"})
    repo.git("push", "-q", "--no-verify", "origin", "main")
    return Repo(tmp_path / "fresh.git", "--bare")


def test_a_remote_with_another_address(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    fresh = elsewhere(repo, tmp_path)
    repo.git("remote", "set-url", "origin", str(fresh.path))
    assert not pushes(repo, fresh, "origin", "main")
    assert not pushes(repo, fresh, "origin", "main", "main:more")
    repo.git("remote", "set-url", "origin", str(bare.path))
    assert pushes(repo, bare, "origin", "main:more")


def test_what_docs_say_that_remote_tracking_refs_cannot_show(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    """docs/hooks.md, «What pre-push does not see», and what settles it."""
    fresh = elsewhere(repo, tmp_path)
    repo.git("remote", "set-url", "origin", str(fresh.path))
    repo.git("fetch", "-q", "--prune", "origin")
    assert not pushes(repo, fresh, "origin", "main:new")
    repo.git("push", "-q", "--no-verify", str(bare.path), "main")
    repo.git("remote", "set-url", "origin", str(bare.path))
    repo.git("fetch", "-q", "origin")
    repo.git("remote", "set-url", "origin", str(fresh.path))
    assert pushes(repo, fresh, "origin", "main:new")  # not seen


def test_a_remote_with_an_address_for_pushing(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    fresh = elsewhere(repo, tmp_path)
    repo.git("remote", "set-url", "--push", "origin", str(fresh.path))
    assert not pushes(repo, fresh, "origin", "main:other")
    branch(repo, "clean", {"b.txt": b"two"}, start="main~2")
    assert pushes(repo, fresh, "origin", "clean")
    repo.git("config", "--add", "remote.origin.pushurl", str(bare.path))
    assert git(repo.path, "push", "origin", "main:other").status == 1
    assert "other" not in fresh.git("for-each-ref") and "other" in bare.git("for-each-ref")


@pytest.mark.parametrize(
    ("fetched", "pushed", "same"),
    [
        ("https://example.org/o/r", "git@example.org:o/r.git", True),
        ("https://ada@Example.org:8443/o/r.git/", "ssh://git@example.org/o/r.git", True),
        ("https://example.org/o/r", "https://example.org/o/other", False),
        ("https://example.org/o/r", "https://example.net/o/r", False),
        ("file:///a/r.git", "/a/r", True),
        ("/a/r/.git", "/a/r", True),
        ("../r.git", "../other.git", False),
    ],
)
def test_the_same_place_by_another_way(run: Run, repo: Repo, fetched: str, pushed: str, same: bool) -> None:
    repo.commit({"a.env": BOT})
    tip = repo.commit({"a.env": b"none"})
    repo.git("remote", "add", "origin", fetched)
    repo.git("update-ref", "refs/remotes/origin/main", tip)
    result = run("pre-push", "origin", pushed, stdin=line("refs/heads/topic", tip))
    assert result.status == (0 if same else 1)


@pytest.mark.parametrize("what", ["message", "name", "lightweight", "nested", "tree", "blob"])
def test_tags(repo: Repo, bare: Repo, what: str) -> None:
    name = f"v-{BOT.decode()}" if what == "name" else "v1"
    if what == "lightweight":
        repo.commit({"a.env": BOT})
        repo.git("tag", name)
    elif what in ("tree", "blob"):
        repo.write("secret", BOT)
        blob = repo.git("hash-object", "-w", "secret")
        tree = repo.git("mktree", stdin=f"100644 blob {blob}\tsecret\n".encode())
        repo.git("tag", name, tree if what == "tree" else blob)
    else:
        repo.git("tag", "-a", name, "-m", "clean" if what == "name" else BOT.decode())
    if what == "nested":
        repo.git("-c", "advice.nestedTag=false", "tag", "-a", "outer", "-m", "clean", name)
        name = "outer"
    assert not pushes(repo, bare, "origin", f"refs/tags/{name}")


def test_from_a_folder_below_and_from_a_linked_work_tree(repo: Repo, bare: Repo, tmp_path: Path) -> None:
    repo.commit({"sub dir/b.txt": BOT})
    assert not pushes(repo, bare, cwd=repo.path / "sub dir")
    linked = tmp_path / "linked, größer"
    repo.git("worktree", "add", "-q", str(linked), "-b", "topic")
    assert not pushes(repo, bare, "origin", "topic", cwd=linked)


@over_http
def test_over_http(repo: Repo, bare: Repo) -> None:
    bare.git("config", "http.receivepack", "true")
    with serving(bare.path.parent) as address:
        repo.git("remote", "add", "web", f"{address}/r.git")
        repo.git("fetch", "-q", "web")
        repo.commit({"b.txt": b"two\n"})
        assert pushes(repo, bare, "web", "main")
        repo.commit({"a.env": BOT})
        assert not pushes(repo, bare, "web", "main", "main:more")


def test_the_report(run: Run, repo: Repo) -> None:
    first = repo.commit({"a.env": BOT})
    tip = repo.commit({"a.env": b"none"})
    result = run("pre-push", "origin", "file:///x", "-f", "json", stdin=line("refs/heads/main", tip))
    report = json.loads(result.out)
    assert (result.status, found(result)) == (1, {(first, "blob", "a.env")})
    assert (report["target"]["kind"], report["coverage"]["commits"]) == ("hook", 2)
    assert run("pre-push", "origin", stdin=line("refs/heads/main", tip, tip)).status == 0


def test_a_local_ref_may_hold_spaces(run: Run, repo: Repo) -> None:
    tip = repo.commit({"a.env": BOT}, message="some words")
    result = run("pre-push", stdin=f"HEAD^{{/some words}} {tip} refs/heads/main {ZEROS}\n".encode())
    assert result.status == 1


def test_nothing_is_pushed(run: Run, repo: Repo) -> None:
    result = run("pre-push", "origin", stdin=b"\n")
    assert result.status == 0 and b"no commit is new to the remote" in result.out


def test_no_line_is_said_unless_nothing_is_there_to_push(run: Run, repo: Repo, bare: Repo) -> None:
    word = b"an earlier script has read the input"
    assert word not in git(repo.path, "push", "origin", "main").said
    repo.commit({"a.env": BOT})
    result = run("pre-push", "origin", str(bare.path), stdin=b"")
    assert result.status == 0 and result.err.count(b"\n") == 1 and word in result.err
    assert run("pre-push", stdin=b"").err == b""


@pytest.mark.parametrize("words", [b"nonsense\n", b"a b c d\n", b"refs/heads/main 123 refs/heads/main 456\n"])
def test_what_git_never_says(run: Run, repo: Repo, words: bytes) -> None:
    result = run("pre-push", "origin", stdin=words)
    assert result.status == 3 and b"not what git gives its hooks" in result.err


def test_what_is_pushed_must_be_here(run: Run, repo: Repo) -> None:
    repo.commit()
    result = run("pre-push", "origin", stdin=line("refs/heads/main", "1" * 40))
    assert result.status == 3 and b"what is pushed is not here" in result.out


def test_a_shallow_clone(run: Run, repo: Repo, tmp_path: Path) -> None:
    for number in range(3):
        repo.commit({"a": str(number).encode()})
    assert git(tmp_path, "clone", "-q", "--depth=1", f"file://{repo.path}", tmp_path / "shallow").status == 0
    tip = repo.git("rev-parse", "HEAD")
    assert run("-C", tmp_path / "shallow", "pre-push", "elsewhere", stdin=line("refs/heads/main", tip)).status == 3
    assert run("-C", tmp_path / "shallow", "pre-push", "origin", stdin=line("refs/heads/topic", tip)).status == 0


def test_it_never_responds(run: Run, repo: Repo) -> None:
    assert run("pre-push", "--respond", "verify").status == 2


def test_a_push_of_many_refs(repo: Repo, run: Run) -> None:
    tip = repo.commit({"a.env": BOT})
    lines = b"".join(line(f"refs/heads/b{number}", tip) for number in range(3000))
    result = run("pre-push", "origin", "-f", "json", stdin=lines)
    assert found(result) == {(tip, "blob", "a.env")}


def test_tags_trees_and_blobs_in_a_report(run: Run, repo: Repo) -> None:
    base = repo.commit({"a.txt": b"one"})
    repo.git("tag", "-a", "v1", "-m", f"subject\n\n{BOT.decode()}")
    tag = repo.git("rev-parse", "refs/tags/v1")
    repo.write("loose", USER)
    blob = repo.git("hash-object", "-w", "loose")
    tree = repo.git("mktree", stdin=f"100644 blob {blob}\tuser.env\n".encode())
    lines = line("refs/tags/v1", tag) + line("refs/tags/tree", tree) + line("refs/tags/blob", blob, tag)
    lines += line(f"refs/heads/{token('user', 2).decode()}", base)
    result = run("pre-push", "origin", "-f", "json", stdin=lines)
    assert {(source, path) for _, source, path in found(result)} >= {("tag-message", None), ("blob", "user.env")}
    assert len(json.loads(result.out)["findings"]) == 3 and result.status == 1
