"""One JSON document, schema xoxscan.report/1 (docs/report.schema.json): a line for each key, and for each finding."""

from __future__ import annotations

from scanner.model import Report
from scanner.report import Options, Sink
from scanner.report.schema import dump, finding, head, tail


def write(report: Report, out: Sink, options: Options) -> None:
    """Write `report` as UTF-8 JSON. The tokens themselves only with `options.show_secrets`."""
    out.write(b"{\n")
    for key, value in head(report).items():
        out.write(b"%b: %b,\n" % (dump(key), dump(value)))
    out.write(b'"findings": [')
    for count, found in enumerate(report.findings):
        out.write((b",\n" if count else b"\n") + dump(finding(found, options.show_secrets)))
    out.write(b"]")
    for key, value in tail(report, options.show_secrets).items():
        out.write(b",\n%b: %b" % (dump(key), dump(value)))
    out.write(b"\n}\n")
