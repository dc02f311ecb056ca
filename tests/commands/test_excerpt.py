from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.commands.excerpt import excerpt
from scanner.model import Match, Secret


def match(data: bytes, token: bytes, at: int = 0) -> Match:
    start = data.index(token, at)
    return Match("rule", "kind", Secret(token), token[:2].decode() + "****", (), start, start + len(token))


def shown(data: bytes, *tokens: bytes) -> list[str]:
    found = [match(data, token) for token in tokens]
    return excerpt(data, found, found[0])


def test_the_line_and_its_neighbours_with_every_secret_masked() -> None:
    data = b"one\ntwo SECOND\nkey = FIRST, SECOND2 # x\nthree THIRD\nfour"
    assert shown(data, b"FIRST", b"SECOND", b"SECOND2", b"THIRD") == [
        "two SE****",
        "key = FI****, SE**** # x",
        "three TH****",
    ]


def test_at_either_end_of_a_text() -> None:
    assert shown(b"FIRST", b"FIRST") == ["FI****"]
    assert shown(b"FIRST\nx", b"FIRST") == ["FI****", "x"]
    assert shown(b"x\r\nFIRST", b"FIRST") == ["x", "FI****"]
    assert shown(b"x\rFIRST\ry", b"FIRST") == ["x", "FI****", "y"]


def test_a_long_line_is_cut_on_both_sides() -> None:
    (line,) = shown(b"a" * 5_000_000 + b"FIRST" + b"b" * 5_000_000, b"FIRST")
    assert line == "…" + "a" * 80 + "FI****" + "b" * 80 + "…"
    before, _, after = shown(b"a" * 1000 + b"\nFIRST\n" + b"b" * 1000, b"FIRST")
    assert (len(before), len(after)) == (161, 161)


def test_a_secret_over_several_lines_is_masked_as_a_whole() -> None:
    assert shown(b"x = FI\nRST # y", b"FI\nRST") == ["x = FI**** # y"]


def test_what_is_not_utf_8_or_a_tab_is_shown_somehow() -> None:
    assert shown(b"\t\xff FIRST", b"FIRST") == ["    \ufffd FI****"]


@given(st.lists(st.sampled_from([b"FIRST", b"SECOND", b"\n", b"x" * 50, b"x" * 4090, b" "]), max_size=12))
def test_no_part_of_a_secret_is_left_over(pieces: list[bytes]) -> None:
    data, found = b"", []
    for piece in [*pieces, b"FIRST"]:
        data += piece
        if piece in (b"FIRST", b"SECOND"):
            found.append(match(data, piece, len(data) - len(piece)))
    for wanted in found:
        text = "\n".join(excerpt(data, found, wanted))
        assert not set(text) & set("RTCOND")
