"""What reads our reports, made small: GitHub's runner, JSON and XML parsers, Markdown. Each gives a shape: what is left
when every text is taken out. Two reports that differ in texts alone have the same."""

from __future__ import annotations

import json
import re
import xml.parsers.expat
from collections.abc import Sequence
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), and controls: a search by culture overlooks them.
IGNORABLE = (
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# What a terminal, an editor or a reviewer's eye would be misled by. Line ends are looked at elsewhere.
ACTIVE = re.compile(f"(?!\n){IGNORABLE}|[\t\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029\ud800-\udfff]")


class Command(NamedTuple):
    """One workflow command, its escapes undone."""

    name: str
    properties: tuple[tuple[str, str], ...]
    data: str


def commands(output: bytes) -> list[Command]:
    """What GitHub's runner would do (its ActionCommand.cs: TryParseV2, else TryParse). Stricter: any name is one that
    it knows; a search overlooks what Unicode calls ignorable, since .NET's does; and Azure's `##vso[` counts too."""
    found = (_command(line) for line in re.split("\r\n|\r|\n", output.decode("utf-8", "surrogateescape")))
    return [command for command in found if command]


def _command(line: str) -> Command | None:
    seen = re.sub(IGNORABLE, "", line)
    new = re.match(r"\s*::(.*?)::(.*)\Z", seen, re.S)
    old = re.search(r"##[A-Za-z]*\[([^\]]*)\](.*)\Z", seen, re.S)
    if new:
        return _parsed(new[1], new[2], ",", ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
    return _parsed(old[1], old[2], ";", ("%3B", ";"), ("%5D", "]"), ("%25", "%")) if old else None


def _parsed(info: str, data: str, gap: str, *escapes: tuple[str, str]) -> Command:
    name, _, rest = info.partition(" ")
    pairs = [pair.partition("=") for pair in rest.split(gap) if pair]
    for escape, plain in escapes:
        pairs = [(key, equals, value.replace(escape, plain)) for key, equals, value in pairs]
        data = data if plain in ":," else data.replace(escape, plain)
    return Command(name, tuple((key, value) for key, _, value in pairs), data)


def json_shape(value: Any) -> Any:
    """A JSON value without its texts and numbers."""
    if isinstance(value, dict):
        return {key: json_shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [json_shape(inner) for inner in value]
    return type(value).__name__


def json_lines(data: bytes) -> list[Any]:
    """Every line of JSON Lines. ValueError where one is none."""
    return [json.loads(line) for line in data.splitlines()]


class Element(NamedTuple):
    """An XML element: its name, attributes, text, and what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element]
    text: list[str]


def xml_root(data: bytes) -> Element:
    """The root of a document. Safe for hostile input: a document type, an entity of its own or a processing instruction
    is an error, so nothing is expanded and nothing is fetched. ExpatError where it is not well-formed."""
    top = Element("", {}, [], [])
    stack = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        stack[-1].children.append(Element(tag, attributes, [], []))
        stack.append(stack[-1].children[-1])

    def text(data: str) -> None:
        stack[-1].text.append(data)

    def refuse(*_: Any) -> int:
        raise ValueError("this has no place in our reports")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: stack.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    parser.CommentHandler = refuse
    parser.StartCdataSectionHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.Parse(data, True)
    return top.children[0]


def xml_shape(element: Element) -> Any:
    """An element without its texts."""
    return (
        element.tag,
        list(element.attributes),
        bool("".join(element.text).strip()),
        [*map(xml_shape, element.children)],
    )


def markdown_shape(data: bytes) -> list[tuple[Any, ...]]:
    """Everything that Markdown makes of a text: blocks, tables, HTML, links; of code spans only that they are there.

    GitHub's own additions (mentions, references, addresses without brackets) are made from what stands outside of code
    spans, and that stays in the shape letter by letter.
    """
    parsed = MarkdownIt("commonmark").enable("table").parse(data.decode())
    return [shape for token in parsed for shape in _token(token)]


def _token(token: Token) -> Sequence[tuple[Any, ...]]:
    if token.children is None:
        return [(token.type, token.tag, token.content)]
    return [
        (token.type, child.type, child.tag, "" if child.type == "code_inline" else child.content)
        for child in token.children
    ]
