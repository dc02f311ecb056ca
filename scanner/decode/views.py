"""All views, by name, and what betrays each: without loading any of them, since most texts hold nothing encoded.

The literals stand in scanner.decode.literals and literals_many, which docs/check.py makes from the views themselves.
Without a library that looks for thousands at once, each literal is looked for by a byte of it that is rare in most
texts: where that stands nowhere, no literal with it does.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING
from zlib import compress, decompress

from scanner.decode.gates import Gate, gates_for

if TYPE_CHECKING:
    from scanner.decode.view import Decoded, View

# Name, module, and what the module calls it. In the order in which they are tried.
_WHERE = {
    "percent": ("percent", "VIEW"),
    "escape": ("escapes", "VIEW"),
    "html": ("entities", "VIEW"),
    "quoted-printable": ("quotedprintable", "VIEW"),
    "ansi": ("ansi", "VIEW"),
    "cookie": ("cookies", "VIEW"),
    "typographic": ("typographic", "VIEW"),
    "utf-16": ("charset", "UTF_16"),
    "utf-32": ("charset", "UTF_32"),
    "notebook": ("notebook", "VIEW"),
    "joined": ("joined", "VIEW"),
    "base64": ("base64views", "VIEW"),
    "hex": ("hexviews", "VIEW"),
}
NAMES = tuple(_WHERE)
# Those with very many literals, or with costly ones; the module says which few are the most usual.
_MANY = ("base64", "hex", "quoted-printable")

# What rules look for themselves: what contains it is not looked for, but seen to where it stands.
PLAIN = (b"xox", b"xapp", b"xwfp", b"slack", b"Slack", b"SLACK")

Betraying = Mapping[bytes, Sequence[str]]  # literals, none of which contains another, and the views that each betrays


def literals(*, many: bool) -> Betraying:
    """What betrays the views. With `many` false, as much of it as can be looked for without a library that is made for
    it: of some views only what is usual."""
    return _known("literals_many" if many else "literals")


def betraying(names: Collection[str], *, many: bool) -> Betraying:
    """The same of the views `names` alone."""
    kept = {one: [name for name in betrayed if name in names] for one, betrayed in literals(many=many).items()}
    return {literal: betrayed for literal, betrayed in kept.items() if betrayed} if names else {}


def fingerprint() -> str:
    """What changes whenever the many literals do."""
    packed: str = import_module("scanner.decode.literals_many").LITERALS
    return packed


def gates() -> Sequence[Gate]:
    """How to look for the few literals that contain nothing of PLAIN."""
    packed: str = import_module("scanner.decode.literals").GATES
    return [Gate(*map(bytes.fromhex, line.split(":"))) for line in _unpacked(packed)]


@cache
def _known(module: str) -> Betraying:
    lines = _unpacked(import_module(f"scanner.decode.{module}").LITERALS)
    return {bytes.fromhex(literal): names for literal, *names in map(str.split, lines)}


def _unpacked(packed: str) -> Sequence[str]:
    return decompress(a2b_base64(packed)).decode().splitlines()


def pack(*, many: bool) -> Mapping[str, str]:
    """What such a module holds, by name: packed, as a text in which every literal stands would look encoded in every
    way."""
    made = _made(many=many)
    packed = {"LITERALS": _packed(" ".join([literal.hex(), *names]) for literal, names in made.items())}
    if many:
        return packed
    gated = gates_for(one for one in made if not any(plain in one for plain in PLAIN))
    return {**packed, "GATES": _packed(":".join(part.hex() for part in gate) for gate in gated)}


def _packed(lines: Iterable[str]) -> str:
    return b2a_base64(compress("\n".join(lines).encode(), 9), newline=False).decode()


def _made(*, many: bool) -> Betraying:
    """What `literals` is to give: asks the views. A literal that contains another says no more than that one."""
    made: dict[bytes, dict[str, None]] = {}
    every = [(literal, name) for name in NAMES for literal in _anchors(name, many=many)]
    for literal, name in sorted(every, key=lambda one: (len(one[0]), one[0])):
        parts = {literal[at:end] for at in range(len(literal)) for end in range(at + 1, len(literal) + 1)}
        for shorter in parts & made.keys() or {literal}:
            made.setdefault(shorter, {})[name] = None
    return {literal: tuple(made[literal]) for literal in sorted(made)}


def _anchors(name: str, *, many: bool) -> Iterable[bytes]:
    module, attribute = _WHERE[name]
    loaded = import_module(f"scanner.decode.{module}")
    found: Iterable[bytes] = loaded.few() if name in _MANY and not many else getattr(loaded, attribute).anchors
    return found


@cache
def view(name: str) -> View:
    """The view called `name`, loaded."""
    module, attribute = _WHERE[name]
    found: View = getattr(import_module(f"scanner.decode.{module}"), attribute)
    return found


def decode(name: str, data: bytes, found: Sequence[bytes] = ()) -> Iterator[Decoded]:
    """What the view called `name` shows of `data`, in which these literals that betray it were `found`, if that is
    known."""
    return view(name).decode(data, tuple(found))
