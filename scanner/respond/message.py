"""What is said about credentials that were found or revoked: once as Slack blocks, once as JSON. Pure.

In Slack all of it stands in plain_text objects, and within Slack's limits (docs.slack.dev/reference/block-kit/blocks).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from scanner.model import Finding, Identity, Location, Response, Verdict
from scanner.report.places import many, place
from scanner.respond.wording import DONE, ORDER, Clean, Words, advice, cut, event, size, spot, state, whose

BLOCKS, TEXT, HEADER = 50, 3000, 150  # Slack's limits: blocks a message; characters a text object, and a header
# All blocks together. Not documented: Slack has refused 13,200 characters as msg_blocks_too_long (bolt-js issue 2509).
TOTAL = 10_000
WHOLE = 7_500  # of these, for findings in full; the rest are named in a line each
PLACES = 3  # in a message; the JSON has more
LISTED = 50  # findings in the JSON


class Context(NamedTuple):
    """The run that has something to say."""

    run: str  # its id; with the findings and their states it makes the notice's
    at: str  # RFC 3339, UTC
    command: str = ""
    repository: str | None = None


class Message(NamedTuple):
    """A notice, ready to be sent or kept: it holds nothing secret. All fields are ASCII."""

    id: str  # the same for each try, so that who gets it twice can tell
    text: str  # one line of fixed words, for notifications and screen readers
    blocks: str  # a JSON array of Block Kit blocks
    document: str  # a JSON object, schema xoxscan.notice/1


def message(findings: Sequence[Finding], context: Context, clean: Clean) -> Message:
    """One notice about all `findings`, worst first. `clean` is the redactor of the run: every stranger's word passes
    it, and so does the whole. ValueError where there is nothing to tell."""
    if not findings:
        raise ValueError("a notice about nothing")
    ordered = sorted(findings, key=lambda finding: list(ORDER).index(state(finding)))
    words = Words(clean)
    notice = _id(findings, context)
    title = _title(ordered)
    blocks = json.dumps(list(_blocks(ordered, title, notice, context, words)))
    document = json.dumps(_document(ordered, title, notice, context, words))
    return Message(notice, title, *(clean(each.encode()).decode() for each in (blocks, document)))


def stored(notice: Message) -> str:
    """`notice` as one line, for the journal."""
    return json.dumps(notice)


def restored(line: str) -> Message:
    """What `stored` wrote. ValueError for anything else."""
    fields = json.loads(line)
    if not isinstance(fields, list) or [type(field) for field in fields] != [str] * len(Message._fields):
        raise ValueError("not a stored notice")
    notice = Message(*fields)
    if type(json.loads(notice.blocks)) is not list or type(json.loads(notice.document)) is not dict:
        raise ValueError("not a stored notice")
    return notice


def _id(findings: Sequence[Finding], context: Context) -> str:
    parts = sorted(f"{finding.fingerprint} {state(finding)}" for finding in findings)
    digest = hashlib.sha256("\0".join(("xoxscan notice 1", context.run, *parts)).encode("utf-8", "surrogatepass"))
    return "n1-" + base64.b32encode(digest.digest()).decode()[:26].lower()


def _title(findings: Sequence[Finding]) -> str:
    states = [state(finding) for finding in findings]
    counts = [f"{states.count(each):,} {meaning}" for each, meaning in ORDER.items() if each in states]
    return f"xoxscan: {many(len(findings), 'leaked Slack credential')}: {'; '.join(counts)}"


def _text(words: str, most: int = TEXT) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(words, most), "emoji": False}


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(words)}


def _blocks(
    findings: Sequence[Finding], title: str, notice: str, context: Context, words: Words
) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _text(title, HEADER)}
    about = [f"In {words.inert(context.repository)}" if context.repository else "", words.inert(context.command, 80)]
    yield _section("; ".join(filter(None, [*about, words.inert(context.at, 40)])) + f". {title}.")
    whole = 0
    for block in _fitting(findings, words):
        whole += 1
        yield block
    if whole < len(findings):
        yield _section(_rest(findings[whole:], words))
    foot = f"Notice {notice}. Tokens are masked here; the report and `xoxscan journal list` have the rest."
    yield {"type": "context", "elements": [_text(foot)]}


def _fitting(findings: Sequence[Finding], words: Words) -> Iterator[dict[str, Any]]:
    """The findings in full, as long as there is room."""
    left = WHOLE
    for finding in findings[: BLOCKS - 4]:
        block = _section("\n".join(_lines(finding, words)))
        left -= size(json.dumps(block, ensure_ascii=False))
        if left < 0:
            return
        yield block


def _rest(findings: Sequence[Finding], words: Words) -> str:
    """The others, one line each, until 1,500 characters are full."""
    lines = [f"And {many(len(findings), 'more credential')}:"]
    for finding in findings:
        line = f"{words.inert(finding.redacted, 120)}: {ORDER[state(finding)]}"
        if size("\n".join([*lines, line])) > TOTAL - WHOLE - 1000:
            return "\n".join([*lines, "\u2026 all of them are in the report"])
        lines.append(line)
    return "\n".join(lines)


def _lines(finding: Finding, words: Words) -> Iterator[str]:
    now = state(finding)
    say = words.inert
    yield f"{say(finding.redacted, 200)} ({say(finding.rule, 60)}): {ORDER[now]}"
    yield from _where(finding, words)
    yield f"Whose: {say(whose(finding), 250)}"
    yield from _said(finding, words)
    yield from _acted(finding.response, words)
    breaks, todo = advice(finding)
    if breaks:
        yield f"{'Breaks now' if now in DONE else 'Breaks when it is revoked'}: {say(breaks, 350)}"
    yield f"Do now: {say(todo, 700)}"
    yield f"Fingerprint: {say(finding.fingerprint, 120)}"


def _where(finding: Finding, words: Words) -> Iterator[str]:
    if not finding.locations:
        yield "Where: not known here (it was given by hand, or taken up from the journal)"
    for location in finding.locations[:PLACES]:
        yield f"Where: {words.inert(spot(location), 220)}"
    if len(finding.locations) > PLACES:
        yield f"Where: and {many(len(finding.locations) - PLACES, 'more place')}"
    if finding.introduced:
        yield f"Came in: {words.inert(event(finding.introduced), 160)}"


def _said(finding: Finding, words: Words) -> Iterator[str]:
    verdict = finding.verdict
    if verdict:
        code = f" ({verdict.code})" if verdict.code else ""
        yield f"Slack said: {words.inert(f'{verdict.state}: {verdict.reason}{code}', 250)}"
        if verdict.impact:
            yield f"It let its holder: {words.inert('; '.join(verdict.impact[:3]), 250)}"


def _acted(response: Response | None, words: Words) -> Iterator[str]:
    if not response:
        yield "Done: nothing"
        return
    when = f", {response.at}" if response.at else ""
    by = f" [{response.policy}]" if response.policy else ""
    yield f"Done: {words.inert(f'{response.state}: {response.reason}{when}{by}', 300)}"
    yield f"Proof: {words.inert(response.proof or 'none', 250)}"


def _document(
    findings: Sequence[Finding], title: str, notice: str, context: Context, words: Words
) -> Mapping[str, Any]:
    return {
        "schema": "xoxscan.notice/1",
        "id": notice,
        "at": words.plain(context.at),
        "run": words.plain(context.run),
        "command": words.plain(context.command),
        "repository": _maybe(context.repository, words),
        "title": title,
        "count": len(findings),
        "findings": [_row(finding, words) for finding in findings[:LISTED]],
    }


def _row(finding: Finding, words: Words) -> Mapping[str, Any]:
    breaks, todo = advice(finding)
    named = ("fingerprint", "rule", "kind", "severity", "redacted")
    return {
        **{name: words.plain(getattr(finding, name)) for name in named},
        "state": state(finding),
        "places": [_spot(location, words) for location in finding.locations[: 2 * PLACES]],
        "places_count": len(finding.locations),
        "verdict": _fields(finding.verdict, words),
        "response": _fields(finding.response, words),
        "breaks": words.plain(breaks, TEXT),
        "next": words.plain(todo, TEXT),
    }


def _spot(location: Location, words: Words) -> Mapping[str, Any]:
    about = {name: _maybe(getattr(location, name), words) for name in ("commit", "author", "date")}
    return {"place": words.plain(place(location)), **about}


def _fields(value: Verdict | Response | Identity | None, words: Words) -> Mapping[str, Any] | None:
    """A noun as JSON, each text in it masked."""
    return None if value is None else {name: _field(each, words) for name, each in value._asdict().items()}


def _field(value: object, words: Words) -> object:
    if isinstance(value, Identity):
        return _fields(value, words)
    if isinstance(value, tuple):
        return [words.plain(each) for each in value[:20]]
    return words.plain(value) if isinstance(value, str) else value


def _maybe(text: str | None, words: Words) -> str | None:
    return None if text is None else words.plain(text)
