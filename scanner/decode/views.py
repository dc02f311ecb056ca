"""All views, by name, and what betrays each: without loading any of them, since most texts hold nothing encoded.

The literals stand in scanner.decode.literals and literals_many, which docs/check.py makes from the views themselves.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from zlib import compress, decompress

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
    "hex": ("hexviews", "USUAL"),
}
NAMES = tuple(_WHERE)
MANY = ("base64",)  # those with very many literals; the module says which FEW are the most usual


def literals(name: str) -> Sequence[bytes]:
    """What betrays the view called `name`."""
    return _packed("literals_many")[name] if name in MANY else few(name)


def few(name: str) -> Sequence[bytes]:
    """As many of these as can be looked for without a library that is made for it."""
    return _packed("literals")[name]


@cache
def _packed(module: str) -> Mapping[str, Sequence[bytes]]:
    packed: str = import_module(f"scanner.decode.{module}").LITERALS
    lines = decompress(a2b_base64(packed)).decode().splitlines()
    return {name: tuple(map(bytes.fromhex, words)) for name, *words in map(str.split, lines)}


def pack(names: Sequence[str], *, many: bool) -> str:
    """What such a module holds: packed, as a text in which every literal stands would look encoded in every way."""
    lines = (" ".join([name, *(literal.hex() for literal in made(name, many=many))]) for name in names)
    return b2a_base64(compress("\n".join(lines).encode(), 9), newline=False).decode()


def made(name: str, *, many: bool) -> list[bytes]:
    """What `literals` (or with `many` false, `few`) is to give: asks the view."""
    module, attribute = _WHERE[name]
    loaded = import_module(f"scanner.decode.{module}")
    return sorted(set(getattr(loaded, attribute).anchors if many or name not in MANY else loaded.FEW))


@cache
def view(name: str) -> View:
    """The view called `name`, loaded."""
    module, attribute = _WHERE[name]
    found: View = getattr(import_module(f"scanner.decode.{module}"), attribute)
    return found


def decode(name: str, data: bytes, found: Sequence[bytes] = ()) -> Iterator[Decoded]:
    """What the view called `name` shows of `data`, in which these of its literals were `found`, if that is known."""
    if name in MANY and found:
        return around_those(name, data, tuple(found))
    return view(name).decode(data)


def around_those(name: str, data: bytes, found: tuple[bytes, ...]) -> Iterator[Decoded]:
    """The same for a view that has very many literals: to look for few of them takes a fraction of the time."""
    view(name)
    module = import_module(f"scanner.decode.{_WHERE[name][0]}")
    shown: Iterator[Decoded] = module.around_those(data, found)
    return shown
