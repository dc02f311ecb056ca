"""Reports to write, fixed and random."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from scanner.model import (
    Counts,
    Coverage,
    Dropped,
    Event,
    Finding,
    Held,
    Identity,
    Location,
    Named,
    Names,
    Position,
    Problem,
    Reach,
    Report,
    Response,
    Secret,
    Shared,
    Skip,
    Suppressed,
    Suppression,
    Target,
    Verdict,
)

PUBLIC = "xo" + "xb-123456789012-1234567890123-"
PART = "aB3dE5gH7jK9" + "mN1pQ3sT5vX7"
TOKEN = (PUBLIC + PART).encode()
COMMIT, BLOB = "c0ffee" + "0" * 34, "b10b" + "0" * 36
ALLOWED = Suppression("path", "an example", "docs team", "2031-01-01")


def location(path: bytes | None = b"conf/app.py", line: int = 3, source: str = "blob") -> Location:
    """A place in a blob of a commit."""
    reach = Reach(Names(3, ("main", "dev", "old")), Names(1, ("v1",)), stash=True)
    return Location(
        source, path, position=Position(line, 5, line, 60), blob=BLOB, commit=COMMIT, author="Jo <jo@example.org>",
        date="2024-05-06T07:08:09Z", reach=reach,
    )  # fmt: skip


def finding(*locations: Location, token: bytes = TOKEN, rule: str = "slack-bot-token") -> Finding:
    """A leaked bot token."""
    return Finding(
        Secret(token), "v1:bot:ABCDEF", rule, "bot", "critical", PUBLIC + "****", (("team", "123456789012"),),
        locations or (location(),),
        introduced=Event(COMMIT, "Jo <jo@example.org>", "2024-05-06T07:08:09Z", b"conf/old.py"),
        remediation="Revoke it.\nThen make a new one.",
    )  # fmt: skip


def report(
    findings: Sequence[Finding] = (),
    suppressed: Sequence[Suppressed] = (),
    problems: Sequence[Problem] = (),
    exit: int = 0,
) -> Report:
    """A finished run."""
    return Report(
        Target("scan", "/srv/repo", COMMIT, None), "2024-06-01T23:59:59.5Z", "2024-06-02T00:00:01Z", 20, "HEAD",
        Coverage(12, 3400, None, 5_600_000, (Skip("submodule", "not asked for", 2, ("vendor", "zlib")),)),
        tuple(findings), tuple(suppressed), tuple(problems), ("an entry has expired",), (), exit,
    )  # fmt: skip


VERDICT = Verdict(
    "active", "auth.test answered ok", Identity("Acme", "T123", None, "deploy", "U1", "B1", None, "https://acme.example/"),
    ("files:read", "chat:write"), ("read every file", "post as the bot"), "2024-06-01T23:59:59Z", None, 43_200, False,
)  # fmt: skip
RESPONSE = Response("held", "a person must decide", "policy.yaml:3", "2024-06-01T23:59:59Z", None)

FULL = report(
    [
        finding()._replace(verdict=VERDICT, response=RESPONSE),
        finding(location(None, 1, "commit-message"), location(b"a b.py"), rule="our-own-rule"),
    ],
    [Suppressed(finding(location()._replace(suppressed=ALLOWED)), ALLOWED)],
    [Problem("locked.bin", "it cannot be read", "change its mode")],
    exit=1,
)._replace(dropped=((location(), Dropped("slack-bot-token", "xo" + "xb-1-****", 0, 9, "entropy", "a constant")),))

texts = st.text(max_size=12)
names = st.builds(Names, st.integers(0, 99), st.lists(texts, max_size=3).map(tuple))
maybe_texts = st.none() | texts
paths = st.binary(min_size=1, max_size=12)
numbers = st.none() | st.integers(0, 10**12)
positions = st.builds(Position, *[st.integers(1, 10**6)] * 4)
suppressions = st.builds(Suppression, st.sampled_from(["inline", "path"]), maybe_texts, maybe_texts, maybe_texts)
oids = st.none() | st.sampled_from([COMMIT, BLOB, "a" * 64])
flags = st.booleans()
locations = st.builds(
    Location,
    source=st.sampled_from(["worktree", "blob", "commit-message", "stdin", "path-name", "symlink", "reflog"]),
    path=st.none() | paths,
    member=st.lists(paths, max_size=2).map(tuple),
    encoding=st.lists(st.sampled_from(["base64", "gzip"]), max_size=2).map(tuple),
    position=st.none() | positions,
    pieces=st.lists(positions, max_size=2).map(tuple),
    blob=oids,
    commit=oids,
    author=maybe_texts,
    date=maybe_texts,
    reach=st.none() | st.builds(Reach, names, names, flags, flags, flags, flags, flags),
    suppressed=st.none() | suppressions,
    beside=st.just(()),
)
events = st.none() | st.builds(Event, oids, maybe_texts, maybe_texts, st.none() | paths)
verdicts = st.builds(
    Verdict,
    state=st.sampled_from(["active", "restricted", "inactive", "rejected", "unknown", "unsupported"]),
    reason=texts,
    identity=st.none() | st.builds(Identity, *[maybe_texts] * len(Identity._fields)),
    scopes=st.lists(texts, max_size=3).map(tuple),
    impact=st.lists(texts, max_size=5).map(tuple),
    checked_at=maybe_texts,
    code=maybe_texts,
    expires_in=st.none() | st.integers(0, 50_000),
    org_wide=flags,
)
responses = st.builds(
    Response,
    state=st.sampled_from(["rehearsed", "revoked", "unproven", "failed", "held", "refused", "skipped"]),
    reason=texts,
    policy=maybe_texts,
    at=maybe_texts,
    proof=maybe_texts,
)
named = st.builds(Named, texts, texts, st.lists(locations, max_size=2).map(tuple))
findings = st.builds(
    Finding,
    secret=st.just(Secret(TOKEN)),
    fingerprint=st.just("v1:bot:ABCDEF"),
    rule=st.sampled_from(["slack-bot-token", "our-own-rule"]),
    kind=st.just("bot"),
    severity=st.sampled_from(["critical", "high", "medium", "low"]),
    redacted=texts,
    anatomy=st.dictionaries(texts, texts, max_size=2).map(lambda found: tuple(found.items())),
    locations=st.lists(locations, max_size=3).map(tuple),
    introduced=events,
    removed=events,
    exposed=st.tuples(maybe_texts, maybe_texts),
    counts=st.builds(Counts, *[numbers] * len(Counts._fields)),
    remediation=texts,
    verdict=st.none() | verdicts,
    response=st.none() | responses,
    held=st.builds(Held, st.none() | flags, st.none() | flags, *[numbers] * 4),
    parts=st.lists(named, max_size=1).map(tuple),
)
shared = st.builds(Shared, texts, texts, st.just("v1:bot:ABCDEF"), st.just("v1:bot:GHIJKL"), texts)
with_parts = st.builds(
    lambda found, parts: found._replace(parts=(*parts, *found.parts)),
    findings,
    st.lists(findings | shared, max_size=3),
)
reports = st.builds(
    Report,
    target=st.builds(Target, st.just("history"), maybe_texts, oids, maybe_texts),
    started=st.just("2024-06-01T23:59:59Z"),
    finished=st.just("2024-06-02T00:00:01Z"),
    rules=st.integers(0, 99),
    config_from=maybe_texts,
    coverage=st.builds(
        Coverage,
        numbers,
        numbers,
        numbers,
        numbers,
        st.lists(st.builds(Skip, texts, texts, st.integers(1, 9)), max_size=2).map(tuple),
        st.none() | st.integers(0, 10**15),
    ),
    findings=st.lists(findings, max_size=3).map(tuple),
    suppressed=st.lists(st.builds(Suppressed, findings, suppressions), max_size=2).map(tuple),
    problems=st.lists(st.builds(Problem, texts, texts, texts), max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    dropped=st.just(()),
    exit=st.sampled_from([0, 1, 2, 3, 4, 130]),
)
wholes = st.builds(
    lambda given, found: given._replace(findings=tuple(found)), reports, st.lists(with_parts, min_size=1, max_size=2)
)
