"""A row of the table: what is planted, and how it is written into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from scanner import fakes

# Ids of twelve digits and a secret of 24 characters, as Slack gives them now: every peer has a rule for this shape.
BOT = "{{x}}oxb-1{{digits:11}}-2{{digits:11}}-{{alnum:23}}x"
COOKIE = "{{x}}oxd-{{alnum:40}}+{{alnum:40}}/{{alnum:40}}=="
WEBHOOK = "https://hooks.{{s}}lack.com/services/T{{upper:8}}/B{{upper:10}}/{{alnum:23}}x"
SIGNING = "{{signing_secret}}"

Write = Callable[[bytes], bytes]


class Row(NamedTuple):
    """A row that is a file: the group that it belongs to, its name, and the content with a token in it."""

    group: str
    name: str
    write: Write
    file: str = "config.txt"
    template: str = BOT
    large: bool = False  # looked at by itself: some programs never come back from it

    @property
    def id(self) -> str:
        """What names it in the whole table."""
        return f"{self.group}: {self.name}"


def group(name: str, writes: Mapping[str, Write], file: str = "config.txt", template: str = BOT) -> tuple[Row, ...]:
    """Rows that differ in nothing but their names and how they are written."""
    return tuple(Row(name, each, write, file, template) for each, write in writes.items())


def token(template: str, name: str, seed: int) -> bytes:
    """The token of a row."""
    return fakes.render(template, f"{seed} {name}").encode()


class Planted(NamedTuple):
    """A token and where it was planted: a folder's name below the one that is looked at."""

    id: str
    token: bytes
    folder: str


def plant(rows: Iterable[tuple[int, Row]], root: Path, seed: int) -> Iterator[Planted]:
    """A folder for each row below `root`, with its file in it. They are all named alike: a name tells nothing."""
    for number, row in rows:
        secret = token(row.template, row.id, seed)
        folder = root / f"cell{number:03}"
        folder.mkdir(parents=True)
        (folder / row.file).write_bytes(row.write(secret))
        yield Planted(row.id, secret, folder.name)


def line(secret: bytes) -> bytes:
    """A token in the most usual place."""
    return b"SLACK_TOKEN=" + secret + b"\n"


def page(secret: bytes) -> bytes:
    """A token in a small file."""
    return b"# settings of the chat\nworkspace: example\ntoken: " + secret + b"\nchannel: general\n"
