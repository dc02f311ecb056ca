"""`xoxscan range` over merges of all kinds."""

from __future__ import annotations

from tests.commands.histories import branch, found, merge, scanned
from tests.conftest import Repo, Run, token

BOT, USER = token(), token("user")


def test_a_clean_merge_introduces_nothing_by_itself(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    oid = branch(repo, "topic", {"known.env": BOT})
    repo.commit({"b": b"b"})
    merge(repo, "topic")
    assert scanned(run, f"{base}..HEAD") == {(oid, "blob", "known.env")}
    assert scanned(run, "topic..HEAD") == set()


def test_a_clean_merge_of_the_same_file_with_known_tokens_on_both_sides(run: Run, repo: Repo) -> None:
    text = b"".join(b"line %d\n" % number for number in range(20))
    repo.commit({"a": text})
    branch(repo, "topic", {"a": BOT + b"\n" + text})
    repo.commit({"a": text + USER + b"\n"})
    merge(repo, "topic")
    assert BOT in (repo.path / "a").read_bytes() and USER in (repo.path / "a").read_bytes()
    assert scanned(run, "HEAD^1..HEAD", "--only", "slack-user-token") == set()
    result = run("range", "HEAD^1..HEAD", "-f", "json")
    assert {place[0] for place in found(result)} == {repo.git("rev-parse", "topic")}


def test_an_evil_merge_introduces(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a", "b": b"b"})
    branch(repo, "topic", {"a": b"theirs"})
    repo.commit({"b": b"ours"})
    oid = merge(repo, "topic", files={"evil.env": BOT, "a": b"theirs" + USER})
    assert scanned(run, f"{base}..HEAD") == {(oid, "blob", "evil.env"), (oid, "blob", "a")}


def test_a_merge_that_takes_ours_or_theirs_introduces_nothing(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"a"})
    branch(repo, "topic", {"a": BOT})
    ours = repo.commit({"a": USER})
    merge(repo, "topic", options=("-s", "ours"))
    assert scanned(run, f"{ours}..HEAD") == {(repo.git("rev-parse", "topic"), "blob", "a")}
    assert scanned(run, "topic..HEAD") == {(ours, "blob", "a")}
    assert scanned(run, f"{ours}..HEAD", "--only", "slack-user-token") == set()


def test_a_resolution_counts_against_all_parents_together(run: Run, repo: Repo) -> None:
    repo.commit({"a": b"base\n"})
    branch(repo, "topic", {"a": b"theirs " + BOT})
    ours = repo.commit({"a": b"ours " + BOT})
    merge(repo, "topic", files={"a": b"both " + BOT + BOT.join((b" ", b"\n"))})
    span = f"{ours}..HEAD"
    assert {place[0] for place in scanned(run, span)} == {repo.git("rev-parse", "topic")}
    repo.git("reset", "-q", "--hard", ours)
    oid = merge(repo, "topic", files={"a": b"more " + BOT.join((b" ", b"\n", b" ", b"\n"))})
    assert oid in {place[0] for place in scanned(run, span)}


def test_an_octopus(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    tips = {branch(repo, name, {f"{name}.env": token("bot", len(name))}) for name in ("one", "three", "fifth!")}
    repo.commit({"b": b"b"})
    oid = merge(repo, "one", "three", "fifth!", files={"evil.env": USER})
    assert len(repo.git("log", "-1", "--format=%P").split()) == 4
    assert {place[0] for place in scanned(run, f"{base}..HEAD")} == {*tips, oid}


def test_crossing_merges(run: Run, repo: Repo) -> None:
    base = repo.commit({"a": b"a"})
    left = branch(repo, "left", {"left.env": BOT})
    right = branch(repo, "right", {"right.env": USER})
    for name, other in (("left2", "right"), ("right2", "left")):
        repo.git("switch", "-q", "-c", name, name[:-1])
        merge(repo, other)
    merge(repo, "left2")
    expected = {(left, "blob", "left.env"), (right, "blob", "right.env")}
    repo.git("switch", "-q", "-c", "crossed", "left2")
    merge(repo, "right2")
    assert scanned(run, f"{base}..crossed") == expected
    assert scanned(run, "left2..crossed") == set()


def test_a_fast_forward_merge_with_a_known_second_parent(run: Run, repo: Repo) -> None:
    repo.commit({"a": BOT})
    oid = branch(repo, "topic", {"b.env": USER})
    repo.git("merge", "-q", "--no-ff", "--no-edit", "topic")
    assert scanned(run, "HEAD^1..HEAD") == {(oid, "blob", "b.env")}
    assert scanned(run, "HEAD^2..HEAD") == set()
