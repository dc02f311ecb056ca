"""What this scanner is known not to see, and why. All else of the table is seen, and stays so."""

from __future__ import annotations

from collections.abc import Mapping

_PROGRAM = "only a program would know: the beginning of the token stands nowhere"

NOT_SEEN: Mapping[str, str] = {
    "typographic: homoglyph": "there are too many letters that look alike, and nobody types them by mistake",
    "broken up: 9 pieces": "a token is put together from eight pieces at most",
    "broken up: over 12 lines": "a token is put together from ten lines at most",
    "broken up: the prefix broken": _PROGRAM,
    "broken up: by way of a variable": "values of variables are not followed",
    "others: \\N{LATIN SMALL LETTER X}": "nobody writes a token so",
    "others: [char]0x78": _PROGRAM,
    "others: decimal array": _PROGRAM,
    "others: od -x": "the bytes of each word are swapped",
    "others: backwards": _PROGRAM,
    "others: ROT13": _PROGRAM,
    "container: zip with a password": "it cannot be opened; it is counted as skipped, and said",
    "container: Git LFS pointer": "what it points to is not there; it is counted as skipped, and said",
    "git: name of a file": "trees of commits before HEAD are not unpacked: most of what a repository holds is trees",
}
