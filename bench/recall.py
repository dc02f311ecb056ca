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
    misnamed: bool  # none of its exact matches is of the kind that the case is about
    fired: int

    @property
    def perfect(self) -> bool:
        """Every token found to the character, as what it is, and nothing else."""
        return self.tokens == self.exact and not self.misnamed and not self.fired


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
    expected = [list(_places(case.text, secret)) for secret in case.secrets]
    best = [_best(places, matches) for places in expected]
    exact = [match for match, whole in best if match and whole]
    kinds = {kind for match in exact for kind in (match.kind, _OTHER_NAMES.get(match.kind))}
    everywhere = [place for places in expected for place in places]
    fired = sum(not any(m.start < end and m.end > start for start, end in everywhere) for m in matches)
    found = sum(match is not None for match, _ in best)
    return Outcome(len(expected), found, len(exact), bool(exact) and case.kind not in kinds, fired)


class Row(NamedTuple):
    """One line of the table."""

    kind: str
    cases: int
    tokens: int
    found: int
    exact: int
    fired: int  # cases


def table(outcomes: Iterable[tuple[Case, Outcome]]) -> tuple[Row, ...]:
    """A row a kind, secrets before clean texts, each with its sum at the end."""
    judged = list(outcomes)
    rows = []
    for expect in ("secret", "clean"):
        of_this = [(case.kind, outcome) for case, outcome in judged if case.expect == expect]
        for kind in sorted({kind for kind, _ in of_this}):
            rows.append(_row(f"{expect}: {kind}", [outcome for other, outcome in of_this if other == kind]))
        rows.append(_row(f"{expect}: all", [outcome for _, outcome in of_this]))
    return tuple(rows)


def _row(name: str, outcomes: Sequence[Outcome]) -> Row:
    tokens, found, exact = (sum(outcome[place] for outcome in outcomes) for place in range(3))
    return Row(name, len(outcomes), tokens, found, exact, sum(outcome.fired > 0 for outcome in outcomes))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def print_table(rows: Iterable[Row]) -> None:
    """The table as Markdown."""
    print("| cases | number | tokens | found | exact | cases fired on |")
    print("|---|---:|---:|---:|---:|---:|")
    for row in rows:
        shares = " | ".join(_share(count, row.tokens) for count in (row.found, row.exact))
        print(f"| {row.kind} | {row.cases} | {row.tokens} | {shares} | {row.fired} |")


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
    cases = [case for case in read(options.file) if case.expect in ("secret", "clean")]
    judged = [(case, judge(case, detector.scan(case.text).matches)) for case in cases]
    for case, outcome in judged if options.verbose else ():
        if not outcome.perfect:
            _explain(case, outcome, detector)
    print_table(table(judged))
    return 1 if options.strict and not all(outcome.perfect for _, outcome in judged) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
