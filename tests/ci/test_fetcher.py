"""What a fetch needs works, and nothing of the checkout runs or is sent elsewhere."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.ci import fetcher
from scanner.ci.fetcher import fetching, publish
from scanner.ci.remote import Remote, remote_of
from scanner.errors import GitError
from scanner.git.repository import Repository, find
from scanner.respond.remote import Address
from tests.ci.forge import CI, Forge, checkout, github, looked_at, named, pull
from tests.ci.githttp import served
from tests.conftest import Repo

SSH = "ssh://git@127.0.0.1:1/a.git"
HEADER = "AUTHORIZATION: basic " + base64.b64encode(b"x-access-token:a job's own").decode()


def event(forge: Forge, tmp_path: Path) -> dict[str, str]:
    """A pull request, of which a shallow checkout lacks nearly all."""
    return github(tmp_path, "pull_request", pull(forge, 7, "m5", "f5"), sha=forge.ids["p7"], ref="refs/pull/7/merge")


def shallow(forge: Forge, tmp_path: Path) -> Repo:
    return checkout(forge, tmp_path / "work", "p7", 1, "refs/remotes/pull/7/merge")


def right(forge: Forge, found: set[str]) -> bool:
    return named(forge, found) == "f1 f2 f3 f4 f5"


# Over http, with what a checkout leaves to log in


def _header(work: Repo, url: str) -> None:
    work.git("config", f"http.{url}/.extraheader", HEADER)


def _included(work: Repo, url: str) -> None:
    """As version 6 of actions/checkout: in a file of its own, outside of the work tree."""
    kept = work.path.parent / "git-credentials.config"
    work.git("config", "--file", str(kept), f"http.{url}/.extraheader", HEADER)
    work.git("config", f"includeIf.gitdir:{work.path}/.git.path", str(kept))


def _login(work: Repo, url: str) -> None:
    """As GitLab's runner: in the address."""
    inside = url.replace("://", "://x-access-token:a%20job%27s%20own@")
    work.git("config", "remote.origin.url", f"{inside}/forge/.git")


@pytest.mark.parametrize("left", [_header, _included, _login])
def test_over_http_with_what_the_checkout_left(
    left: Callable[[Repo, str], None], forge: Forge, ci: CI, tmp_path: Path
) -> None:
    wanted = HEADER.removeprefix("AUTHORIZATION: ")
    work = shallow(forge, tmp_path)
    with served(forge.repo.path.parent, wanted) as server:
        server.wanted = wanted if left is not _login else wanted.replace("basic", "Basic")
        work.git("config", "remote.origin.url", f"{server.url}/forge/.git")
        left(work, server.url)
        assert right(forge, looked_at(ci(work, event(forge, tmp_path))))
        assert set(server.asked) == {server.wanted}


def test_without_a_login_it_says_what_to_do(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = shallow(forge, tmp_path)
    with served(forge.repo.path.parent, "Basic somebody") as server:
        work.git("config", "remote.origin.url", f"{server.url}/forge/.git")
        result = ci(work, event(forge, tmp_path))
    assert result.status == 3
    assert b"commits are missing here" in result.err and b"fetch-depth: 0" in result.err


def test_a_login_is_not_sent_to_another_place(forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = shallow(forge, tmp_path)
    with served(forge.repo.path.parent) as server:
        work.git("config", "remote.origin.url", f"{server.url}/forge/.git")
        _header(work, "http://127.0.0.1:1")
        assert right(forge, looked_at(ci(work, event(forge, tmp_path))))
        assert set(server.asked) == {""}


def test_no_login_stands_in_an_argument(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "https://me:pass%40word@example.org/a.git")
    found = remote_of(find(str(repo.path), os.environ, own=False))
    assert found and found.address == Address("https://example.org/a.git", "https")
    word = base64.b64encode(b"me:pass@word").decode()
    assert found.settings == (("http.extraheader", f"Authorization: Basic {word}"),)
    repo.git("config", "http.https://example.org.sslCAInfo", "/ca.pem")
    repo.git("config", "http.https://example.org.proxy", "http://127.0.0.1:1")
    found = remote_of(find(str(repo.path), os.environ, own=False))
    assert found and [key for key, _ in found.settings] == ["http.https://example.org.sslcainfo", "http.extraheader"]
    repo.git("config", "http.extraHeader", HEADER)
    found = remote_of(find(str(repo.path), os.environ, own=False))
    assert found and found.settings[1:] == (("http.extraheader", HEADER),)


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("git@example.org:a/b.git", "ssh"),
        ("http://example.org/a", "http"),
        ("https://me@example.org/a", "https"),
        ("ext::sh -c x", None),
        ("http://exa\x1bmple.org/a", None),
        ("git://example.org/a", None),
    ],
)
def test_addresses(url: str, protocol: str | None, repo: Repo) -> None:
    repo.git("remote", "add", "upstream", url)
    found = remote_of(find(str(repo.path), os.environ, own=False))
    assert found and found.name == "upstream"
    assert (found.address.protocol if found.address else None) == protocol


def test_which_remote(repo: Repo) -> None:
    here = find(str(repo.path), os.environ, own=False)
    assert remote_of(here) is None
    repo.git("remote", "add", "a", "https://example.org/a")
    assert remote_of(here) == Remote("a", Address("https://example.org/a", "https"))
    repo.git("remote", "add", "b", "https://example.org/b")
    assert remote_of(here) is None
    repo.git("remote", "add", "origin", "https://example.org/o")
    assert remote_of(here) == Remote("origin", Address("https://example.org/o", "https"))


# Nothing of the checkout runs

Plant = Callable[[Repo, str, Forge], None]


def _set(*pairs: tuple[str, str]) -> Plant:
    def plant(work: Repo, program: str, forge: Forge) -> None:
        for key, value in pairs:
            work.git("config", key.replace("PROGRAM", program), value.replace("PROGRAM", program))

    return plant


def _hook(work: Repo, program: str, forge: Forge) -> None:
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc"):
        file = work.path / ".git/hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{program}\nexit 0\n")
        file.chmod(0o755)


def _alternates(work: Repo, program: str, forge: Forge) -> None:
    other = Repo(work.path.parent / "other")
    other.commit({"a": b"a"})
    (work.path / ".git/objects/info").mkdir(exist_ok=True)
    (work.path / ".git/objects/info/alternates").write_text(f"{other.path}/.git/objects\n")
    work.git("config", "core.alternateRefsCommand", program)


VECTORS: dict[str, Plant] = {
    "core.sshCommand": _set(("remote.origin.url", SSH), ("core.sshCommand", "PROGRAM")),
    "remote.origin.uploadpack": _set(("remote.origin.uploadpack", "PROGRAM")),
    "remote.origin.url ext::": _set(("remote.origin.url", "ext::PROGRAM x"), ("protocol.ext.allow", "always")),
    "url.insteadOf": _set(("url.ext::PROGRAM .insteadOf", "file://"), ("protocol.ext.allow", "always")),
    "core.gitProxy": _set(("remote.origin.url", "git://127.0.0.1:1/a"), ("core.gitProxy", "PROGRAM")),
    "hooks": _hook,
    "core.hooksPath": _set(("core.hooksPath", "hooks-here")),
    "core.alternateRefsCommand": _alternates,
}


@pytest.mark.parametrize("name", VECTORS)
def test_nothing_of_the_checkout_runs(name: str, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = shallow(forge, tmp_path)
    mark, program = tmp_path / "mark", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho >>{mark}\n")
    program.chmod(0o755)
    if name == "core.hooksPath":
        (work.path / "hooks-here").mkdir()
        (work.path / "hooks-here/reference-transaction").symlink_to(program)
    VECTORS[name](work, str(program), forge)
    result = ci(work, event(forge, tmp_path))
    assert not mark.exists()
    assert result.status in (1, 3)
    everything = ci(work, event(forge, tmp_path), "--mode", "history")
    assert not mark.exists() and everything.status in (1, 3)
    environ = {**os.environ, "GIT_ALLOW_PROTOCOL": "ext:ssh:file:git"}
    fetch = ["git", "fetch", "origin", f"+{forge.ids['o1']}:refs/heads/control"]
    subprocess.run(fetch, cwd=work.path, env=environ, capture_output=True, check=False)
    assert mark.exists(), "what is planted does not work on plain git"


@pytest.mark.parametrize("key", ["credential.helper", "credential.http://127.0.0.1.helper", "core.askPass"])
def test_nobody_of_the_checkout_is_asked_for_a_login(key: str, forge: Forge, ci: CI, tmp_path: Path) -> None:
    work = shallow(forge, tmp_path)
    mark, program = tmp_path / "mark", tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho >>{mark}\n")
    program.chmod(0o755)
    with served(forge.repo.path.parent, "Basic somebody") as server:
        work.git("config", "remote.origin.url", f"{server.url}/forge/.git")
        work.git("config", key.replace("127.0.0.1", f"127.0.0.1:{server.server_port}"), str(program))
        assert ci(work, event(forge, tmp_path)).status == 3
        assert not mark.exists()
        environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        subprocess.run(["git", "fetch", "origin"], cwd=work.path, env=environ, capture_output=True, check=False)
    assert mark.exists(), "what is planted does not work on plain git"


def test_hooks_of_the_configuration_are_switched_off(repo: Repo) -> None:
    """git 2.54 has them: what is run without them is asked for by name."""
    repo.git("config", "hook.a b.command", "x")
    repo.git("config", "hook.a b.event", "reference-transaction")
    git = find(str(repo.path), os.environ, own=False).git
    assert list(fetcher._no_hooks(git)) == ["-c", "hook.a b.enabled=false"]


# What else can go wrong


def _made(work: Repo, forge: Forge) -> tuple[Repository, Address, tuple[tuple[str, str], ...]]:
    here = find(str(work.path), os.environ, own=False)
    return here, Address(str(forge.repo.path), "file"), ()


def test_another_git_holds_the_list_of_shallow_commits(forge: Forge, tmp_path: Path) -> None:
    work = shallow(forge, tmp_path)
    (work.path / ".git/shallow.lock").touch()
    with fetching(*_made(work, forge), os.environ) as fetch, pytest.raises(GitError, match="File exists"):
        fetch.deepen(1, [forge.ids["p7"]])


def test_what_the_forge_does_not_have(forge: Forge, tmp_path: Path) -> None:
    work = shallow(forge, tmp_path)
    with fetching(*_made(work, forge), os.environ) as fetch:
        assert not fetch.ids("c0ffee" + "0" * 34)
        assert fetch.ref("refs/heads/none") is None
        with pytest.raises(GitError, match="any more"):
            fetch.deepen(1, ["c0ffee" + "0" * 34])


def test_a_forge_that_does_not_answer(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "TIMEOUT", 0.0)
    work = shallow(forge, tmp_path)
    with fetching(*_made(work, forge), os.environ) as fetch, pytest.raises(GitError, match="within 0 s"):
        fetch.ref("refs/heads/main")


def test_a_partial_checkout(forge: Forge, ci: CI, tmp_path: Path) -> None:
    """What is there of its commits is no sign that their files are: nothing is taken for known by the forge."""
    work = Repo(tmp_path / "work")
    work.git("remote", "add", "origin", f"file://{forge.repo.path}")
    options = ("--filter=blob:none", "--depth=1", "--no-tags")
    work.git("fetch", "-q", *options, "origin", f"+{forge.ids['p7']}:refs/remotes/pull/7/merge")
    work.git("checkout", "-q", "--detach", forge.ids["p7"])
    assert right(forge, looked_at(ci(work, event(forge, tmp_path))))


def test_sha256_and_a_linked_work_tree(tmp_path: Path) -> None:
    there = Repo(tmp_path / "there", "--object-format=sha256")
    oids = [there.commit({"a": b"%d" % number}) for number in range(4)]
    there.git("clone", "-q", "--no-local", "--depth=1", f"file://{there.path}", str(tmp_path / "here"))
    subprocess.run(["git", "worktree", "add", "-q", "--detach", "../linked"], cwd=tmp_path / "here", check=True)
    here = find(str(tmp_path / "linked"), os.environ, own=False)
    with fetching(here, Address(str(there.path), "file"), (), os.environ) as fetch:
        fetch.deepen(1, [oids[3]])
        assert here.git.run("rev-list", "HEAD").decode().split() == [oids[3], oids[2]]
        assert fetch.everything("heads") == {"main": oids[3].encode()}
    assert len(here.git.run("rev-list", "HEAD").split()) == 4
    publish(here, "origin", {"main": oids[0].encode()})
    assert here.git.run("rev-parse", "origin/main").decode().strip() == oids[0]
