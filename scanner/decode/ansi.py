r"""What a terminal does not print, within a token: colours and links in logs, `grep --color`, overstruck letters.

Control sequences: ECMA-48, section 5.4 (ESC [ … final byte), and xterm's operating system commands (ESC ] … BEL or ESC
\), of which number 8 is a hyperlink. The escape character may itself be spelled (`\u001b`, `\x1b`, `\033`, `\e`, `^[`),
as it is where a log is kept as JSON. A letter, a backspace and the letter again is bold in what nroff prints.
"""

from __future__ import annotations

import re

from scanner.decode.characters import Dialect, view

_ESCAPE = rb"(?:\x1b|(?<!\\)\\{1,8}+(?:u001[bB]|x1[bB]|0?33|[eE])|\^\[)"
_SEQUENCE = rb"(?:%b\[|\xc2\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]" % _ESCAPE
_COMMAND = rb"%b\][^\x07\x1b\n]{0,4096}?(?:\x07|%b\\{1,8}+|\\{1,4}(?:u0007|x07|a))" % (_ESCAPE, _ESCAPE)
_STRUCK = rb"[^\n\x08]\x08(?=[^\n\x08])"
_PATTERN = rb"%b|%b|%b[()][0-9A-Z]|%b" % (_SEQUENCE, _COMMAND, _ESCAPE, _STRUCK)
_ESCAPES = (b"\x1b", b"\\u001b", b"\\u001B", b"\\x1b", b"\\x1B", b"\\033", b"\\e", b"^[")


def _nothing(found: re.Match[bytes]) -> bytes:
    return b""


def _anchors() -> tuple[bytes, ...]:
    """What begins like a token, up to a control sequence; overstruck letters."""
    begun = [start + escape + b"[" for start in (b"x", b"xo", b"xa", b"xw") for escape in _ESCAPES]
    begun += [start + b"\x1b" for start in (b"xap", b"xwf", b"xox", b"hooks", b"hooks.")]
    return (*begun, b"x\x08xo\x08o", b"x\x08xa\x08a", b"x\x08xw\x08w", b"_\x08x_\x08", b"k\x08ks\x08s")


VIEW = view("ansi", Dialect(_PATTERN, _nothing, _anchors()))
