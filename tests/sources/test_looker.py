"""Looking at blobs by id."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner import rules
from scanner.detect import Detector
from scanner.examine import Examined
from scanner.git.changes import Change, Delta, Side
from scanner.git.objects import Cat
from scanner.git.repository import find
from scanner.inside import Kept, examine_stream
from scanner.model import Location, Problem, Suppression
from scanner.sources import looker
from scanner.sources.looker import Looker, folded, overruns, submodules
from tests.commands.histories import clone
from tests.conftest import Repo, token

BOT, USER = token(), token("user")
DETECTOR = Detector(rules.builtin(), 5.0)
Make = Callable[[Path], Looker]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes a Looker for the repository in a folder."""
    cats: list[Cat] = []

    def made(path: Path) -> Looker:
        repository = find(str(path), os.environ, own=False)
        cats.append(Cat(repository.git))
        return Looker(repository, cats[-1], DETECTOR, foreign=False)

    yield made
    for cat in cats:
        cat.close()


def blob(repo: Repo, content: bytes, path: bytes = b"a", mode: bytes = b"100644") -> Side:
    return Side(path, mode, repo.git("hash-object", "-w", "--stdin", stdin=content).encode())


def test_every_blob_is_looked_at_once(repo: Repo, make: Make) -> None:
    look = make(repo.path)
    one, two = blob(repo, BOT + b"\n" + USER), blob(repo, b"none", b"b")
    look.look([one, two, one._replace(path=b"copy")])
    assert [len(look.hits(side)) for side in (one, two, one._replace(path=b"copy"))] == [2, 0, 2]
    assert (look.blobs, look.bytes, look.problems) == (2, len(BOT) + len(USER) + 5, [])
    assert [look.notable(side) for side in (one, two, two._replace(path=BOT))] == [True, False, True]


def test_what_was_not_asked_for_is_looked_at_when_needed(repo: Repo, make: Make) -> None:
    look = make(repo.path)
    assert [hit.match.rule for hit in look.hits(blob(repo, BOT))] == ["slack-bot-token"]
    assert look.blobs == 1


def test_submodules_are_not_looked_at(repo: Repo, make: Make) -> None:
    look = make(repo.path)
    module = Side(b"sub", b"160000", b"1" * 40)
    look.look([module])
    assert look.hits(module) == () and not look.notable(module)
    assert (look.blobs, look.problems) == (0, [])
    (skip,) = submodules([module, module._replace(oid=b"2" * 40), blob(repo, b"x"), module._replace(path=b"two")])
    assert (skip.what, skip.count) == ("submodule", 2) and "sub, two" in skip.reason
    assert submodules([blob(repo, b"x")]) == ()


def test_a_large_blob_is_looked_at_in_windows(repo: Repo, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"line\n" * 400_000 + BOT + b"\n" + b"line\n" * 400_000 + USER
    side = blob(repo, text)
    whole = make(repo.path).hits(side)
    streams: list[Examined] = []

    def streamed(detector: Detector, read: Callable[[int], bytes], foreign: bool, kept: Kept) -> Examined:
        streams.append(examine_stream(detector, read, foreign, kept))
        return streams[-1]

    monkeypatch.setattr(looker, "LARGE", 1 << 20)
    monkeypatch.setattr(looker, "examine_stream", streamed)
    windowed = make(repo.path).hits(side)
    assert len(streams) == 1, "it is not read whole"
    assert [hit.position for hit in windowed] == [hit.position for hit in whole]
    assert [hit.position.line for hit in windowed] == [400_001, 800_002]


def test_what_a_change_introduces(repo: Repo, make: Make) -> None:
    look = make(repo.path)
    link = blob(repo, BOT, USER, b"120000")
    change = Change(None, ((Delta(None, link),),))
    found = list(look.introduced(change, lambda path, hit: None, Location("blob", commit="c")))
    assert [(item.location.source, item.hit.match.rule) for item in found] == [
        ("symlink", "slack-bot-token"),
        ("path-name", "slack-user-token"),
    ]
    assert {item.location.commit for item in found} == {"c"}
    assert [item.location.blob for item in found] == [link.oid.decode(), None]
    allowed = Suppression("path")
    marked = list(look.introduced(change, lambda path, hit: allowed, Location("blob")))
    assert {item.location.suppressed for item in marked} == {allowed}


def test_what_was_turned_down(repo: Repo, make: Make) -> None:
    look = make(repo.path)
    side = blob(repo, b"\nxoxb-" + b"123456789012-" * 2 + b"x" * 24)
    look.look([side])
    ((place, dropped),) = look.dropped([side], Location("index"))
    assert (place.source, place.path, place.position and place.position.line) == ("index", b"a", 2)
    assert dropped.rule == "slack-bot-token"


def test_absent_and_damaged_blobs_are_problems_and_the_rest_is_looked_at(repo: Repo, make: Make) -> None:
    sides = [blob(repo, b"%d " % number + BOT, b"f%d" % number) for number in range(6)]
    for number, content in ((1, None), (3, b"nonsense")):
        path = repo.path / ".git/objects" / sides[number].oid[:2].decode() / sides[number].oid[2:].decode()
        path.unlink()
        if content:
            path.write_bytes(content)
    look = make(repo.path)
    look.look(sides)
    assert [len(look.hits(side)) for side in sides] == [1, 0, 1, 0, 1, 1]
    assert [problem.what for problem in look.problems] == ["f1", "f3"]
    assert all("git fsck" in problem.hint for problem in look.problems)
    assert look.blobs == 4


def test_a_large_blob_that_breaks_off_is_a_problem(repo: Repo, make: Make) -> None:
    """git prints large blobs while it reads them, and ends where it cannot go on."""
    repo.git("config", "core.bigFileThreshold", "1k")
    torn, whole = blob(repo, random.Random(1).randbytes(1 << 20), b"torn"), blob(repo, BOT, b"whole")
    path = repo.path / ".git/objects" / torn.oid[:2].decode() / torn.oid[2:].decode()
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[: 1 << 19])
    look = make(repo.path)
    look.look([torn, whole])
    assert [len(look.hits(side)) for side in (torn, whole)] == [0, 1]
    (problem,) = look.problems
    assert problem.what == "torn" and "in the middle" in problem.message and "git fsck" in problem.hint


def test_only_so_many_problems_are_told_one_by_one(repo: Repo, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looker, "_TOLD", 2)
    look = make(repo.path)
    look.look(Side(b"f", b"100644", b"%040d" % number) for number in range(1, 6))
    assert len(look.problems) == 3
    assert look.problems[-1].message == "and 3 more blobs could not be looked at"


def test_in_a_partial_clone_absent_blobs_are_asked_for_once(repo: Repo, make: Make) -> None:
    """git 2.39 ends at each of them: after the first one, what is here is listed, and no other is asked for."""
    repo.git("config", "uploadpack.allowFilter", "true")
    for number in range(40):
        repo.commit({"a": b"%d" % number})
    partial = clone(repo, "--filter=blob:none")
    here = blob(partial, BOT, b"here")
    absent = [Side(b"a", b"100644", repo.git("rev-parse", f"HEAD~{number}:a").encode()) for number in range(1, 40)]
    look = make(partial.path)
    started = []
    real = look._cat._git.__class__.start

    def counted(*arguments: object, **options: object) -> object:
        started.append(arguments[1])
        return real(*arguments, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(look._cat._git.__class__, "start", counted)
        look.look([*absent[:20], here, *absent[20:]])
        look.look([absent[0], *absent])
    assert len(look.hits(here)) == 1
    assert (look.blobs, len(look.problems)) == (1, 39)
    assert len(started) < 10, started


def test_a_rule_that_runs_out_of_time_is_a_problem(repo: Repo) -> None:
    repository = find(str(repo.path), os.environ, own=False)
    hostile = rules.parse(HOSTILE, "hostile.yaml")
    with Cat(repository.git) as cat:
        look = Looker(repository, cat, Detector(hostile, 0.01), foreign=False)
        look.look([blob(repo, b"anchor" + b"a" * 40)])
    assert [problem.message for problem in look.problems] == ["rule slow ran out of time here"]


def test_a_rule_that_is_given_up_is_one_problem_more() -> None:
    other = Problem("x", "cannot be read")
    slow, slower = Examined(overrun=("slow",)), Examined(overrun=("slow", "slower"))
    told = [problem for number in range(8) for problem in overruns(b"%d" % number, slow)]
    told += [
        other,
        *overruns(b"7", slow),
        *overruns(b"last", slower),
        *[other._replace(what=f"y{n}") for n in range(9)],
    ]
    *single, more = folded(told)
    assert [(problem.what, problem.message) for problem in single[:3]] == [
        (f"{number}", "rule slow ran out of time here") for number in range(3)
    ]
    assert [problem.what for problem in single[3:]] == ["x", "last", *(f"y{n}" for n in range(9))]
    assert more.what == "rule slow"
    assert more.message.endswith("was given up; files and objects that were not looked at with it: 6")


HOSTILE = b"""
rules:
  - id: slow
    name: A slow rule
    kind: slow
    description: Backtracks.
    severity: low
    anchors: [anchor]
    pattern: 'anchor(a|aa)+(a|aa)+(a|aa)+(a|aa)+b'
    examples: [anchoraaaab]
    counter_examples: []
    references: []
    remediation: None.
    verify: none
    revoke: none
"""
