"""`xoxscan baseline audit`: shows each finding that nobody has decided about, and keeps each answer as a file at once.

So it can be left at any question and taken up again: what has a file with a verdict is not asked about.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import NamedTuple

from scanner.commands import asking, baseline, scan
from scanner.commands.excerpt import excerpt
from scanner.commands.scanning import prepare, stamp
from scanner.detect import Detector
from scanner.errors import OK, UsageError
from scanner.filters.baseline import Known
from scanner.filters.entries import Entry, is_date
from scanner.git.objects import Cat
from scanner.model import Finding, Streams
from scanner.pipeline import fingerprint
from scanner.positions import position
from scanner.report.places import many, place

_LARGEST = 32 << 20  # bytes of a file that is looked at again
_SHOWN = 5  # places
_TRIED = 20  # files that are looked at again to find one that still holds the secret


def run(args: argparse.Namespace, streams: Streams) -> int:
    """Asks until all is decided or the person has left. UsageError where there is nobody to ask."""
    if args.report == "-" or not asking.terminal(streams):
        raise UsageError("audit asks on a terminal, and this is none", "--report FILE takes a report from a file")
    folder = baseline.folder_of(args, streams)
    known = baseline.read(folder)
    report = baseline.report_of(args, streams)
    today = stamp(streams.clock())[:10]
    undecided = [
        finding
        for finding in baseline.candidates(report)
        if finding.fingerprint not in known or not known[finding.fingerprint].decided(today)
    ]
    look = _look(args, streams)
    left, owner = len(undecided), ""
    try:
        for finding in undecided:
            before = known.get(finding.fingerprint)
            asking.say(streams, f"{left} to decide", *_shown(finding, look))
            answer = _answer(streams, finding, owner or (before.entry.owner if before else ""), today)
            if answer is not None:
                baseline.store(folder, answer)
                left, owner = left - 1, answer.entry.owner
    except asking.Left:
        pass
    finally:  # Ctrl-C, too
        asking.say(streams, "", f"{left} left to decide" + ("; the next audit goes on from here" if left else ""))
    return OK


def _answer(streams: Streams, finding: Finding, owner: str, today: str) -> Known | None:
    """What the person says of `finding`; None to be asked again another time. What was real may be looked at again
    after its end, too: by then it should be gone."""
    verdict = asking.ask(streams, "real, false alarm, skip or quit? [r/f/s/q]", _verdict_complaint).lower()[:1]
    if verdict == "q":
        raise asking.Left
    if verdict == "s":
        return None
    real = verdict == "r"
    reason = _text(streams, "reason", "real" if real else "")
    owner = _text(streams, "owner", owner)
    question = "until, as 2030-01-31 (empty: no end):"
    until = asking.ask(streams, question, lambda answer: _date_complaint(answer, today)) or None
    entry = Entry(finding.fingerprint, reason, owner, until)
    return Known(entry, finding.rule, finding.redacted, "real" if real else "false-alarm")


def _verdict_complaint(answer: str) -> str:
    known = ("r", "real", "f", "false", "false alarm", "s", "skip", "q", "quit")
    return "" if answer.lower() in known else "r, f, s or q"


def _date_complaint(answer: str, today: str) -> str:
    if answer and not is_date(answer):
        return "not a date"
    return f"that is over: today is {today}" if answer and answer < today else ""


def _text(streams: Streams, name: str, default: str) -> str:
    question = f"{name} [{default}]:" if default else f"{name}:"
    return asking.ask(streams, question, lambda answer: asking.text_complaint(answer or default)) or default


class Look(NamedTuple):
    """What is needed to look at a place again: a detector, and where paths of a report may start. The first of these,
    the top of the work tree, is what is never left."""

    detector: Detector
    starts: tuple[bytes, bytes]


def _look(args: argparse.Namespace, streams: Streams) -> Look:
    """With the rules that a scan would use, at this work tree."""
    repository = scan.around(streams)
    with Cat(repository.git) if repository else nullcontext() as cat:
        _, options = baseline.scanning(args, streams)
        setup = prepare(options, streams, scan.base(repository, cat), repository)
    top = repository.top if repository and repository.top else "."
    return Look(setup.detector(fast=False), (os.path.realpath(os.fsencode(top)), os.path.realpath(b".")))


def _shown(finding: Finding, look: Look) -> Iterator[str]:
    yield f"{finding.rule}  {finding.redacted}  {finding.fingerprint}"
    if finding.introduced and finding.introduced.commit:
        yield f"  introduced in {finding.introduced.commit} by {finding.introduced.author}, {finding.introduced.date}"
    places = list(dict.fromkeys(map(place, finding.locations)))  # one line of a file may stand in many commits
    yield from (f"  {line}" for line in places[:_SHOWN])
    if places[_SHOWN:]:
        yield f"  and {many(len(places) - _SHOWN, 'more place')}"
    yield from _context(finding, look)


def _context(finding: Finding, look: Look) -> Iterator[str]:
    """The lines around the secret in the first file that still holds it."""
    paths = list(dict.fromkeys(each.path for each in finding.locations if each.path is not None))
    for path in paths[:_TRIED]:
        for data in filter(None, (_content(start, path, look.starts[0]) for start in look.starts)):
            matches = look.detector.scan(data).matches if look.detector.may_hold(data) else ()
            wanted = next((match for match in matches if fingerprint(match) == finding.fingerprint), None)
            if wanted:
                at = position(data, wanted.start, wanted.end)
                yield f"  as it stands here, in line {at.line} of {os.fsdecode(path)}:"
                yield from (f"    {line}" for line in excerpt(data, matches, wanted))
                return
    yield "  no file here holds it any more"


def _content(start: bytes, path: bytes, top: bytes) -> bytes:
    """The file at `path` from `start`. Nothing for what is outside of `top`, no plain file, too large or unreadable."""
    try:
        whole = os.path.realpath(os.path.join(start, path))
        if not whole.startswith(os.path.join(top, b"")) or not os.path.isfile(whole):
            return b""
        with open(whole, "rb") as file:
            return file.read() if os.fstat(file.fileno()).st_size <= _LARGEST else b""
    except (OSError, ValueError):  # ValueError: a path of a report may hold a NUL
        return b""
