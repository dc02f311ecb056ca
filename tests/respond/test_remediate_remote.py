"""What a remote shows: asked with nothing of the scanned repository's configuration, over one protocol."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.errors import GitError, UsageError
from scanner.git.repository import find
from scanner.respond.remote import Address, address_of, ls_remote, parse
from tests.conftest import Repo


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("https://example.org/a.git", "https"),
        ("https://me@example.org/a.git", "https"),
        ("ssh://git@example.org:22/a.git", "ssh"),
        ("git@example.org:a/b.git", "ssh"),
        ("example.org:a", "ssh"),
        ("[::1]:a", "ssh"),
    ],
)
def test_addresses_that_are_asked(url: str, protocol: str) -> None:
    assert parse(url, "/") == Address(url, protocol)


@pytest.mark.parametrize(
    "url",
    [
        *("", "-x", "--upload-pack=x", "ext::sh -c x", "fd::17", "x::https://example.org", "https://exa\nmple.org/"),
        *("http://example.org/a", "git://example.org/a", "ftp://example.org/a", "https:///a", "file://host/a"),
        *("ssh://-oProxyCommand=x/a", "-oProxyCommand=x:a", "ssh://-x@host/a", "-x@host:a", "host:-x", "https://[/a"),
        *("https://me:password@example.org/a", "no/such/folder", "file:///no/such/folder", "https://ex\x1bample.org"),
    ],
)
def test_addresses_that_are_not(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(url, "/")
    assert "password@" not in f"{caught.value}{caught.value.hint}"


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    there = Address(str(tmp_path / "a"), "file")
    assert parse("a", str(tmp_path)) == parse(f"file://{tmp_path}/a", "/") == there == parse(str(tmp_path / "a"), "/")


def test_a_remote_by_its_name_or_address(repo: Repo) -> None:
    repo.git("remote", "add", "up", "git@example.org:a/b.git")
    here = find(str(repo.path), os.environ, own=False)
    assert address_of(here, "up").url == "git@example.org:a/b.git"
    assert address_of(here, "https://example.org/x").protocol == "https"
    for wrong in ("origin", "a\nb"):
        with pytest.raises(UsageError, match="no remote"):
            address_of(here, wrong)


def test_what_it_shows(repo: Repo) -> None:
    oid = repo.commit({"a": b"a"})
    repo.git("tag", "-a", "v1", "-m", "one")
    tag = repo.git("rev-parse", "v1")
    names = ls_remote(parse(str(repo.path), "/"), os.environ)
    assert names == [(b"refs/heads/main", oid.encode(), oid.encode()), (b"refs/tags/v1", tag.encode(), oid.encode())]
    repo.git("switch", "-q", "--detach")
    loose = repo.commit({"a": b"b"})
    assert (b"HEAD", loose.encode(), loose.encode()) in ls_remote(parse(str(repo.path), "/"), os.environ)


def _program(folder: Path, then: str = "exit 1") -> tuple[Path, Path]:
    mark, program = folder / "mark", folder / "program"
    program.write_text(f"#!/bin/sh\necho >>{mark}\n{then}\n")
    program.chmod(0o755)
    return mark, program


SSH = "ssh://git@127.0.0.1:1/a.git"
Plant = Callable[[Repo, str, str], None]


def _config(key: str, url: str = "") -> Plant:
    def plant(repo: Repo, program: str, other: str) -> None:
        repo.git("config", "remote.origin.url", url or other)
        repo.git("config", key, program)

    return plant


def _ext(repo: Repo, program: str, other: str) -> None:
    repo.git("config", "remote.origin.url", f"ext::{program}")
    repo.git("config", "protocol.ext.allow", "always")


def _instead(repo: Repo, program: str, other: str) -> None:
    repo.git("config", "remote.origin.url", other)
    repo.git("config", f"url.ext::{program} .insteadOf", "/")
    repo.git("config", "protocol.ext.allow", "always")


def _included(repo: Repo, program: str, other: str) -> None:
    repo.write(".git/more", f"[core]\n\tsshCommand = {program}\n".encode())
    repo.git("config", "include.path", "more")
    repo.git("config", "remote.origin.url", SSH)


def _proxy(repo: Repo, program: str, other: str) -> None:
    repo.git("config", "remote.origin.url", "git://127.0.0.1:1/a.git")
    repo.git("config", "core.gitProxy", program)


VECTORS: dict[str, Plant] = {
    "core.sshCommand": _config("core.sshCommand", SSH),
    "an included core.sshCommand": _included,
    "remote.origin.uploadpack": _config("remote.origin.uploadpack"),
    "ext::": _ext,
    "url.*.insteadOf": _instead,
    "core.gitProxy": _proxy,
}


@pytest.mark.parametrize("name", VECTORS)
def test_asking_a_remote_runs_nothing_of_the_repository(name: str, repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.commit({"a": b"a"})
    mark, program = _program(tmp_path)
    VECTORS[name](repo, str(program), str(other.path))
    _ask(repo)
    assert not mark.exists()
    environ = {**os.environ, "GIT_ALLOW_PROTOCOL": "ext:ssh:file:git"}
    subprocess.run(["git", "ls-remote", "origin"], cwd=repo.path, env=environ, capture_output=True, check=False)
    assert mark.exists(), "what is planted does not work on plain git"


def _ask(repo: Repo) -> None:
    try:
        ls_remote(address_of(find(str(repo.path), os.environ, own=False), "origin"), os.environ)
    except (GitError, UsageError):
        pass


def test_nor_of_the_remote_nor_of_a_repository_around_the_temporary_folder(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, program = _program(tmp_path)
    remote = Repo(tmp_path / "remote")
    remote.commit({"a": b"a"})
    for key in ("core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.alternateRefsCommand"):
        remote.git("config", key, str(program))
        repo.git("config", key, str(program))
    (repo.path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(repo.path / "tmp"))
    assert len(ls_remote(parse(str(remote.path), "/"), os.environ)) == 1
    with pytest.raises(GitError):
        ls_remote(Address(SSH, "ssh"), os.environ)
    assert not mark.exists() and os.listdir(repo.path / "tmp") == []


def test_one_protocol_is_open_and_no_other(repo: Repo) -> None:
    repo.commit({"a": b"a"})
    with pytest.raises(GitError, match="does not answer"):
        ls_remote(Address(str(repo.path), "https"), os.environ)


def test_the_environment_cannot_name_a_program(repo: Repo, tmp_path: Path) -> None:
    mark, program = _program(tmp_path)
    pair = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.sshCommand", "GIT_CONFIG_VALUE_0": str(program)}
    with pytest.raises(GitError):
        ls_remote(Address(SSH, "ssh"), {**os.environ, "GIT_SSH_COMMAND": str(program), **pair})
    assert not mark.exists()


def test_the_operators_own_configuration_counts_and_silence_ends(tmp_path: Path, sealed: Path) -> None:
    mark, program = _program(tmp_path, "cat >/dev/null")
    with open(sealed / ".gitconfig", "a") as file:
        file.write(f"[core]\n\tsshCommand = {program}\n")
    with pytest.raises(GitError, match=r"within 1 s"):
        ls_remote(Address(SSH, "ssh"), os.environ, timeout=1)
    assert mark.exists()
