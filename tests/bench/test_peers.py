from __future__ import annotations

from pathlib import Path

import pytest

from bench import peers


def test_every_peer_is_named_with_a_place_or_a_reason(tmp_path: Path) -> None:
    found = peers.find(tmp_path)
    assert list(found) == ["ripgrep", "kingfisher", "detect-secrets", "gitleaks", "betterleaks", "trufflehog"]
    assert all((peer.path is None) == bool(peer.why) for peer in found.values())


def test_a_peer_that_is_there_is_asked_its_version(tmp_path: Path) -> None:
    hook = tmp_path / "peers/bin/detect-secrets-hook"
    hook.parent.mkdir(parents=True)
    hook.write_text("#!/bin/sh\necho 1.22.3\n")
    hook.chmod(0o755)
    assert peers.find(tmp_path)["detect-secrets"].label == "detect-secrets 1.22.3"


def test_kingfisher_is_its_binary_and_not_its_script(tmp_path: Path) -> None:
    binary = tmp_path / "peers/lib/python3.12/site-packages/kingfisher/bin/kingfisher"
    binary.parent.mkdir(parents=True)
    binary.write_text("#!/bin/sh\necho kingfisher 9.8.7\n")
    binary.chmod(0o755)
    peer = peers.find(tmp_path)["kingfisher"]
    assert (peer.path, peer.version) == (binary, "9.8.7")


def test_peers_see_no_network_and_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("KF_RULE_CACHE_DIR", "/elsewhere")
    hook = tmp_path / "peers/bin/detect-secrets-hook"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    hook.chmod(0o755)
    peers.find(tmp_path)
    seen = (tmp_path / "seen").read_text()
    assert "https_proxy=http://127.0.0.1:9\n" in seen
    assert "elsewhere" not in seen


def test_the_folder_can_be_named_and_is_never_in_the_project(tmp_path: Path) -> None:
    assert peers.home({"XOXSCAN_BENCH_DIR": str(tmp_path)}) == tmp_path
    assert not peers.home({}).is_relative_to(Path(__file__).parents[2])
