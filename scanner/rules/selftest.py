"""Does a rule do what it says? Its examples and counter-examples are run, and texts that are made to be slow.

Slow texts are made of what the pattern itself looks for: its anchors, and what its examples match, repeated, and
stretched at several places, with an end that does not match.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from scanner import fakes
from scanner.checks import SURROUNDINGS
from scanner.detect import Detector, compiled
from scanner.errors import RuleError
from scanner.model import Rule
from scanner.runs import run

if TYPE_CHECKING:
    import regex

LIMIT = 1.0  # seconds of processor time for one rule on one text, as in the hook
_SEEDS = 5  # an example is a template: so many different fakes are drawn from it
_HOSTILE = 30_000  # bytes of a text that is made to be slow: enough for a pattern whose work grows with their square
_STRETCHES = (b"a", b"1", b"-", b" ", b"\\", b"a1-")


class Complaint(NamedTuple):
    """What is wrong with which field of which rule."""

    rule: str
    origin: str  # file and line
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.origin}: rule {self.rule}: field {self.field}: {self.reason}"


def check(rule: Rule, limit: float = LIMIT) -> tuple[Complaint, ...]:
    """All that is wrong with `rule`; empty if nothing is. `limit` is in seconds of processor time, a text."""
    try:
        pattern = compiled(rule)
    except RuleError as error:
        return (_complaint(rule, "pattern", str(error).partition("field pattern: ")[2]),)
    if not rule.examples:
        return (_complaint(rule, "examples", "at least one is needed"),)
    try:
        complaints = [*_on_examples(rule, pattern, limit), *_on_counter_examples(rule, limit)]
    except ValueError as error:
        return (_complaint(rule, "examples", str(error)),)
    return tuple(dict.fromkeys(complaints)) or tuple(_on_hostile_texts(rule, pattern, limit))


def _complaint(rule: Rule, field: str, reason: str) -> Complaint:
    return Complaint(rule.id, rule.origin, field, reason)


def _rendered(rule: Rule, templates: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Each template with each text that is drawn from it, and no text twice."""
    for template in templates:
        texts = {fakes.render(template, f"{rule.id} {seed}") for seed in range(_SEEDS)}
        yield from ((template, text.encode()) for text in sorted(texts))


def _on_examples(rule: Rule, pattern: regex.Pattern[bytes], limit: float) -> Iterator[Complaint]:
    """Each is found once, and what the pattern matches in it holds an anchor: without one nobody looks. A check that
    looks at what stands around a match is one that asks for the anchor: then it only has to stand in the text."""
    detector = Detector([rule], limit)
    for template, text in _rendered(rule, rule.examples):
        matched = [found[0] for found in pattern.finditer(text, timeout=limit)]
        if rule.begins and not all(whole.startswith(rule.begins) for whole in matched):
            why = f"the pattern matches in {template!r}, and what it matches begins with none of these"
            yield _complaint(rule, "begins", why)
            continue
        around = [text] if _looks_around(rule) else matched
        field = next((name for name in ("anchors", "also", "holds") if not _stand(rule, name, around)), None)
        if field:
            why = f"the pattern matches in {template!r}, and nothing of this stands in what it matches"
            yield _complaint(rule, field, why)
            continue
        if loose := _matches_without_anchors(rule, pattern, text, limit):
            yield _complaint(rule, "anchors", f"the pattern matches in {template!r} without any of them: {loose}")
            continue
        scan = detector.scan(text)
        if len(scan.matches) != 1:
            why = f" ({scan.dropped[0].check}: {scan.dropped[0].why})" if scan.dropped else ""
            yield _complaint(rule, "examples", f"{template!r} is found {len(scan.matches)} times, not once{why}")


def _looks_around(rule: Rule) -> bool:
    return any(check.name in SURROUNDINGS for check in rule.checks)


def _stand(rule: Rule, field: str, matched: list[bytes]) -> bool:
    """Whether one of the rule's literals in `field`, or such a run, stands in everything that was matched."""
    if field == "holds":
        return not rule.holds or all(any(run(rule.holds).spans(whole)) for whole in matched)
    literals: tuple[bytes, ...] = getattr(rule, field)
    return not literals or all(any(literal in whole for literal in literals) for whole in matched)


def _matches_without_anchors(rule: Rule, pattern: regex.Pattern[bytes], text: bytes, limit: float) -> str:
    """Why nobody would look at what the pattern matches once the anchors are cut out of `text`; "" if it does not."""
    for anchor in rule.anchors:
        text = text.replace(anchor, b"")
    if _looks_around(rule):
        everywhere = Detector([rule._replace(anchors=(text[:3],), also=(), holds="")], limit)
        return "with the anchors cut out, too" if everywhere.scan(text).matches else ""
    found = pattern.search(text, timeout=limit)
    return "" if found is None or any(a in found[0] for a in rule.anchors) else "with the anchors cut out, too"


def _on_counter_examples(rule: Rule, limit: float) -> Iterator[Complaint]:
    detector = Detector([rule], limit)
    for template, text in _rendered(rule, rule.counter_examples):
        if detector.scan(text).matches:
            yield _complaint(rule, "counter_examples", f"{template!r} is found")


def _on_hostile_texts(rule: Rule, pattern: regex.Pattern[bytes], limit: float) -> Iterator[Complaint]:
    for text in _hostile_texts(rule, pattern):
        try:
            for _ in pattern.finditer(text, overlapped=True, timeout=limit):
                pass
        except TimeoutError:
            shown = text[:40].decode("utf-8", "replace")
            yield _complaint(rule, "pattern", f"takes longer than {limit:g} s on {len(text)} bytes like {shown!r}")
            return


def _hostile_texts(rule: Rule, pattern: regex.Pattern[bytes]) -> Iterator[bytes]:
    starts = list(rule.anchors[:3])
    for _, text in _rendered(rule, rule.examples[:1]):
        if found := pattern.search(text):
            starts += [found[0][: len(found[0]) * part // 8] for part in range(1, 9)]
            break
    for start in dict.fromkeys(filter(None, starts)):
        yield start * (_HOSTILE // len(start))
        for stretch in (start[-1:], *_STRETCHES):
            yield start + stretch * (_HOSTILE // len(stretch)) + b"\0"
            yield (start + stretch * 20) * (_HOSTILE // (len(start) + 20 * len(stretch)))
