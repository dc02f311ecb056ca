"""The nouns. Immutable, compared by value, passed between all layers; nothing here does I/O.

Bytes are bytes (paths, tokens, contents); text appears only in what people will read.
"""

# Without `from __future__ import annotations`: NamedTuple would compile each annotation by itself, 2 ms in all.

import time
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple, Protocol, final

SEVERITIES = ("critical", "high", "medium", "low")


@final
class Secret:
    """A token, as issued. It never prints itself: only `reveal()` gives the bytes, and a test lists who may call it."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The token itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(****)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> "tuple[type[Secret], tuple[bytes]]":
        return Secret, (self._value,)


class Check(NamedTuple):
    """One structure check of a rule: its name in `scanner.checks`, and its arguments as the rule file gives them."""

    name: str
    arguments: Mapping[str, object]


class Rule(NamedTuple):
    """One kind of credential, as a rule file describes it (rules/README.md explains every field)."""

    id: str
    name: str
    kind: str
    description: str
    severity: str  # critical | high | medium | low
    anchors: tuple[bytes, ...]
    pattern: str
    checks: tuple[Check, ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    references: tuple[str, ...]
    remediation: str
    verify: str
    revoke: str
    origin: str = ""  # file and line, for complaints
    also: tuple[bytes, ...] = ()  # if any: every match contains one of these, too
    holds: str = ""  # if any, such as "[0-9a-f]{32,39}": every match has so many of these characters in a row
    begins: tuple[bytes, ...] = ()  # if any: every match begins with one of these


class Match(NamedTuple):
    """One occurrence of one rule in one text. `start` and `end` are byte offsets in the raw text."""

    rule: str
    kind: str
    secret: Secret  # decoded and unescaped, as issued
    redacted: str  # prefix and public ids, nothing of the secret part
    anatomy: tuple[tuple[str, str], ...]  # public ids by name, e.g. ("team", "1234567890")
    start: int
    end: int


class Dropped(NamedTuple):
    """A candidate that matched a rule's pattern and that a check turned down (`--explain-drops`)."""

    rule: str
    shown: str  # redacted
    start: int
    end: int
    check: str
    why: str


class Position(NamedTuple):
    """Where in its text: lines and columns count from 1, columns count characters as an editor shows them."""

    line: int
    column: int
    end_line: int
    end_column: int


class Suppression(NamedTuple):
    """Somebody allowed a place or a secret: how, why, who, until when (ISO date)."""

    by: str  # inline | path | fingerprint | baseline | pattern
    reason: str | None = None
    owner: str | None = None
    until: str | None = None


class Beside(NamedTuple):
    """A public id that stands beside a secret and belongs to it, in the same text."""

    kind: str  # e.g. client-id
    value: str
    position: Position


class Hit(NamedTuple):
    """A match with its position in its text, and the inline marker that allows it, if there is one."""

    match: Match
    position: Position
    inline: Suppression | None = None
    encoding: tuple[str, ...] = ()  # what was taken off to see it, the outermost first
    pieces: tuple[Position, ...] = ()  # the parts of a token that was broken up
    member: tuple[bytes, ...] = ()  # the names, in archives, of what it stands in
    beside: tuple[Beside, ...] = ()


class Names(NamedTuple):
    """Some names out of many: how many there are, and the first twenty."""

    count: int = 0  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    first: tuple[str, ...] = ()


class Reach(NamedTuple):
    """What still holds an object."""

    branches: Names = Names()
    tags: Names = Names()
    stash: bool = False
    notes: bool = False
    reflog: bool = False
    alternate: bool = False
    unreachable: bool = False


class Location(NamedTuple):
    """One place where a secret stands. None is «not known» or «does not apply», never 0.

    `source` is worktree, index, blob, commit-message, tag-message, note, reflog, ref-name, path-name, symlink or stdin.
    """

    source: str
    path: bytes | None = None
    member: tuple[bytes, ...] = ()
    encoding: tuple[str, ...] = ()
    position: Position | None = None
    pieces: tuple[Position, ...] = ()
    blob: str | None = None
    commit: str | None = None
    author: str | None = None
    date: str | None = None
    reach: Reach | None = None
    suppressed: Suppression | None = None
    beside: tuple[Beside, ...] = ()  # empty in findings: these have them as parts

    def of(self, hit: Hit, suppressed: Suppression | None) -> "Location":
        """The place of `hit` in this file, which `suppressed` allows."""
        return self._replace(
            position=hit.position,
            suppressed=suppressed,
            member=hit.member,
            encoding=hit.encoding,
            pieces=hit.pieces,
            beside=hit.beside,
        )


class Event(NamedTuple):
    """When and by whom a secret came in (or went)."""

    commit: str | None
    author: str | None
    date: str | None
    path: bytes | None


class Counts(NamedTuple):
    """How often a secret stands where. None where the source cannot know."""

    occurrences: int | None = None
    blobs: int | None = None
    paths: int | None = None
    commits: int | None = None  # that bring it in
    removals: int | None = None  # commits that take it out


class Held(NamedTuple):
    """What has a secret in its files now, not only in its past. None where the source cannot know, or there is none."""

    head: bool | None = None
    default_branch: bool | None = None  # of the remote `origin`, or of a bare repository itself
    branches: int | None = None
    remote_branches: int | None = None
    tags: int | None = None
    others: int | None = None  # other refs: pull requests, stash, notes, the detached HEAD of a work tree


class Identity(NamedTuple):
    """Whom a token speaks for, as auth.test says it."""

    team: str | None = None
    team_id: str | None = None
    enterprise_id: str | None = None
    user: str | None = None
    user_id: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    url: str | None = None


class Verdict(NamedTuple):
    """What Slack said about a secret, in our words. `state` is active, restricted, inactive, rejected, unknown or
    unsupported; `code` is Slack's own word, if it said one."""

    state: str
    reason: str
    identity: Identity | None = None
    scopes: tuple[str, ...] = ()
    impact: tuple[str, ...] = ()  # what it lets an attacker do, worst first
    checked_at: str | None = None  # RFC 3339, UTC
    code: str | None = None
    expires_in: int | None = None  # seconds
    org_wide: bool = False  # is_enterprise_install


class Response(NamedTuple):
    """What was done about a secret. `state` is rehearsed, revoked (only with proof), unproven, failed, held (a person
    must decide), refused (Slack said no) or skipped (policy says never, or there is no API for the kind)."""

    state: str
    reason: str
    policy: str | None = None  # the line that decided: file:line, or the name of the default
    at: str | None = None  # RFC 3339, UTC
    proof: str | None = None


class Named(NamedTuple):
    """A part of a finding that is no secret: a public id, with its places."""

    kind: str
    value: str
    locations: tuple[Location, ...]


class Shared(NamedTuple):
    """A part of several findings: the secret stands whole in another one."""

    kind: str
    redacted: str
    fingerprint: str
    held_by: str  # the fingerprint of the finding that it stands whole in
    holder: str  # and the secret of that finding, redacted


class Finding(NamedTuple):
    """One secret, with all its places. `parts` are public ids, until what belongs together is put together for a report
    (scanner.pairs): then also secrets, each a finding of its own."""

    secret: Secret
    fingerprint: str
    rule: str
    kind: str
    severity: str
    redacted: str
    anatomy: tuple[tuple[str, str], ...]
    locations: tuple[Location, ...]
    introduced: Event | None = None
    removed: Event | None = None
    exposed: tuple[str | None, str | None] = (None, None)
    counts: Counts = Counts()
    remediation: str = ""
    verdict: Verdict | None = None
    response: Response | None = None
    held: Held = Held()
    parts: "tuple[Finding | Named | Shared, ...]" = ()

    def singly(self) -> "Iterator[Finding]":
        """This secret and those that are parts of it, each by itself: what stands whole elsewhere stands there."""
        yield self._replace(parts=tuple(part for part in self.parts if isinstance(part, Named)))
        for part in self.parts:
            if isinstance(part, Finding):
                yield from part.singly()

    @property
    def worst(self) -> str:
        """The highest severity of the secrets in it. A word of others' counts as the highest."""
        order = {word: place for place, word in enumerate(SEVERITIES)}
        return min((each.severity for each in self.singly()), key=lambda word: order.get(word, 0))


class Suppressed(NamedTuple):
    """A finding that somebody allowed. It stays in the report."""

    finding: Finding
    suppression: Suppression


class Problem(NamedTuple):
    """Something that could not be read: data, reported, and it makes the run incomplete."""

    what: str  # a path, an object id, a revision
    message: str
    hint: str = ""


class Skip(NamedTuple):
    """Something closed to us by nature: no status, but said. `first` are the first twenty places, by name: paths, or
    ids of objects whose path is not known."""

    what: str  # e.g. "submodule", "device"
    reason: str
    count: int = 1  # type: ignore[assignment]  # as above
    first: tuple[str, ...] = ()


class Coverage(NamedTuple):
    """What was looked at."""

    files: int | None = None
    blobs: int | None = None
    commits: int | None = None
    bytes: int | None = None
    skipped: tuple[Skip, ...] = ()
    expanded: int | None = (
        None  # bytes that were packed in these, or stand in Git LFS for them, and were looked at, too
    )


class Target(NamedTuple):
    """What the run was asked to look at."""

    kind: str  # the command: scan, staged, range, history …
    repository: str | None = None
    head: str | None = None
    range: str | None = None
    whole: bool = False  # nothing was left out by a choice of paths or rules: what is not found is not there


class Report(NamedTuple):
    """Everything that a run found out; what the reporters write."""

    target: Target
    started: str  # RFC 3339, UTC
    finished: str
    rules: int
    config_from: str | None
    coverage: Coverage
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()  # one sentence each: expired and stale entries, what a clone lacks, …
    dropped: tuple[tuple[Location, Dropped], ...] = ()
    exit: int = 0
    state_used: str | None = None  # the file with what earlier runs learned, if anything of it was used


class Snapshot(Protocol):
    """Named files as they stood somewhere: in a folder, in the index, or in a commit."""

    label: str  # for config_from, e.g. "HEAD", "index", "/etc/xoxscan"

    def read(self, path: bytes) -> bytes | None:
        """The content of the file at `path` (slashes, relative to the top), or None where there is none."""

    def names(self, folder: bytes) -> list[bytes]:
        """The names of the plain files directly in `folder`; empty where there is no such folder."""


class Keep(Protocol):
    """Keeps what takes long to make ready, for the next run."""

    def load(self, key: str) -> bytes | None:
        """What was kept under `key`, as it was; None where nothing was."""
        ...

    def save(self, key: str, made: bytes) -> None:
        """Keeps it, if that can be done."""
        ...


class Streams(NamedTuple):
    """The rim of the program: what a command reads from, writes to, and takes the time from."""

    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO
    environ: Mapping[str, str]
    clock: Callable[[], float]  # seconds since 1970
    sleep: Callable[[float], None] = time.sleep
