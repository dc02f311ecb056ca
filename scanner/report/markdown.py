"""Markdown around texts of strangers, for GitHub and GitLab.

Whatever is not our own stands in a code span: in one, no Markdown, no HTML, no mention, no reference and no address
means anything (CommonMark 6.1 "Code spans"; GitHub's and GitLab's filters leave out `code`). So all that could end the
span, or the table cell around it, has to go: line ends and other controls, the backtick, and `|`.
"""

from __future__ import annotations

from scanner.report.places import harmless
from scanner.report.sentences import fitted

SPAN = 1_000  # characters


def code(text: str | bytes | None) -> str:
    """`text` as a code span, in a line or in a cell of a table; what it must not hold as \\x60, \\x7c and so on."""
    shown = harmless(text or "").replace("`", "\\x60").replace("|", "\\x7c")
    return f"`{fitted(shown, SPAN) or ' '}`"


def row(*cells: str) -> str:
    """A row of a table. The cells hold no `|` and no line end."""
    return f"| {' | '.join(cells)} |\n"


def table(*names: str) -> str:
    """The head of a table."""
    return row(*names) + row(*["---"] * len(names))
