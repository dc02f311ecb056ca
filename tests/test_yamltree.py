from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner import yamltree
from scanner.errors import ConfigError
from scanner.yamltree import Value


def plain(value: Value | None) -> object:
    """The tree as plain objects."""
    content = value.content if value else None
    if isinstance(content, list):
        return [plain(item) for item in content]
    if isinstance(content, dict):
        return {key: plain(item) for key, item in content.items()}
    return content


def test_values_know_their_lines() -> None:
    tree = yamltree.read(b"# first\na:\n  - x\n  -\n    - y\nb:\n  c: |\n    text\n", "f")
    assert tree is not None
    assert isinstance(tree.content, dict)
    a, b = tree.content["a"], tree.content["b"]
    assert isinstance(a.content, list)
    assert isinstance(b.content, dict)
    assert (a.line, [item.line for item in a.content], b.line, b.content["c"].line) == (2, [3, 5], 6, 7)
    assert plain(tree) == {"a": ["x", ["y"]], "b": {"c": "text\n"}}


@pytest.mark.parametrize("empty", [b"", b"\n\n", b"# nothing\n", b"---\n"])
def test_an_empty_file_is_nothing(empty: bytes) -> None:
    assert plain(yamltree.read(empty, "f")) is None


def test_text_is_text() -> None:
    text = b"[yes, no, on, off, 2030-01-31, true, false, ~, v1:a, '1', <<, =]"
    expected = ["yes", "no", "on", "off", "2030-01-31", True, False, None, "v1:a", "1", "<<", "="]
    assert plain(yamltree.read(text, "f")) == expected


def test_a_byte_order_mark_and_other_line_ends_are_fine() -> None:
    assert plain(yamltree.read(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "f")) == {"a": 0, "b": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: &x [1]\nb: *x", "f:2: aliases (*x) are not taken"),
        (b"a: &x [*x]", "f:1: aliases (*x) are not taken"),
        (b"a: x\n<<: *y", "f:2: aliases (*y) are not taken"),
        (b"a: !!python/object/apply:os.system [x]", "f:1: the tag tag:yaml.org,2002:python/object/apply:os.system is"),
        (b"a:\n  b: !mine x", "f:2: the tag !mine is not taken"),
        (b"a: !!set {x}", "f:1: the tag tag:yaml.org,2002:set is not taken"),
        (b"a: !!map [x]", "f:1: the tag tag:yaml.org,2002:map is not taken"),
        (b"a: x\nb: y\na: z", "f:3: a stands twice"),
        (b"? [a]\n: x", "f:1: a key must be text"),
        (b"a: x\n---\nb: y", "f:2: but found another document"),
        (b"a: x\n b: y", "f:2: mapping values are not allowed here"),
        (b"\n[a", "f:2: expected ',' or ']'"),
        (b"a: x\nb: \x1b[31m", "f:2: a control character"),
        (b"a: x\nb: \xff", "f:2: the file is not UTF-8"),
        (b'a: x\nb: "\\UFFFFFFFF"', "f:2: a number that is too large"),
        (b"%YAML " + b"1" * 5000 + b".1\n---\na", "f:1: a number that is too large"),
        (b"[" * 100_000, "f:1: nested too deeply"),
        (b"- " * 100_000, "f:1: nested too deeply"),
        (b"a: " + b"x" * 300_000, "f: larger than 256 KiB"),
    ],
)
def test_what_surprises_is_refused(text: bytes, message: str) -> None:
    started = time.process_time()
    with pytest.raises(ConfigError, match=re.escape(message)):
        yamltree.read(text, "f")
    assert time.process_time() - started < 2


def test_what_has_no_bytes_is_replaced() -> None:
    assert plain(yamltree.read(b'["\\ud800"]', "f")) == ["?"]


words = st.text(max_size=8).filter(str.isprintable)
json_values = st.recursive(
    st.booleans() | st.none() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@given(json_values)
def test_it_reads_what_json_says(value: object) -> None:
    assert plain(yamltree.read(json.dumps(value, ensure_ascii=False).encode(), "f")) == value


@given(st.text(st.sampled_from("ab:-[]{}&*!|>%@`'\"\\Ux0 \n\t#?,~<=.\x85\u2028"), max_size=30) | st.binary(max_size=30))
def test_anything_is_a_tree_or_a_complaint(data: str | bytes) -> None:
    try:
        yamltree.read(data if isinstance(data, bytes) else data.encode(), "f")
    except ConfigError as error:
        assert str(error).startswith("f:")
