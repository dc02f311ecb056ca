"""Rows: tokens that source code puts together from pieces, notebooks, and what no view shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from bench.recall_matrix.cells import Row, Write


def rows() -> tuple[Row, ...]:
    """All of them."""
    return (
        *(Row("broken up", name, _within(form), file) for name, (file, form) in _FORMS.items()),
        *(Row("broken up", name, write, file) for name, file, write in _MORE),
        *(Row("notebook", name, _notebook(name), "analysis.ipynb") for name in _CELLS),
        *(Row("others", name, write, file) for name, file, write in _OTHERS),
    )


def _within(form: str) -> Write:
    """`form` with the pieces of a token that was cut within its numbers and its secret."""

    def write(secret: bytes) -> bytes:
        text = secret.decode()
        return form.format(text[:10], text[10:24], text[24:40], text[40:]).encode()

    return write


# File and source; the pieces are numbered, braces of the source stand twice.
_FORMS = {
    "Python, literals side by side": ("a.py", 'T = ("{0}"\n     "{1}"\n     "{2}" "{3}")\n'),
    "Python, +": ("a.py", 'T = "{0}" + "{1}" + \\\n    "{2}{3}"\n'),
    "Python, constant pieces of an f-string": ("a.py", "T = f\"{0}{{'{1}'}}{2}{{'{3}'}}\"\n"),
    "Python, backslash within a string": ("a.py", 'T = "{0}{1}\\\n{2}{3}"\n'),
    "C, literals on lines": ("a.c", 'const char *t = "{0}"\n    "{1}"\n    "{2}{3}";\n'),
    "C++, <<": ("a.cpp", 'out << "{0}" << "{1}" << "{2}{3}";\n'),
    "Go, + over lines": ("a.go", 'const t = "{0}" +\n\t"{1}" +\n\t"{2}{3}"\n'),
    "JavaScript, +": ("a.js", "const t = '{0}' + '{1}' + \"{2}{3}\";\n"),
    "JavaScript, constant pieces of a template": ("a.js", 'const t = `{0}${{"{1}"}}{2}${{"{3}"}}`;\n'),
    "PHP and Perl, .": ("a.php", "$t = '{0}' . '{1}' . \"{2}{3}\";\n"),
    "Lua, ..": ("a.lua", 'local t = "{0}" .. "{1}" .. "{2}{3}"\n'),
    "Visual Basic, &": ("a.vb", 'Dim t = "{0}" & "{1}" & _\r\n    "{2}{3}"\r\n'),
    "SQL, ||": ("a.sql", "SELECT '{0}' || '{1}' || '{2}{3}';\n"),
    "Twig and Raku, ~": ("a.twig", '{{{{ "{0}" ~ "{1}" ~ "{2}{3}" }}}}\n'),
    "Erlang and OCaml, ^": ("a.ml", 'let t = "{0}" ^ "{1}" ^ "{2}{3}"\n'),
    "shell, quoted pieces": ("a.sh", "T='{0}'\"{1}\"{2}'{3}'\n"),
    "shell, continued line": ("a.sh", "export T={0}{1}\\\n{2}{3}\n"),
    "YAML, folded by backslash": ("a.yaml", 'token: "{0}{1}\\\n  {2}{3}"\n'),
    "properties, continued line": ("a.properties", "slack.token={0}{1}\\\n    {2}{3}\n"),
}


def _parts(secret: bytes) -> tuple[str, ...]:
    return tuple(secret.decode().split("-"))


def _listed(form: str, between: str) -> Write:
    """`form` with the parts between the dashes, each in quotes."""
    return lambda secret: form.format(between.join(f'"{part}"' for part in _parts(secret))).encode()


def _pieces(secret: bytes, count: int) -> Sequence[str]:
    """The token in so many pieces."""
    text, first = secret.decode(), len(secret) - count + 1
    return text[:first], *text[first:]


def _added(count: int, between: str) -> Write:
    return lambda secret: ("t = " + between.join(f'"{piece}"' for piece in _pieces(secret, count)) + "\n").encode()


_MORE: tuple[tuple[str, str, Write], ...] = (
    ('JavaScript, ["…"].join("-")', "a.js", _listed('const t = [{}].join("-");\n', ", ")),
    ('Python, "-".join(["…"])', "a.py", _listed('T = "-".join([{}])\n', ", ")),
    ("PHP, implode", "a.php", _listed('$t = implode("-", [{}]);\n', ", ")),
    ("Java, String.join", "A.java", _listed('var t = String.join("-", {});\n', ", ")),
    ("Java, String.format", "A.java", _listed('var t = String.format("%s-%s-%s-%s", {});\n', ", ")),
    ("Python, %", "a.py", _listed('T = "%s-%s-%s-%s" % ({})\n', ", ")),
    ("Python, str.format", "a.py", _listed('T = "{{}}-{{}}-{{}}-{{}}".format({})\n', ", ")),
    ("8 pieces", "a.js", _added(8, " + ")),
    ("9 pieces", "a.js", _added(9, " + ")),
    ("over 12 lines", "a.js", _added(2, " +\n" + "  // …\n" * 11)),
    ("the prefix broken", "a.js", lambda t: b't = "xo" + "' + t[2:] + b'"\n'),
    ("by way of a variable", "a.py", lambda t: b'A = "' + t[:18] + b'"\n\n\nT = A + "' + t[18:] + b'"\n'),
)


def _source(secret: str) -> dict[str, object]:
    return {"cell_type": "code", "outputs": [], "source": ["import os\n", f"T = '{secret}'\n"]}


def _continued(secret: str) -> dict[str, object]:
    lines = [f"T = '{secret[:20]}' \\\n", f"    '{secret[20:]}'\n"]
    return {"cell_type": "code", "outputs": [], "source": lines}


def _stream(secret: str) -> dict[str, object]:
    output = {"output_type": "stream", "name": "stdout", "text": ["the token is\n", f"{secret}\n"]}
    return {"cell_type": "code", "outputs": [output], "source": ["print(T)"]}


def _coloured(secret: str) -> dict[str, object]:
    trace = [f"\u001b[0;31mValueError\u001b[0m: {secret[:20]}\u001b[0;32m{secret[20:]}\u001b[0m"]
    output = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": trace}
    return {"cell_type": "code", "outputs": [output], "source": ["f()"]}


def _rich(secret: str) -> dict[str, object]:
    data = {"text/html": ["<table><td>\n", f"{secret[:12]}<b>{secret[12:]}</b></table>"]}
    output = {"output_type": "execute_result", "data": data, "metadata": {}}
    return {"cell_type": "code", "outputs": [output], "source": ["T"]}


_CELLS: dict[str, Callable[[str], dict[str, object]]] = {
    "source": _source,
    "source, over two lines": _continued,
    "output": _stream,
    "output, traceback in colours": _coloured,
    "output, HTML": _rich,
}


def _notebook(name: str) -> Write:
    def write(secret: bytes) -> bytes:
        book = {"cells": [_CELLS[name](secret.decode())], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(book, indent=1).encode()

    return write


def _od(secret: bytes) -> bytes:
    data = secret + b"\0" * (len(secret) % 2)
    words = [data[at : at + 2][::-1].hex() for at in range(0, len(data), 2)]
    lines = [f"{at * 2:07o} " + " ".join(words[at : at + 8]) for at in range(0, len(words), 8)]
    return "\n".join(lines).encode() + b"\n"


def _rot13(secret: bytes) -> bytes:
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return secret.translate(bytes.maketrans(plain, plain[13:26] + plain[:13] + plain[39:] + plain[26:39])) + b"\n"


_OTHERS: tuple[tuple[str, str, Write], ...] = (
    ("\\N{LATIN SMALL LETTER X}", "a.py", lambda t: b'T = "\\N{LATIN SMALL LETTER X}' + t[1:] + b'"\n'),
    ("[char]0x78", "a.ps1", lambda t: b'$t = [char]0x78 + "' + t[1:] + b'"\n'),
    ("decimal array", "a.js", lambda t: b"String.fromCharCode(" + ",".join(map(str, t)).encode() + b")\n"),
    ("od -x", "dump.txt", _od),
    ("backwards", "a.js", lambda t: b'"' + t[::-1] + b'".split("").reverse().join("")\n'),
    ("ROT13", "a.txt", _rot13),
)
