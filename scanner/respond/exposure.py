"""Which places of a finding are exposed: those whose commit a public remote is known to hold (docs/trust.md).

Index, work tree, stash, reflogs, unreachable and unpushed commits are not; nor are tags, notes and ref names, as no
local ref tells which of them a remote holds. Unknown visibility counts as private. Only `learn` asks git; all else is
pure.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scanner.git import refs
from scanner.git.run import Git
from scanner.model import Finding, Location

_HEADS, _REMOTES = refs.BRANCHES
# What a commit of a branch holds. Messages of tags, notes and names of refs do not travel with a branch.
_COMMITTED = ("blob", "commit-message", "path-name", "symlink")


class Known(NamedTuple):
    """What is known of the repository and of what its public remote holds."""

    public: bool = False  # the event, the forge or `--visibility` said so
    remote: str | None = None  # the remote that is the public one
    refs: frozenset[str] = frozenset()  # names of its remote-tracking branches, as Reach has them
    commits: frozenset[str] = frozenset()  # of the commits in question those that it holds
    event: bool = False  # all commits that were looked at came with a CI event of this repository


class Exposure(NamedTuple):
    """`places` says of each location whether it is exposed; `reason` why, or why none is."""

    places: tuple[bool, ...]
    reason: str
    since: str | None  # date of the first exposed place, as its author wrote it

    @property
    def exposed(self) -> bool:
        """One place is enough."""
        return any(self.places)


def exposure(finding: Finding, known: Known) -> Exposure:
    """Which places of `finding` are exposed."""
    places = tuple(known.public and _out(place, known) for place in finding.locations)
    dates = [place.date for place, out in zip(finding.locations, places, strict=True) if out and moment(place.date)]
    since = min(dates, key=lambda date: moment(date) or 0.0, default=None)
    return Exposure(places, _reason(finding, known, places), since or finding.exposed[0])


def _out(place: Location, known: Known) -> bool:
    if place.source not in _COMMITTED:
        return False
    if place.commit is not None and (known.event or place.commit in known.commits):
        return True
    return place.reach is not None and not known.refs.isdisjoint(place.reach.branches.first)


def _reason(finding: Finding, known: Known, places: Sequence[bool]) -> str:
    if not known.public:
        return "the repository is not known to be public"
    for place, out in zip(finding.locations, places, strict=True):
        if out:
            return f"{_named(place)} is {_holder(place, known)}"
    if not any(place.source in _COMMITTED for place in finding.locations):
        sources = sorted({place.source for place in finding.locations})
        return f"it stands in {', '.join(sources) or 'no known place'}, which is not what a remote holds"
    if known.remote is None and not known.event:
        return "which remote is the public one is not known (public_remote in the configuration names it)"
    return f"no commit that holds it is known to be in {known.remote or 'a public remote'}"


def _named(place: Location) -> str:
    return f"commit {place.commit[:12]}" if place.commit else f"a {place.source}"


def _holder(place: Location, known: Known) -> str:
    if known.event:
        return "part of a change to a public repository"
    names = sorted(known.refs.intersection(place.reach.branches.first)) if place.reach else []
    return f"in {names[0] if names else known.remote}, of a public remote"


def public_remote(remotes: Sequence[str], chosen: str | None) -> str | None:
    """Which of the remotes is the public one, where the repository is public: the operator's choice, else the only
    one there is. Of several it is not known."""
    if chosen is not None:
        return chosen if chosen in remotes else None
    return remotes[0] if len(remotes) == 1 else None


def tracking(names: Iterable[bytes], remotes: Sequence[str], remote: str) -> dict[str, bytes]:
    """The remote-tracking branches of `remote` among the full ref `names`, by the short names that Reach has. Names
    that a local branch, or a branch of another remote, has as well are left out: Reach cannot tell them apart."""
    names = list(names)
    prefixes = sorted((_REMOTES + name.encode("utf-8", "surrogateescape") + b"/" for name in remotes), key=len)
    mine = _REMOTES + remote.encode("utf-8", "surrogateescape") + b"/"
    local = {name.removeprefix(_HEADS) for name in names if name.startswith(_HEADS)}
    found: dict[str, bytes] = {}
    for name in names:
        owner = [prefix for prefix in prefixes if name.startswith(prefix)][-1:]
        if owner == [mine] and name.removeprefix(_REMOTES) not in local:
            found[name.removeprefix(_REMOTES).decode("utf-8", "backslashreplace")] = name
    return found


def learn(git: Git, public: bool, chosen: str | None, commits: Iterable[str]) -> Known:
    """What the repository knows of its public remote, and which of `commits` that holds. GitError where git fails;
    nothing is fetched."""
    remotes = git.run("remote").decode("utf-8", "surrogateescape").split("\n")[:-1]
    remote = public_remote(remotes, chosen)
    if not public or remote is None:
        return Known(public, remote)
    oids = {name.name: name.oid for name in refs.names(git)}
    tracked = tracking(oids, remotes, remote)
    return Known(
        public, remote, frozenset(tracked), _held(git, set(commits), [oids[name] for name in tracked.values()])
    )


def _held(git: Git, commits: set[str], tips: Iterable[bytes]) -> frozenset[str]:
    """Which of `commits` the `tips` reach. One that is not here is reached by nothing."""
    asked = "".join(f"{oid}\n" for oid in sorted(commits)).encode()
    answers = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).split(b"\n")
    here = [line.split(b" ")[0] for line in answers if line.endswith(b" commit")]
    ends = b"".join(b"^%b\n" % tip for tip in tips)
    if not here or not ends:
        return frozenset()
    apart = git.run("rev-list", "--ignore-missing", "--stdin", stdin=b"".join(b"%b\n" % oid for oid in here) + ends)
    return frozenset(oid.decode() for oid in here).difference(apart.decode().split())


def moment(date: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 date (UTC where it names no zone), None for what is none."""
    try:
        found = datetime.datetime.fromisoformat(date or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def age(since: str | None, now: float) -> int | None:
    """Whole days from `since` (ISO 8601) to `now` (seconds since 1970), 0 for what lies ahead."""
    start = moment(since)
    return None if start is None else max(0, int((now - start) // 86400))
