"""`xoxscan rules list|show|check`: the rules, and their self-test."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from scanner import rules
from scanner.errors import OK, USAGE, RuleError
from scanner.model import Check, Rule, Streams

SUMMARY = "Lists the rules, shows one, or tests them on their own examples."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The three actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all rules: id, kind, severity, name", description="Lists all rules.")
    show = actions.add_parser("show", help="one rule with all its fields", description="Shows one rule.")
    show.add_argument("id", metavar="ID", help="the id of the rule")
    for parser in (listing, show):
        parser.add_argument("--rules", action="append", default=[], metavar="PATH", help="more rules; repeatable")
    check = actions.add_parser(
        "check",
        help="run examples and counter-examples, and look for patterns that hang",
        description="Runs examples and counter-examples, and looks for patterns that hang.",
    )
    check.add_argument("path", nargs="*", metavar="PATH", help="rule files or folders (default: the built-in rules)")


def run(args: argparse.Namespace, streams: Streams) -> int:
    """The exit status: 2 if `check` has something to complain about. Errors: see scanner.errors."""
    if args.action == "check":
        return _check([Path(path) for path in args.path], streams)
    known = rules.combine(rules.builtin(), _loaded(args.rules))
    if args.action == "list":
        _write(streams, _table(known))
    else:
        (rule,) = rules.combine(known, (), only=[args.id])
        _write(streams, _shown(rule))
    return OK


def _loaded(paths: Sequence[str | Path]) -> tuple[Rule, ...]:
    return tuple(rule for path in paths for rule in rules.load(Path(path)))


def _write(streams: Streams, text: str) -> None:
    streams.stdout.write(text.encode("utf-8", "replace"))


def _table(known: Sequence[Rule]) -> str:
    """Lined up for reading, a rule a line."""
    rows = [(rule.id, rule.kind, rule.severity, rule.name) for rule in known]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) + "\n"
        for row in rows
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _called(check: Check) -> str:
    arguments = ", ".join(f"{name}: {value}" for name, value in check.arguments.items())
    return f"{check.name} ({arguments})" if arguments else check.name


def _shown(rule: Rule) -> str:
    """Every field, those of several values or lines with a line each."""
    fields: list[tuple[str, Sequence[str]]] = [
        ("id", [rule.id]),
        ("name", [rule.name]),
        ("kind", [rule.kind]),
        ("severity", [rule.severity]),
        ("description", [rule.description]),
        ("anchors", [anchor.decode("utf-8", "replace") for anchor in rule.anchors]),
        ("also", [one.decode("utf-8", "replace") for one in rule.also]),
        ("begins", [one.decode("utf-8", "replace") for one in rule.begins]),
        ("holds", [rule.holds] if rule.holds else []),
        ("pattern", rule.pattern.strip().splitlines()),
        ("checks", [_called(check) for check in rule.checks]),
        ("examples", [repr(example) for example in rule.examples]),
        ("counter_examples", [repr(example) for example in rule.counter_examples]),
        ("references", rule.references),
        ("remediation", rule.remediation.strip().splitlines()),
        ("verify", [rule.verify]),
        ("revoke", [rule.revoke]),
        ("origin", [rule.origin]),
    ]
    return "".join(
        f"{name}: {values[0]}\n" if len(values) == 1 else f"{name}:\n" + "".join(f"  {value}\n" for value in values)
        for name, values in fields
        if values
    )


def _check(paths: Sequence[Path], streams: Streams) -> int:
    from scanner.rules import selftest

    known = rules.combine((), _loaded(paths)) if paths else rules.builtin()
    theirs = [rule._replace(origin="") for rule in rules.builtin()]
    rules.combine(
        rules.builtin(), [rule for rule in known if rule._replace(origin="") not in theirs]
    )  # is an id taken?
    if not known:
        raise RuleError(f"{', '.join(map(str, paths))}: no rules")
    complaints = [complaint for rule in known for complaint in selftest.check(rule)]
    for complaint in complaints:
        streams.stderr.write(f"xoxscan: {complaint}\n".encode("utf-8", "replace"))
    examples = sum(len(rule.examples) + len(rule.counter_examples) for rule in known)
    outcome = _counted(len(complaints), "complaint") if complaints else "all good"
    _write(streams, f"{_counted(len(known), 'rule')}, {examples} examples and counter-examples: {outcome}\n")
    return USAGE if complaints else OK
