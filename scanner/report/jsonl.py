"""JSON Lines: one finding a line, as in xoxscan.report/1, then one line {"summary": …} with all the rest."""

from __future__ import annotations

from scanner.model import Report
from scanner.report import Options, Sink
from scanner.report.schema import dump, finding, head, tail


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` line by line. The tokens themselves only with `options.show_secrets`."""
    for found in report.findings:
        out.write(dump(finding(found, options.show_secrets)) + b"\n")
    out.write(dump({"summary": {**head(report), **tail(report, options.show_secrets)}}) + b"\n")
