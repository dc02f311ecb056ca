"""What git filter-repo can do about a place, and how its commands name files."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model import Location, Position
from scanner.report.places import harmless
from scanner.respond.rewriting import by_expression, command, paths, quoted

NAMES = st.binary(min_size=1, max_size=12) | st.text(min_size=1, max_size=8).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)


@settings(max_examples=20, deadline=None)
@given(st.lists(NAMES.map(lambda name: name.replace(b"\0", b"\x01")), min_size=20, max_size=60))
def test_a_shell_reads_each_name_as_it_is(names: list[bytes]) -> None:
    words = [quoted(name) for name in names]
    assert all(harmless(word) == word and word.isprintable() for word in words)
    script = "printf '%s\\0' " + " ".join(words)
    said = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert said == b"".join(name + b"\0" for name in names)


@pytest.mark.parametrize(
    ("place", "reached"),
    [
        (Location("blob"), True),
        (Location("blob", encoding=("base64", "gzip")), True),
        (Location("symlink", encoding=("percent",)), True),
        (Location("note"), True),
        (Location("blob", encoding=("base64",), member=(b"a",)), False),  # or the other way round: it does not tell
        (Location("blob", encoding=("gzip",)), False),
        (Location("blob", encoding=("utf-16-le", "base64")), False),
        (Location("blob", encoding=("utf-16",)), False),
        (Location("blob", encoding=("lfs",)), False),
        (Location("commit-message", encoding=("base64",), position=Position(1, 1, 1, 2)), True),
        (Location("tag-message"), False),  # its header
        (Location("ref-name"), False),
        (Location("path-name", b"a"), False),
        (Location("reflog"), False),
    ],
)
def test_what_a_place_tells(place: Location, reached: bool) -> None:
    assert by_expression(place) is reached


def test_commands() -> None:
    places = [Location("blob", b"a b"), Location("blob", b"a b"), Location("blob"), Location("note", b"ab")]
    assert command("", paths(places)) == "git filter-repo --invert-paths --path='a b'"
    assert command("'e x'", (), "f.git") == "git -C f.git filter-repo --replace-text 'e x' --replace-message 'e x'"
    assert command("e", [b"-x"]) == "git filter-repo --replace-text e --replace-message e --invert-paths --path=-x"
