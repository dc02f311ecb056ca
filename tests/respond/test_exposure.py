"""What is exposed: only what a public remote is known to hold. With real repositories and a real remote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.git.repository import find
from scanner.model import Finding, Location, Names, Reach, Secret
from scanner.respond.exposure import Exposure, Known, age, exposure, learn, moment, public_remote, tracking
from tests.conftest import Repo, Run

OUT = Known(public=True, remote="origin", refs=frozenset({"origin/main"}), commits=frozenset({"c1"}))
DATE = "2026-01-02T03:04:05+00:00"


def finding(*places: Location) -> Finding:
    return Finding(Secret(b"t"), "v1:bot:a", "rule", "bot", "high", "t****", (), places, exposed=("2025-01-01", None))


def place(
    source: str = "blob", commit: str | None = "c1", date: str | None = DATE, reach: Reach | None = None
) -> Location:
    return Location(source, b"a", commit=commit, date=date, reach=reach)


def judged(*places: Location, known: Known = OUT) -> Exposure:
    return exposure(finding(*places), known)


def on(*names: str, count: int = 0) -> Reach:
    return Reach(Names(count or len(names), names))


@pytest.mark.parametrize("source", ["blob", "commit-message", "path-name", "symlink"])
def test_what_a_commit_of_a_public_ref_holds_is_exposed(source: str) -> None:
    assert judged(place(source)).exposed
    assert judged(place(source, None, reach=on("origin/main"))).exposed


@pytest.mark.parametrize("source", ["index", "worktree", "reflog", "stdin", "note", "tag-message", "ref-name"])
def test_index_work_tree_reflog_and_what_no_branch_carries_are_not(source: str) -> None:
    found = judged(place(source))
    assert not found.exposed
    assert found.reason == f"it stands in {source}, which is not what a remote holds"


@pytest.mark.parametrize("reach", [Reach(stash=True), Reach(reflog=True), Reach(unreachable=True), on("main"), None])
def test_stash_reflog_unreachable_and_unpushed_commits_are_not(reach: Reach | None) -> None:
    found = judged(place(commit="c2", reach=reach))
    assert (found.exposed, found.reason) == (False, "no commit that holds it is known to be in origin")


def test_a_tag_alone_is_not_known_to_be_anywhere_else() -> None:
    assert not judged(place(commit="c2", reach=Reach(tags=Names(1, ("origin/main",))))).exposed


def test_unknown_visibility_counts_as_private() -> None:
    for known in (OUT._replace(public=False), Known(), Known(event=True)):
        found = judged(place(reach=on("origin/main")), known=known)
        assert (found.exposed, found.reason) == (False, "the repository is not known to be public")


def test_the_range_of_an_event_of_a_public_repository_is_exposed() -> None:
    known = Known(public=True, event=True)
    found = judged(place(commit="abc123"), known=known)
    assert (found.exposed, found.reason) == (True, "commit abc123 is part of a change to a public repository")
    assert not judged(place("index", None), place("blob", None), known=known).exposed


def test_one_place_is_enough_and_the_first_of_them_dates_it() -> None:
    places = [
        place("worktree", None, "2020-01-01"),
        place(date="2026-03-01T00:00:00Z"),
        place(date="2026-02-28T23:00:00-05:00", reach=on("origin/main")),
        place(date="2026-02-28T23:00:00+00:00"),
        place(date="yesterday"),
        place(date=None),
    ]
    found = judged(*places)
    assert found.places == (False, True, True, True, True, True)
    assert found.since == "2026-02-28T23:00:00+00:00"
    assert found.reason == "commit c1 is in origin, of a public remote"
    assert (
        judged(place(commit=None, reach=on("a", "origin/main"))).reason
        == "a blob is in origin/main, of a public remote"
    )


def test_what_is_not_exposed_is_dated_by_the_finding() -> None:
    assert judged(place("index")).since == "2025-01-01"
    assert judged().reason == "it stands in no known place, which is not what a remote holds"
    said = judged(place(commit="c2"), known=Known(public=True)).reason
    assert said.startswith("which remote is the public one is not known")


def test_of_several_remotes_the_public_one_must_be_named() -> None:
    assert public_remote([], None) is None
    assert public_remote(["origin"], None) == "origin"
    assert public_remote(["fork", "origin"], None) is None
    assert public_remote(["fork", "origin"], "fork") == "fork"
    assert public_remote(["origin"], "gone") is None


def test_names_that_could_be_something_else_do_not_count() -> None:
    names = [b"refs/remotes/a/main", b"refs/remotes/a/old", b"refs/remotes/a/b/dev", b"refs/remotes/c/main"]
    names += [b"refs/heads/a/old", b"refs/tags/a/main", b"refs/stash"]
    assert tracking(names, ["a", "a/b", "c"], "a") == {"a/main": b"refs/remotes/a/main"}
    assert tracking(names, ["a", "a/b", "c"], "a/b") == {"a/b/dev": b"refs/remotes/a/b/dev"}


def test_age() -> None:
    start = moment("2026-01-02T00:00:00Z")
    assert start == moment("2026-01-02") == moment("2026-01-02T01:00:00+01:00") == 1767312000.0
    assert age("2026-01-02", 1767312000.0 + 86400 * 2.9) == 2
    assert age("2026-01-02", 0.0) == 0
    assert age("soon", 0.0) is age(None, 0.0) is None


class Story:
    """A repository with a pushed commit, one that is not pushed, and one that only a reflog holds."""

    def __init__(self, repo: Repo, folder: Path) -> None:
        self.repo = repo
        repo.git("init", "-q", "--bare", str(folder / "public"))
        repo.git("init", "-q", "--bare", str(folder / "private"))
        self.pushed = repo.commit({"a": b"1"})
        repo.git("remote", "add", "origin", str(folder / "public"))
        repo.git("push", "-q", "origin", "main")
        self.ours = repo.commit({"a": b"2"})
        self.dropped = repo.commit({"a": b"3"})
        repo.git("reset", "-q", "--hard", "HEAD~")
        self.folder = folder

    def learned(self, public: bool = True, chosen: str | None = None) -> Known:
        git = find(str(self.repo.path), os.environ, own=False).git
        return learn(git, public, chosen, [self.pushed, self.ours, self.dropped, "0" * 40, self.pushed])


@pytest.fixture
def story(repo: Repo, tmp_path: Path) -> Story:
    return Story(repo, tmp_path)


def test_the_remote_is_known_to_hold_what_was_pushed(story: Story) -> None:
    assert story.learned() == Known(True, "origin", frozenset({"origin/main"}), frozenset({story.pushed}))


def test_of_a_private_repository_nothing_is_asked(story: Story) -> None:
    assert story.learned(public=False) == Known(False, "origin")


def test_a_ref_of_another_remote_does_not_count(story: Story) -> None:
    story.repo.git("remote", "add", "inside", str(story.folder / "private"))
    story.repo.git("push", "-q", "inside", "main")
    assert story.learned() == Known(True)  # which of the two is public?
    assert story.learned(chosen="origin").commits == {story.pushed}
    assert story.learned(chosen="inside").commits == {story.pushed, story.ours}
    assert story.learned(chosen="gone") == Known(True)


def test_a_remote_that_was_never_fetched_holds_nothing_known(repo: Repo) -> None:
    oid = repo.commit({"a": b"1"})
    repo.git("remote", "add", "origin", "https://example.org/x")
    git = find(str(repo.path), os.environ, own=False).git
    assert learn(git, True, None, [oid]) == Known(True, "origin")
    assert learn(git, True, None, []) == Known(True, "origin")


def test_what_history_finds_is_exposed_where_it_was_pushed(story: Story, run: Run) -> None:
    """With the reach that the program itself finds."""
    from scanner.report.reading import to_report
    from tests.conftest import token

    story.repo.commit({"out": token(seed=1)})
    story.repo.git("push", "-q", "origin", "main")
    story.repo.commit({"in": token(seed=2)})
    story.repo.write("staged", token(seed=3))
    story.repo.git("add", "staged")
    story.repo.git("stash", "-q")
    found = to_report(run("history", "-f", "json", "--jobs", "1").out).findings
    known = story.learned()
    shown = {each.locations[0].path: exposure(each, known).exposed for each in found}
    assert shown == {b"out": True, b"in": False, b"staged": False}
