"""A token that is planted encoded, and looked for in what a view shows."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import strategies as st

from scanner import fakes
from scanner.decode.view import View
from tests.conftest import token

KINDS = tuple(kind for kind in fakes.KINDS if kind != "app-secret")
PREFIXED = tuple(kind for kind in KINDS if kind not in ("webhook", "workflow-webhook", "trigger"))

tokens = st.builds(token, st.sampled_from(KINDS), st.integers(0, 10**6))
prefixed = st.builds(token, st.sampled_from(PREFIXED), st.integers(0, 10**6))
randoms = st.integers(0, 10**9).map(random.Random)
# What stands before and behind it: mostly text, sometimes any bytes.
contexts = st.one_of(
    st.text(" abcxo=%&\\\"'\n,;:{}<>\u00e9\u2013", max_size=60).map(str.encode), st.binary(max_size=40)
)

Spell = Callable[[int], bytes]


def each(plain: bytes, *spells: Spell, chance: random.Random | None = None) -> bytes:
    """`plain` with each character spelled by one of `spells`; with `chance`, some of them, and at least one letter."""
    if not chance:
        return b"".join(spells[0](byte) for byte in plain)
    letters = [at for at, byte in enumerate(plain) if bytes((byte,)).isalnum()]
    chosen = {at for at in range(len(plain)) if chance.random() < 0.3} | {chance.choice(letters)}
    return b"".join(chance.choice(spells)(b) if at in chosen else bytes((b,)) for at, b in enumerate(plain))


def places(view: View, data: bytes, plain: bytes) -> set[tuple[int, int]]:
    """Where `plain` stands in `data`, as `view` shows it: begin and end in `data`."""
    found = set()
    for part in view.decode(data):
        at = part.data.find(plain)
        while at >= 0:
            found.add(part.raw(at, at + len(plain)))
            at = part.data.find(plain, at + 1)
    return found


def planted(view: View, before: bytes, encoded: bytes, behind: bytes, plain: bytes) -> None:
    """Asserts that an anchor betrays it, and that it is shown at its very place."""
    data = before + encoded + behind
    assert any(anchor in data for anchor in view.anchors), encoded
    assert (len(before), len(before) + len(encoded)) in places(view, data, plain), encoded


def bounded(view: View, data: bytes) -> None:
    """Asserts that nothing raises, and that every part is of bounded size and leads back into the text."""
    for part in view.decode(data):
        assert len(part.data) <= 3 << 20
        if part.data:
            start, end = part.raw(0, len(part.data))
            assert 0 <= start <= end <= len(data)
