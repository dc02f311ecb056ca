"""How the runbook and the answer of --verify-clean are written: as text for people, and as JSON (docs/remediate.md).
Masking is the redactor's business, afterwards."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from scanner.model import Problem
from scanner.report.places import harmless, many, place
from scanner.report.schema import dump, finding, readable
from scanner.respond.clean import Cleanliness, Remote, Standing
from scanner.respond.keepers import Keeper
from scanner.respond.remediate import Runbook, Step, told

RUNBOOK, CLEAN = "xoxscan.remediate/1", "xoxscan.clean/1"
_WIDTH = 110
_PLACES = 5


class Written(NamedTuple):
    """An expressions file that was made: where, how many spellings, and the commands that use and delete it."""

    file: str
    spellings: int
    tokens: int
    binary: tuple[str, ...]  # ids of blobs in which filter-repo replaces nothing
    commands: tuple[str, ...]


def runbook_text(book: Runbook, written: Written | None, problems: Iterable[Problem], notes: Iterable[str]) -> bytes:
    """The runbook as numbered steps."""
    lines: list[str] = []
    if not book.steps:
        lines.append("nothing to remediate: no findings")
    for number, step in enumerate(book.steps, 1):
        lines += _step(number, step)
    lines += _written(written) if written else []
    lines += _notes(notes, problems)
    return _joined(lines)


def _step(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {harmless(step.title)}{' (done: proven dead)' if step.done else ''}"
    yield from (f"   - {harmless(token)}" for token in step.tokens)
    for paragraph in step.text:
        yield from _wrapped(paragraph)
    yield from (f"     $ {harmless(command)}" for command in step.commands)
    yield ""


def _wrapped(paragraph: str, indent: str = "   ") -> list[str]:
    return textwrap.wrap(
        harmless(paragraph),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _written(written: Written) -> Iterator[str]:
    amount = f"{many(written.spellings, 'spelling')} of {many(written.tokens, 'token')}"
    yield f"{harmless(written.file)}: {amount} IN THE CLEAR (mode 0600). Delete it as soon as the history is rewritten."
    yield from (f"     $ {harmless(command)}" for command in written.commands)
    if written.binary:
        yield from _wrapped(unreached(written.binary))
    yield ""


def unreached(blobs: Iterable[str]) -> str:
    """What else can be done about blobs in which git filter-repo replaces nothing."""
    return (
        "No expression takes a token out of these blobs: they are packed, or git filter-repo takes them for binary. "
        "--path takes their files out of all commits; with these ids in a file, one a line, --strip-blobs-with-ids "
        f"FILE takes out only these versions: {', '.join(blobs)}"
    )


def _notes(notes: Iterable[str], problems: Iterable[Problem]) -> Iterator[str]:
    for note in notes:
        yield from _wrapped(f"note: {note}", "")
    for problem in problems:
        yield from _wrapped(f"problem: {problem.what}: {problem.message}", "")
        yield from _wrapped(problem.hint, "  ") if problem.hint else ()


def _joined(lines: list[str]) -> bytes:
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def runbook_json(
    book: Runbook, written: Written | None, problems: Iterable[Problem], notes: Iterable[str], status: int
) -> bytes:
    """The same as JSON."""
    return _dumped(
        {
            "schema": RUNBOOK,
            "steps": [{"step": n, **_plain(step._asdict())} for n, step in enumerate(book.steps, 1)],
            "kept": [_keeper(each) for each in book.kept],
            "expressions": _plain(written._asdict()) if written else None,
            "notes": [readable(note) for note in notes],
            "problems": [_plain(problem._asdict()) for problem in problems],
            "exit": status,
        }
    )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Texts as UTF-8 can hold them, tuples as lists."""
    return {key: _value(value) for key, value in fields.items()}


def _value(value: object) -> object:
    if isinstance(value, str):
        return readable(value)
    return [readable(each) for each in value] if isinstance(value, tuple) else value


def _keeper(keeper: Keeper) -> dict[str, Any]:
    return {
        "what": keeper.what,
        "why": keeper.why,
        "names": {"count": keeper.names.count, "first": [readable(name) for name in keeper.names.first]},
        "commands": list(keeper.commands),
    }


def _dumped(document: dict[str, Any]) -> bytes:
    rows = [b"%b: %b" % (dump(key), dump(value)) for key, value in document.items()]
    return b"{\n" + b",\n".join(rows) + b"\n}\n"


def clean_text(answer: Cleanliness, notes: Iterable[str], status: int) -> bytes:
    """The answer of --verify-clean as text."""
    lines: list[str] = []
    for each in answer.standing:
        lines += _standing(each)
    lines += _remote(answer.remote) if answer.remote else []
    lines += [f"gone: {harmless(fingerprint)}" for fingerprint in answer.gone]
    if answer.allowed:
        lines.append(f"{many(answer.allowed, 'finding')} that somebody allowed {_verb(answer.allowed)} not counted")
    lines += _notes(notes, answer.problems)
    lines += _wrapped(f"not seen from here: {'; '.join(answer.unseen)}", "")
    lines.append(_verdict(answer, status))
    return _joined(lines)


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"


def _standing(each: Standing) -> Iterator[str]:
    found = each.finding
    yield f"still there: {harmless(found.redacted)}  {harmless(found.fingerprint)}"
    yield from (f"   {place(location)}" for location in found.locations[:_PLACES])
    more = len(found.locations) - _PLACES
    if more > 0:
        yield f"   and {many(more, 'place')} more"
    for keeper in each.kept:
        yield from _wrapped(told(keeper))
        yield from (f"     $ {command}" for command in keeper.commands)
    yield ""


def _remote(remote: Remote) -> Iterator[str]:
    yield f"remote {harmless(remote.url)}: {many(remote.refs, 'ref')} shown"
    yield from (f"   still there: {harmless(ref)}: {harmless(why)}" for ref, why in remote.standing)
    yield ""


def _verdict(answer: Cleanliness, status: int) -> str:
    if status == 0:
        also = " or in the refs that its remote shows" if answer.remote else ""
        return f"clean: nothing of it stands in this repository{also}"
    return "not clean" if status == 1 else "not known: the look was incomplete"


def clean_json(answer: Cleanliness, notes: Iterable[str], status: int) -> bytes:
    """The same as JSON."""
    return _dumped(
        {
            "schema": CLEAN,
            "clean": status == 0,
            "standing": [
                {"finding": finding(each.finding), "kept": [_keeper(keeper) for keeper in each.kept]}
                for each in answer.standing
            ],
            "gone": list(answer.gone),
            "allowed": answer.allowed,
            "remote": _remote_json(answer.remote) if answer.remote else None,
            "unseen": list(answer.unseen),
            "notes": [readable(note) for note in notes],
            "problems": [_plain(problem._asdict()) for problem in answer.problems],
            "exit": status,
        }
    )


def _remote_json(remote: Remote) -> dict[str, Any]:
    return {
        "url": readable(remote.url),
        "refs": remote.refs,
        "standing": [_plain(each._asdict()) for each in remote.standing],
        "unknown": [readable(name) for name in remote.unknown],
    }
