"""`xoxscan journal list|show|resume|export`: what was planned, done and proven, and every request that was made."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from scanner.commands import resume
from scanner.errors import OK, UsageError
from scanner.model import Streams
from scanner.report.output import STDOUT, OutStream
from scanner.report.places import harmless
from scanner.report.redactor import Redactor
from scanner.respond.journal import Entry, Journal, Place, Request, Step, exists, folder
from scanner.respond.journal_export import canonical, described, described_request, save

SUMMARY = "What was planned, done and proven about tokens, and every request that was made to Slack."

SCHEMA = "xoxscan.journal/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list", help="a line for each entry, the newest last", description="Lists the entries, the newest last."
    )
    listing.add_argument("--requests", action="store_true", help="every request that was ever made, instead")
    show = actions.add_parser(
        "show", help="one entry with all its steps and requests", description="Shows one entry with all its steps."
    )
    show.add_argument("id", metavar="ID", help="the number of the entry, as list shows it")
    for action in (listing, show):
        action.add_argument("-f", "--format", choices=("text", "json"), default="text", help="default: text")
    export = actions.add_parser(
        "export",
        help="all of it as evidence: JSON, each part with its SHA-256",
        description="Writes all of it as evidence: JSON, each part with its SHA-256, and one over all.",
    )
    export.add_argument("-o", "--output", metavar="FILE", default=STDOUT, help="write to FILE, mode 0600")
    again = actions.add_parser(
        "resume",
        help="bring what was started and not ended to a known end",
        description="Brings every revocation that was started, and that nobody is busy with, to a known end.\n"
        "The tokens are read again where they stand; with - they come on the standard input, one a line.",
    )
    resume.add_arguments(again)


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 0. JournalError (4) for a journal that cannot be used, UsageError (2) for what is not there."""
    if args.action == "resume":
        return resume.run(args, streams)
    where = folder(streams.environ)
    if not exists(where):
        return _nothing(args, where, streams)
    with Journal(where, streams.clock) as journal:
        if args.action == "export":
            _export(args.output, journal, streams)
        elif args.action == "show":
            _show(args, journal, streams)
        else:
            _list(args, journal, streams)
    return OK


def _nothing(args: argparse.Namespace, where: str, streams: Streams) -> int:
    if args.action != "list":
        raise UsageError(f"there is no journal yet in {where}", "XOXSCAN_STATE_DIR names another folder")
    if args.format == "json":
        _write_json(streams, {"requests" if args.requests else "entries": []})
    _tell(streams, f"there is no journal yet in {where}")
    return OK


def _export(path: str, journal: Journal, streams: Streams) -> None:
    data = canonical(journal.export()) + b"\n"
    if path == STDOUT:
        streams.stdout.write(data)
        return
    save(path, data)
    _tell(streams, f"the journal is in {path}")


def _tell(streams: Streams, text: str) -> None:
    """One line on stderr, through the redactor: a folder's name may hold a token."""
    streams.stderr.write(Redactor().clean(f"xoxscan: {harmless(text)}\n".encode("utf-8", "backslashreplace")))


def _list(args: argparse.Namespace, journal: Journal, streams: Streams) -> None:
    if args.requests:
        requests = journal.requests()
        if args.format == "json":
            _write_json(streams, {"requests": [described_request(request) for request in requests]})
        else:
            _write_lines(streams, _table([_request(request) for request in requests]), "no request was ever made")
        return
    entries = journal.entries()
    if args.format == "json":
        _write_json(streams, {"entries": [described(entry, journal.steps(entry.id)) for entry in entries]})
    else:
        _write_lines(streams, _table([_line(entry) for entry in entries]), "nothing was ever planned")


def _show(args: argparse.Namespace, journal: Journal, streams: Streams) -> None:
    entry = journal.entry(int(args.id)) if args.id.isascii() and args.id.isdigit() and len(args.id) < 19 else None
    if entry is None:
        raise UsageError(f"the journal has no entry {args.id}", "xoxscan journal list shows them")
    steps, requests = journal.steps(entry.id), journal.requests(entry.planned.fingerprint)
    if args.format == "json":
        asked = [described_request(request) for request in requests]
        _write_json(streams, {"entry": described(entry, steps), "requests": asked})
    else:
        _write_lines(streams, _shown(entry, steps, requests), "")


def _line(entry: Entry) -> tuple[str, ...]:
    planned = entry.planned
    why = entry.proof or entry.reason or entry.code
    return (str(entry.id), entry.at, entry.state, planned.kind, planned.redacted, planned.fingerprint, why)


def _request(request: Request) -> tuple[str, ...]:
    return (
        str(request.id),
        request.began,
        request.method,
        request.fingerprint,
        request.request_id or "-",
        _went(request),
    )


def _went(request: Request) -> str:
    if request.ended is None:
        return "not known how it ended"
    words = [request.failure or request.code or ("ok" if request.ok else "not ok")]
    if request.revoked is not None:
        words.append(f"revoked: {str(request.revoked).lower()}")
    return ", ".join(words)


def _shown(entry: Entry, steps: Sequence[Step], requests: Sequence[Request]) -> list[str]:
    planned = entry.planned
    fields = [
        ("entry", str(entry.id)),
        ("run", entry.run),
        ("state", entry.state),
        ("token", planned.redacted),
        ("kind", planned.kind),
        ("rule", planned.rule),
        ("fingerprint", planned.fingerprint),
        ("policy", planned.policy),
        ("grant", planned.grant or ""),
        ("place", _place(planned.place) if planned.place else ""),
    ]
    lines = [f"{name}: {harmless(value)}" for name, value in fields if value]
    lines += ["steps:", *(f"  {line}" for line in _table([_step(step) for step in steps]))]
    notices = [request for request in requests if request.method.startswith("notice ")]
    asked = [request for request in requests if request not in notices]
    for title, some in (("requests with this token", asked), ("notices about it", notices)):
        table = _table([_request(request) for request in some])
        lines += [f"{title}:", *(f"  {line}" for line in table)] if table else []
    return lines


def _place(place: Place) -> str:
    path = "" if place.path is None else f", {harmless(place.path)}"
    return f"{place.object or 'no object'}, bytes {place.start} to {place.end}{path}, in {place.repository}"


def _step(step: Step) -> tuple[str, ...]:
    said = [step.proof, step.reason, step.code, "" if step.revoked is None else f"revoked: {str(step.revoked).lower()}"]
    said += [f"Slack's clock {step.date}" if step.date else "", f"request {step.request_id}" if step.request_id else ""]
    return (step.at, step.state, f"process {step.process}", ", ".join(part for part in said if part))


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lined up for reading, a row a line, each cell harmless; the last column takes what room it needs."""
    cells = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def _write_lines(streams: Streams, lines: Sequence[str], otherwise: str) -> None:
    text = "".join(f"{line}\n" for line in lines or [otherwise])
    _out(streams, text.encode("utf-8", "backslashreplace"))


def _write_json(streams: Streams, content: dict[str, object]) -> None:
    _out(streams, json.dumps({"schema": SCHEMA, **content}, indent=2).encode("ascii") + b"\n")


def _out(streams: Streams, data: bytes) -> None:
    out = OutStream(streams.stdout, Redactor())
    out.write(data)
    out.finish()
