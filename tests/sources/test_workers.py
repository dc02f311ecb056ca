"""Several processes that look at objects: the same result however many they are, and whatever happens to them."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from scanner import rules
from scanner.detect import Detector
from scanner.git import enumerate as enumeration
from scanner.git.enumerate import Listed
from scanner.git.repository import find
from scanner.git.run import Git
from scanner.git.stream import Piece
from scanner.model import Problem
from scanner.sources import crew, engines, history, workers
from scanner.sources import packed as packs
from scanner.sources import tally as tally_of
from scanner.sources.crew import Work
from scanner.sources.history import Scope, Watch, through_git
from scanner.sources.jobs import Answer, Job
from scanner.sources.portions import Inbox, Pool
from scanner.sources.tally import Tally
from scanner.sources.workers import read
from tests.conftest import Repo, token

RULES = rules.builtin()


class Result(NamedTuple):
    """All answers together."""

    counts: tuple[int, int, int, int]
    found: list[tuple[bytes, list[tuple[bytes, int, int]]]]  # object; secret, line and column of each hit
    lineage: list[bytes]
    unread: list[bytes]
    problems: list[Problem]


def together(answers: list[Answer]) -> Result:
    """The sum of all answers, in an order of its own."""
    found = [
        (item.oid, [(hit.match.secret.reveal(), hit.position.line, hit.position.column) for hit in item.examined.hits])
        for answer in answers
        for item in answer.found
    ]
    return Result(
        (
            sum(answer.blobs for answer in answers),
            sum(answer.commits for answer in answers),
            sum(answer.tags for answer in answers),
            sum(answer.size for answer in answers),
        ),
        sorted(found),
        sorted(line for answer in answers for line in answer.lineage.splitlines()),
        sorted(oid for answer in answers for oid in answer.unread),
        [problem for answer in answers for problem in answer.problems],
    )


def in_small_parts(git: Git) -> Generator[Listed, None, None]:
    """All objects, ten at a time."""
    for part in enumeration.all_objects(git):
        oids = part.oids.splitlines(keepends=True)
        for some in (oids[start : start + 10] for start in range(0, len(oids), 10)):
            yield Listed(b"".join(some), len(some), len(some))


def scan(git: Git, processes: int = 2, *, explain: bool = False, least: int = 50_000) -> Result:
    """Everything in a repository, in small portions."""
    pool = Pool(in_small_parts(git), least)
    return together(list(through_git(Job(git, RULES, 5.0, explain=explain), pool, processes)))


@pytest.fixture
def git(repo: Repo) -> Git:
    """A repository with 300 blobs, some of them with tokens, some large, one empty, and a tag."""
    draw = random.Random(1)
    for number in range(299):
        body = draw.randbytes(draw.choice([10, 100, 1000, 20_000])).replace(b"\n", b" ") + b"\n"
        repo.write(f"f{number}", body + (token(seed=number) + b"\n" + body if number % 10 == 0 else b""))
    repo.write("empty", b"")
    repo.git("add", ".")
    repo.commit(message=f"all of them\n\n{token('user').decode()}")
    repo.git("tag", "-a", "-m", token("app-level").decode(), "v1")
    return find(str(repo.path), os.environ, own=False).git


@pytest.mark.processes
def test_everything_is_looked_at_once(git: Git) -> None:
    result = scan(git)
    listed = list(enumeration.all_objects(git))
    assert result.counts == (300, 1, 1, sum(part.size for part in listed))
    assert len(result.found) == 32
    assert {secret for _, hits in result.found for secret, _, _ in hits} == {
        *(token(seed=number) for number in range(0, 299, 10)),
        token("user"),
        token("app-level"),
    }
    assert (result.unread, result.problems, len(result.lineage)) == ([], [], 1)


@pytest.mark.parametrize("processes", [1, 4])
def test_however_many_processes(git: Git, processes: int) -> None:
    assert scan(git, processes) == scan(git, 2)


@pytest.mark.parametrize("least", [1, 1 << 40])
def test_however_small_the_portions(git: Git, least: int) -> None:
    """git holds the end of an answer back until it is asked more, or there is no more: nobody waits for ever."""
    assert scan(git, least=least) == scan(git)


@pytest.mark.parametrize("each", [1, 7, 151])
def test_an_answer_is_of_its_portion_alone(git: Git, each: int) -> None:
    """However many portions stand in one piece of git's answer: one that is lost is done again, and counts once."""
    oids = b"".join(part.oids for part in enumeration.all_objects(git)).splitlines(keepends=True)
    portions = [oids[start : start + each] for start in range(0, len(oids), each)]
    ours, theirs = multiprocessing.Pipe()
    inbox = Inbox(theirs)
    for portion in portions:
        ours.send_bytes(b"".join(portion))
    ours.send_bytes(b"")
    job = Job(git, RULES, 5.0, account=True)
    made = list(workers.answers(job, Detector(RULES, 5.0), inbox))
    assert [[line.split()[0] + b"\n" for line in answer.looked.splitlines()] for answer in made] == portions
    assert [answer.blobs + answer.commits + answer.tags for answer in made] == [len(portion) for portion in portions]
    assert together(made) == scan(git)


def test_without_fork(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = scan(git)
    monkeypatch.setattr(crew, "FORKS", False)
    assert scan(git, 2) == expected


@pytest.mark.no_cover
def test_however_it_is_read(git: Git) -> None:
    """In whatever pieces, and whatever counts as too large to hold."""
    expected = scan(git)
    portion = b"".join(part.oids for part in enumeration.all_objects(git))
    detector = Detector(RULES, 5.0)
    for piece in (1, 61, 1000, 30_000, 1 << 20):
        for large in (0, 500, 1 << 20):
            job = Job(git, RULES, 5.0, piece=piece, large=large)
            answer = read(job, portion, Tally(job, detector))
            assert together([answer]) == expected, (piece, large)


def test_contents_do_not_leave_a_worker(git: Git) -> None:
    answers = list(through_git(Job(git, RULES, 5.0), Pool(enumeration.all_objects(git)), 2))
    held = {item.kind: item.content for answer in answers for item in answer.found}
    assert held[b"blob"] == b""
    assert held[b"commit"].startswith(b"tree ")
    assert held[b"tag"].startswith(b"object ")


@pytest.mark.processes
def test_what_checks_turn_down_is_kept_only_where_it_was_asked_for(repo: Repo) -> None:
    repo.commit({"a": b"xoxb" + b"-0000000000-0000000000-" + b"x" * 24})
    git = find(str(repo.path), os.environ, own=False).git
    assert scan(git).found == []
    ((_, hits),) = scan(git, explain=True).found
    assert hits == []


# Whatever happens to git and to the processes


def broken(git: Git, folder: Path, body: str) -> Git:
    """A git that is started through a shell script wherever it reads objects: `body` decides. $@ are the arguments of
    git, and $REAL is git."""
    real = next(path for path in (Path(part) / "git" for part in os.get_exec_path()) if path.exists())
    script = folder / "bin/git"
    script.parent.mkdir()
    head = f'#!/bin/sh\nREAL={real}\ncase "$*" in *"--batch --buffer") ;; *) exec $REAL "$@";; esac\n'
    script.write_text(f"{head}{body}\n")
    script.chmod(0o755)
    return git._replace(environ={**git.environ, "PATH": f"{script.parent}:{git.environ['PATH']}"})


def poison(repo: Repo) -> str:
    """The id of a blob with a token."""
    return repo.git("rev-parse", "HEAD:f100")


DIES = 'sed -u /{oid}/Q | $REAL "$@"'  # it reads line by line, and no further


@pytest.mark.processes
def test_an_object_that_git_dies_of(git: Git, repo: Repo, tmp_path: Path) -> None:
    expected, oid = scan(git), poison(repo).encode()
    result = scan(broken(git, tmp_path, DIES.format(oid=oid.decode())))
    assert (result.unread, result.problems) == ([oid], [])
    assert result.found == [item for item in expected.found if item[0] != oid]
    assert result.counts[0] == 299


@pytest.mark.processes
def test_torn_output(git: Git, tmp_path: Path) -> None:
    """git writes so many bytes and no more, which is enough for each object alone: all is found in the end."""
    expected = scan(git)
    result = scan(broken(git, tmp_path, '$REAL "$@" | head -c 45000'))
    assert result == expected


@pytest.mark.processes
@pytest.mark.parametrize(
    "body", ["exit 1", "echo nonsense", "head -c 1000 /dev/zero", 'echo "12 blob many"', "yes | head -c 100000"]
)
def test_a_git_that_never_answers_is_given_up(git: Git, tmp_path: Path, body: str) -> None:
    result = scan(broken(git, tmp_path, body), 1)
    assert result.found == []
    left = sum(int(problem.message.split(" ")[0]) for problem in result.problems)
    assert len(result.unread) + left == 302
    assert all("git dies of each" in problem.message for problem in result.problems)


KILLS = 'sed -u "/{oid}/e kill -9 $PPID" | $REAL "$@"'  # the process that asks for it


@pytest.mark.parametrize("processes", [1, 3])
def test_a_process_that_is_killed(git: Git, repo: Repo, tmp_path: Path, processes: int) -> None:
    """What it had been given is done again; only what kills every process is left, and named."""
    expected, oid = scan(git), poison(repo)
    result = scan(broken(git, tmp_path, KILLS.format(oid=oid)), processes)
    assert [(problem.what, problem.message) for problem in result.problems] == [(oid, "a process that read it died")]
    assert result.found == [item for item in expected.found if item[0] != oid.encode()]
    assert result.counts[:3] == (299, 1, 1)


def killing(pool: Work, job: Job, moment: int, number: int) -> Iterator[Answer]:
    """The answers for what is in `pool`; at the answer of that `moment` one of the processes is killed."""
    for count, answer in enumerate(through_git(job, pool, 3)):
        if count == moment:
            _kill(number)
        yield answer


def _kill(number: int) -> None:
    children = sorted(multiprocessing.active_children(), key=lambda child: child.pid or 0)
    if children:
        children[number % len(children)].kill()


@pytest.mark.parametrize("moment", [0, 2, 6])
def test_a_process_that_is_killed_at_any_moment(git: Git, moment: int) -> None:
    """All is found, and counted once."""
    pool = Pool(in_small_parts(git), 50_000)
    assert together(list(killing(pool, Job(git, RULES, 5.0), moment, moment))) == scan(git)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", ["auto", "git"])
def test_a_process_of_an_engine_that_is_killed(
    git: Git, repo: Repo, monkeypatch: pytest.MonkeyPatch, name: str, packed: bool
) -> None:
    """Whatever is read: packs, or loose objects alone."""
    if packed:
        repo.git("repack", "-adq")
    monkeypatch.setattr(packs, "LEAST", 20_000)
    monkeypatch.setattr(history, "Pool", lambda listed: Pool(listed, 20_000))
    monkeypatch.setattr(packs, "Pool", lambda listed: Pool(listed, 20_000))
    monkeypatch.setattr(enumeration, "_MUCH", 20_000)
    repository = find(str(repo.path), os.environ, own=False)
    expected = engines.look(name, repository, Job(git, RULES, 5.0), Scope(), 3).whole()
    for moment in (0, 2, 5):
        counted = itertools.count()
        advance = lambda objects, size, at=moment, c=counted: _kill(at) if next(c) == at else None  # noqa: E731
        seen = engines.look(name, repository, Job(git, RULES, 5.0), Scope(), 3, Watch(advance)).whole()
        assert seen._replace(lineage=b"") == expected._replace(lineage=b"")
        assert sorted(seen.lineage.splitlines()) == sorted(expected.lineage.splitlines())


def test_an_exception_loses_no_finds_and_shows_no_values(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(oid: bytes, data: bytes, start: int, end: int) -> bytes:
        raise ValueError(token().decode())

    monkeypatch.setattr(tally_of, "lineage", fails)
    portion = b"".join(part.oids for part in enumeration.all_objects(git))
    job = Job(git, RULES, 5.0, piece=1000)
    answer = read(job, portion, Tally(job, Detector(RULES, 5.0)))
    assert answer.found
    (problem,) = answer.problems
    assert problem.message.endswith("were not looked at: a bug in xoxscan, ValueError")


def test_no_git(git: Git) -> None:
    gone = git._replace(environ={**git.environ, "PATH": "/nowhere"})
    job = Job(gone, RULES, 5.0)
    answer = read(job, b"0" * 40 + b"\n", Tally(job, Detector(RULES, 5.0)))
    assert [problem.message for problem in answer.problems] == ["1 objects were not looked at: git was not found"]


def test_a_parent_that_is_gone(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally(Job(git, RULES, 5.0), Detector(RULES, 5.0))
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(SystemExit):
        tally.take(Piece(b"", []))


_ENDING = """
import multiprocessing, os, signal, time
from scanner.sources.workers import serve

class Left:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
        os.getpid()

def answering():
    left = Left()
    del left
    while True:
        time.sleep(60)
    yield

ours, theirs = multiprocessing.Pipe()
serve(theirs, [], answering)
"""


def test_a_process_that_is_told_to_end_while_it_cleans_up() -> None:
    """Python drops what is raised then, and would say so."""
    done = subprocess.run([sys.executable, "-c", _ENDING], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
