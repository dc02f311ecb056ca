"""How many labelled tokens are found, how many exactly, and how often a clean text fires.

    python bench/recall.py FILE.jsonl [--verbose] [--strict]

The file holds one JSON object a line: `text`, `expect` (secret, clean, or anything else, which is not scored), `kind`,
and for a secret `secret`: the exact tokens, each a part of the text. Found: a match overlaps it; exact: a match covers
it to the character. A match in a "secret" text that overlaps no expected token counts as fired, like any in a "clean"
text. With --verbose each miss is shown, its tokens masked; with --strict the status is 1 unless all is perfect.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scanner import rules
from scanner.detect import Detector
from scanner.model import Match

_OTHER_NAMES = {"export": "user"}  # the corpus calls tokens of an export user tokens


class Case(NamedTuple):
    """One labelled text; `secrets` are the exact tokens."""

    id: str
    text: bytes
    expect: str
    kind: str
    secrets: tuple[bytes, ...]


class Outcome(NamedTuple):
    """What the detector made of a case: counts of tokens, and of matches that nobody expects."""

    tokens: int
    found: int
    exact: int
    right_kind: int
    fired: int


def read(path: Path) -> Iterator[Case]:
    """The cases of a file."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            secrets = row.get("secret") or ()
            secrets = (secrets,) if isinstance(secrets, str) else secrets
            text = row["text"].encode("utf-8", "surrogatepass")
            yield Case(
                str(row.get("id", number)), text, row["expect"], row["kind"],
                tuple(secret.encode("utf-8", "surrogatepass") for secret in secrets),
            )  # fmt: skip


def _places(text: bytes, secret: bytes) -> Iterator[tuple[int, int]]:
    start = text.find(secret)
    while start >= 0:
        yield start, start + len(secret)
        start = text.find(secret, start + 1)


def _best(places: Sequence[tuple[int, int]], matches: Iterable[Match]) -> tuple[Match | None, bool]:
    """The match that meets one of `places`, and whether it covers it to the character."""
    meeting = [match for match in matches for start, end in places if match.start < end and match.end > start]
    exact = next((match for match in meeting if (match.start, match.end) in places), None)
    return exact or next(iter(meeting), None), exact is not None


def judge(case: Case, matches: Sequence[Match]) -> Outcome:
    """How well `matches` meet what the case expects."""
    found = exact = right = 0
    expected: list[tuple[int, int]] = []
    for secret in case.secrets:
        places = list(_places(case.text, secret))
        expected += places
        match, whole = _best(places, matches)
        found += match is not None
        exact += whole
        right += whole and match is not None and case.kind in (match.kind, _OTHER_NAMES.get(match.kind))
    fired = sum(not any(m.start < end and m.end > start for start, end in expected) for m in matches)
    return Outcome(len(case.secrets), found, exact, right, fired)


class Row(NamedTuple):
    """One line of the table."""

    kind: str
    cases: int
    tokens: int
    found: int
    exact: int
    right_kind: int
    fired: int


def table(outcomes: Iterable[tuple[Case, Outcome]]) -> tuple[Row, ...]:
    """A row a kind, secrets before clean texts, and the sums at the end."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for case, outcome in outcomes:
        row = sums.setdefault((case.expect, case.kind), Counter())
        row.update({"cases": 1, "fired_cases": int(outcome.fired > 0), **outcome._asdict()})
    rows = []
    for expect in ("secret", "clean"):
        kinds = sorted(kind for label, kind in sums if label == expect)
        rows += [_row(f"{expect}: {kind}", sums[expect, kind]) for kind in kinds]
        rows.append(_row(f"{expect}: all", sum((sums[expect, kind] for kind in kinds), Counter())))
    return tuple(rows)


def _row(name: str, sums: Counter[str]) -> Row:
    return Row(
        name, sums["cases"], sums["tokens"], sums["found"], sums["exact"], sums["right_kind"], sums["fired_cases"]
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def print_table(rows: Iterable[Row]) -> None:
    """The table as Markdown."""
    print("| cases | number | tokens | found | exact | right kind | cases fired on |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        shares = " | ".join(_share(count, row.tokens) for count in (row.found, row.exact, row.right_kind))
        print(f"| {row.kind} | {row.cases} | {row.tokens} | {shares} | {row.fired} |")


def perfect(rows: Iterable[Row]) -> bool:
    """Every token found exactly and as what it is, and nothing else fired."""
    return all(row.tokens == row.exact == row.right_kind and not row.fired for row in rows)


def _explain(case: Case, outcome: Outcome, detector: Detector) -> None:
    scan = detector.scan(case.text)
    for match in scan.matches:
        print(
            f"{case.id}: {case.expect} {case.kind}: matched {match.rule} at {match.start}-{match.end}: {match.redacted}"
        )
    for dropped in scan.dropped:
        print(f"{case.id}: {case.expect} {case.kind}: dropped by {dropped.check}: {dropped.why}: {dropped.shown}")
    print(
        f"{case.id}: {case.expect} {case.kind}: {outcome.exact} exact of {outcome.tokens}, {outcome.fired} not expected"
    )


def main(argv: Sequence[str]) -> int:
    """Prints the table; the status is 1 with --strict if anything is missed, cut or fired for nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--verbose", action="store_true", help="show each case that is not perfect, masked")
    parser.add_argument("--strict", action="store_true", help="status 1 unless all is perfect")
    options = parser.parse_args(argv)
    detector = Detector(rules.builtin(), timeout=5)
    judged = [(case, judge(case, detector.scan(case.text).matches)) for case in read(options.file)]
    judged = [(case, outcome) for case, outcome in judged if case.expect in ("secret", "clean")]
    if options.verbose:
        for case, outcome in judged:
            if outcome.fired or outcome.right_kind < outcome.tokens:
                _explain(case, outcome, detector)
    rows = table(judged)
    print_table(rows)
    return 1 if options.strict and not perfect(rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
