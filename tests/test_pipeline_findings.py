"""From places to findings: grouped, put in order, judged."""

from __future__ import annotations

import pytest

from scanner import rules
from scanner.filters.baseline import Baseline, Known
from scanner.filters.entries import Config, Entry
from scanner.model import (
    SEVERITIES,
    Counts,
    Event,
    Finding,
    Held,
    Hit,
    Location,
    Match,
    Position,
    Problem,
    Secret,
    Suppression,
)
from scanner.pipeline import Occurrence, Story, accept, fingerprint, group, judge
from tests.conftest import token

RULES = rules.builtin()
BOT = token()
TODAY = "2026-01-02"


def match(secret: bytes = b"secret", rule: str = "slack-bot-token") -> Match:
    return Match(rule, "bot", Secret(secret), "****", (), 0, len(secret))


def hit(secret: bytes = b"secret") -> Hit:
    return Hit(match(secret), Position(1, 1, 1, 2))


def place(
    path: str = "a",
    line: int = 1,
    suppressed: Suppression | None = None,
    blob: str | None = None,
    commit: str | None = None,
    date: str | None = None,
) -> Location:
    at = Position(line, 1, line, 2)
    return Location("blob", path.encode(), position=at, blob=blob, commit=commit, date=date, suppressed=suppressed)


def test_one_finding_a_secret_with_all_its_places_in_order() -> None:
    places = [place("b"), place("a", 10), place("a", 9), place("a", 1, suppressed=Suppression("path"))]
    items = [Occurrence(hit(b"one"), where) for where in places] + [Occurrence(hit(b"two"), place("c"))]
    first, second = group(items, RULES)
    assert [(where.path, where.position and where.position.line) for where in first.locations] == [
        (b"a", 9),
        (b"a", 10),
        (b"b", 1),
        (b"a", 1),
    ]
    assert second.secret == Secret(b"two")
    assert (first.rule, first.severity, first.kind) == ("slack-bot-token", "high", "bot")
    assert first.fingerprint == fingerprint(match(b"one"))
    assert first.remediation


def test_the_worst_comes_first() -> None:
    severities = {rule.id: rule.severity for rule in RULES}
    items = [Occurrence(Hit(match(rule.id.encode(), rule=rule.id), Position(1, 1, 1, 1)), place()) for rule in RULES]
    found = group(items, RULES)
    order = [SEVERITIES.index(severities[each.rule]) for each in found]
    assert order == sorted(order) and len(set(order)) > 1


def test_what_is_counted() -> None:
    """An occurrence is a place in a blob: the same blob at another path, or in another commit, is the same one."""
    places = [
        place("a", blob="1", commit="x"),
        place("b", blob="1", commit="y"),
        place("a", 2, blob="1", commit="x"),
        place("a", blob="2", commit="x"),
        Location("commit-message", commit="y", position=Position(1, 1, 1, 2)),
    ]
    (found,) = group([Occurrence(hit(), where) for where in places], RULES)
    assert found.counts == Counts(occurrences=4, blobs=2, paths=2, commits=2)
    (found,) = group([Occurrence(hit(), Location("stdin"))], RULES)
    assert found.counts == Counts(occurrences=1)


def test_what_the_source_knows() -> None:
    story = Story(Event("c", "Ada", "2026-01-02", b"a"), None, ("2026-01-02", None), 7, 3, Held(True, None, 2))
    (found,) = group([Occurrence(hit(), place())], RULES, lambda secret: story)
    known = (found.introduced, found.removed, found.exposed, found.counts.commits, found.counts.removals, found.held)
    assert known == story


def test_places_of_every_kind_can_be_put_in_order() -> None:
    everywhere = [
        Location("ref-name"),
        Location("commit-message", commit="c", date="2026"),
        Location("commit-message", commit="c", position=Position(1, 1, 1, 2)),
        place("a", blob="1", date="2026"),
        Location("blob", blob="1", position=Position(1, 1, 1, 2)),
        Location("path-name", b"a"),
        Location("stdin", position=Position(1, 1, 1, 2)),
    ]
    occurrences = [Occurrence(hit(), where) for where in everywhere]
    assert group(occurrences, RULES)[0].locations == group(occurrences[::-1], RULES)[0].locations


# Who allows what


def finding(*places: Location) -> Finding:
    return group([Occurrence(hit(BOT), where) for where in places], RULES)[0]


def entry(what: str, until: str | None = None) -> Entry:
    return Entry(what, "a reason", "ada", until)


ALLOWED = Suppression("inline", "here")
UNKNOWN = finding(place())


@pytest.mark.parametrize("until", [None, TODAY, "2030-01-01"])
@pytest.mark.parametrize("by", ["fingerprint", "pattern", "baseline"])
def test_a_secret_is_allowed_wherever_it_stands(by: str, until: str | None) -> None:
    config, baseline = suppressing(by, until)
    judged = judge([UNKNOWN], config, baseline, TODAY)
    ((found, suppression),) = judged.suppressed
    assert (judged.findings, found) == ((), UNKNOWN)
    assert suppression == Suppression(by, "a reason", "ada", until)


@pytest.mark.parametrize("by", ["fingerprint", "pattern", "baseline"])
def test_what_has_expired_allows_nothing(by: str) -> None:
    judged = judge([UNKNOWN], *suppressing(by, "2026-01-01"), TODAY)
    assert (judged.findings, judged.suppressed) == ((UNKNOWN,), ())


def suppressing(by: str, until: str | None) -> tuple[Config, Baseline]:
    if by == "fingerprint":
        return Config(fingerprints=(entry(UNKNOWN.fingerprint, until),)), Baseline()
    if by == "pattern":
        return Config(patterns=(entry("^xoxb", until),)), Baseline()
    return Config(), Baseline({UNKNOWN.fingerprint: Known(entry(UNKNOWN.fingerprint, until), "slack-bot-token")})


def test_a_place_is_allowed_by_itself() -> None:
    part, whole = finding(place("a", suppressed=ALLOWED), place("b")), finding(place("a", suppressed=ALLOWED))
    judged = judge([part, whole], Config(), Baseline(), TODAY)
    assert judged.findings == (part,)
    assert [(each.finding, each.suppression) for each in judged.suppressed] == [(whole, ALLOWED)]
    assert [where.suppressed for where in part.locations] == [None, ALLOWED]


def test_another_secret_is_not_allowed() -> None:
    config, baseline = suppressing("fingerprint", None)
    other = group([Occurrence(hit(b"other"), place())], RULES)[0]
    assert judge([other], config, baseline, TODAY).findings == (other,)


def test_problems_that_somebody_accepted() -> None:
    known, unknown = Problem("a.bin", "is damaged"), Problem("b.bin", "is damaged")
    config = Config(problems=(entry("a.bin"), entry("b.bin", "2026-01-01")))
    left, notes = accept([known, unknown], config, TODAY)
    assert left == (unknown,)
    assert notes == ("accepted: a.bin: is damaged (a reason, ada)",)
