"""Everything that can go wrong, as one tree. Each class carries its exit status; each error may carry a hint.

    XoxscanError            3  something could not be done
    ├── UsageError          2  wrong options or arguments
    ├── ConfigError         2  a wrong .xoxscan.yaml, baseline entry or option file
    ├── RuleError           2  a wrong rule
    ├── Incomplete          3  something that should have been scanned could not be
    │   ├── NothingToScan   3  there was nothing there to look at
    │   └── GitError        3  git refused, or answered what it must not
    └── OutputError         3  the report could not be written

Statuses: 0 clean, 1 findings, 2 usage, 3 incomplete, 4 responding failed, 130 interrupted.
"""

from __future__ import annotations

OK, FINDINGS, USAGE, INCOMPLETE, RESPONSE, INTERRUPTED = 0, 1, 2, 3, 4, 130


class XoxscanError(Exception):
    """An error that the user can act on: `str(error)` is the message, `hint` says what to do next."""

    status = INCOMPLETE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(XoxscanError):
    """Wrong options or arguments."""

    status = USAGE


class ConfigError(XoxscanError):
    """A wrong .xoxscan.yaml, baseline entry or option file; the message names file, line and field."""

    status = USAGE


class RuleError(XoxscanError):
    """A wrong rule; the message names file, line, field and reason."""

    status = USAGE


class Incomplete(XoxscanError):
    """Something that should have been scanned could not be."""


class NothingToScan(Incomplete):
    """There was nothing there to look at, and nobody said that this is fine."""


class GitError(Incomplete):
    """git refused, or answered what it must not."""


class OutputError(XoxscanError):
    """The report could not be written."""
