"""How long a token is that Slack issued: where something that nobody sees stands in one or right behind it, that tells
which.

A rule takes more lengths, since Slack promises none; these are those of public samples. Workflow tokens, session
cookies and rotating app-level tokens have none that is usual.
"""

from __future__ import annotations

import re
from functools import cache

_HEX = b"[0-9a-fA-F]"
_USUAL = (
    rb"xox[br]-[\d-]+-[A-Za-z0-9]{24}",
    rb"xox[apsoe]-[\d-]+-%b{32}" % _HEX,
    rb"xox[pso]-[\d-]+-(?:%b{10}|[A-Za-z0-9]{6})" % _HEX,  # the oldest
    rb"(?:xox[cso]-[\d-]+-|(?:xoxe\.)?xapp-\d+-[A-Z0-9]+-\d+-)%b{64}" % _HEX,
    rb"https://hooks\.[a-z.-]+/[\w/]+/[A-Za-z0-9]{24}",
    rb"https://hooks\.[a-z.-]+/triggers/\w+/\d+/%b{32}" % _HEX,
)
_SEEN = rb"xoxb-[\d-]+-[A-Za-z0-9]{23,27}"  # in some samples


@cache
def _pattern() -> re.Pattern[bytes]:
    return re.compile(rb"(?P<usual>%b)|(?P<seen>%b)" % (b"|".join(_USUAL), _SEEN))


def likely(token: bytes) -> int:
    """How likely it is that `token`, as issued, ends where it does: 2 if it is just as long as those of its kind are, 1
    if some are, 0 if that is not known."""
    found = _pattern().fullmatch(token)
    return 0 if found is None else 1 + (found.lastgroup == "usual")
