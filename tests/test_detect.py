"""The engine: which rules run where, for how long, and what becomes of their matches."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import detect, prefilter, rules
from scanner.detect import Detector, Scan, compiled
from scanner.errors import RuleError
from scanner.literals import minimal_cover, shared_beginnings
from scanner.model import Check, Rule
from scanner.runs import run
from tests.rules.drawing import PREFIXED, detector, fake, found


def rule(id: str = "mine", **fields: object) -> Rule:
    made = Rule(
        id, "", "mine", "", "low", (b"tok_",), r"tok_[a-z]{3,9}", (), (), (), (), "", "none", "none", "mine.yaml:2"
    )
    return made._replace(**fields)  # type: ignore[arg-type]


def test_the_longer_of_two_matches_stays_and_the_earlier_rule_of_equals() -> None:
    long = rule("long", pattern=r"tok_[a-z]{3,9}-\d+")
    scan = Detector([rule("first"), rule("second"), long], 1).scan(b"tok_abc tok_abc-12 x")
    assert [(match.rule, match.start, match.end) for match in scan.matches] == [("first", 0, 7), ("long", 8, 18)]


def test_groups_name_the_token_its_secret_part_and_ids() -> None:
    grouped = rule(pattern=r"key: (?P<token>tok_(?P<owner>[a-z]+)-(?P<secret>\d+)-z)")
    (match,) = Detector([grouped], 1).scan(b"a key: tok_abc-123-z b").matches
    assert (match.start, match.end, match.redacted, match.anatomy) == (7, 20, "tok_abc-****-z", (("owner", "abc"),))
    (whole,) = Detector([rule(pattern=r"(?:(?P<token>tok_no)|tok_[a-z]+)")], 1).scan(b"tok_yes").matches
    assert (whole.start, whole.end, whole.redacted) == (0, 7, "****")


def test_a_dropped_candidate_hides_nothing_behind_its_start() -> None:
    careful = rule(pattern=r"tok_(?:tok_)?(?P<secret>[a-z0-9]{6,40})", checks=(Check("mixed", {"digits": 1}),))
    outcome = Detector([careful], 1).scan(b"tok_tok_abcdef tok_tok_abcde1 ")
    assert [match.start for match in outcome.matches] == [15]
    assert [dropped.check for dropped in outcome.dropped] == ["mixed"]


def test_a_rule_that_hangs_is_named_and_the_others_go_on() -> None:
    slow = rule("slow", pattern=r"tok_(?:a|a)*(?:a|aa)*c")
    outcome = Detector([slow, rule(pattern="tok_abc")], 0.02).scan(b"tok_" + b"a" * 60 + b" tok_abc")
    assert outcome.overrun == ("slow",)
    assert [match.rule for match in outcome.matches] == ["mine"]


def test_a_rule_that_hangs_again_and_again_is_not_tried_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = rule("slow", pattern=r"tok_(?:a|a)*(?:a|aa)*c")
    detector = Detector([slow, rule(pattern="tok_abc")], 0.02)
    hostile = b"tok_" + b"a" * 60 + b" tok_abc"
    tried: list[str] = []
    real = detect._outcomes

    def watched(*arguments: Any) -> Any:
        tried.append(arguments[0].id)
        return real(*arguments)

    monkeypatch.setattr(detect, "_outcomes", watched)
    for _ in range(5):
        outcome = detector.scan(hostile)
        assert outcome.overrun == ("slow",)
        assert [match.rule for match in outcome.matches] == ["mine"]
    assert (tried.count("slow"), tried.count("mine")) == (2 * detect.PATIENCE, 5)
    assert detector.scan(b"nothing of the kind").overrun == ()


def test_a_rule_that_runs_out_of_time_gets_four_times_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def clock(*ticks: float) -> Iterator[float]:
        yield from ticks

    attempts = clock(0, 0, 1.1, 1.1, 3.1, 3.1, 4.0, 4.0)  # 1.1 s of 1 s; then 2 s and 0.9 s of 4 s
    monkeypatch.setattr(detect, "process_time", lambda: next(attempts))
    outcome = Detector([rule()], 1).scan(b"tok_abc")
    assert [match.start for match in outcome.matches] == [0]
    assert outcome.overrun == ()
    attempts = clock(0, 0, 1.1, 1.1, 5.2, 5.2)
    assert Detector([rule()], 1).scan(b"tok_abc").overrun == ("mine",)


def test_far_apart_and_in_a_minified_line() -> None:
    tokens = [fake(kind, 3).encode() for kind in ("bot", "webhook", "config-refresh", "bot", "user")]
    filler = b"var a=function(b){return b.black(x,o)};" * 20_000
    data = filler + b"".join(b'"' + token + b'"' + filler for token in tokens)
    begun = time.process_time()
    scan = detector().scan(data)
    assert time.process_time() - begun < 2
    assert [data[match.start : match.end] for match in scan.matches] == tokens


def test_many_in_one_text() -> None:
    tokens = [fake("bot-legacy", seed) for seed in range(300)]
    assert found("\n".join(tokens)) == tokens


def test_a_pattern_that_does_not_compile_is_an_error_of_the_rule() -> None:
    with pytest.raises(RuleError, match=r"mine\.yaml:2: field pattern: does not compile: missing \)"):
        compiled(rule(pattern="tok_(abc"))
    with pytest.raises(RuleError):
        Detector([rule(pattern="tok_(abc")], 1).scan(b"tok_abc")


def test_only_rules_whose_anchor_is_there_are_compiled() -> None:
    broken = rule("other", anchors=(b"key_",), pattern="key_(abc")
    assert [match.rule for match in Detector([rule(), broken], 1).scan(b"tok_abc").matches] == ["mine"]


@given(
    st.lists(st.sampled_from([b"tok_", b"abc", b"-", b"09", b"x" * 300, b" "]), max_size=12).map(b"".join),
    st.integers(1, 12),
)
def test_what_a_rule_says_to_hold_is_looked_for_first(text: bytes, length: int) -> None:
    plain = rule(pattern=f"tok_-?[a-c0-9]{{{length}}}")
    held = plain._replace(holds=f"[0-9a-c]{{{length}}}")
    assert Detector([held], 1).scan(text) == Detector([plain], 1).scan(text)


@given(st.lists(st.sampled_from([b"tok_", b"key", b"ke", b"to", b"abc", b"-", b"x" * 300, b" "]), max_size=12))
def test_what_a_rule_says_to_begin_with_is_looked_for_first(pieces: list[bytes]) -> None:
    plain = rule(pattern=r"(?:tok|ke?y|tok_k)_?(?P<token>[a-c]{2,4}|(?<=tok_key)abc)", anchors=(b"abc",))
    begins = plain._replace(begins=(b"tok_k", b"to", b"ke"))
    text = b"".join(pieces)
    assert Detector([begins], 1).scan(text) == Detector([plain], 1).scan(text)


def test_trying_at_each_beginning_ends_in_time() -> None:
    slow = rule(pattern=r"tok_(?:[a-z_]+)+!", begins=(b"tok",))
    begun = time.process_time()
    assert Detector([slow], 0.05).scan(b"tok_abc_" * 500).overrun == ("mine",)
    assert time.process_time() - begun < 2


@given(st.text("ab-", max_size=40), st.integers(1, 5), st.none() | st.integers(1, 5))
def test_where_runs_stand(text: str, least: int, more: int | None) -> None:
    most = more and least + more - 1
    what = f"[ab]{{{least}}}" if most is None else f"[ab]{{{least},{most}}}"
    every = (found.span() for found in re.finditer("[ab]+", text))
    wanted = [(start, end) for start, end in every if least <= end - start <= (most or 40)]
    assert list(run(what).spans(text.encode())) == wanted


def test_a_run_behind_an_escape_may_be_longer() -> None:
    assert list(run("[0-9a-f]{4,5}").spans(b"%253d0000 253d0000 %zabcd")) == [(1, 9), (21, 25)]


def test_without_what_a_rule_says_to_hold_no_pattern_runs_and_the_rule_counts_as_tried() -> None:
    broken = rule(pattern="tok_(abc", holds="[0-9a-c]{4}")
    assert Detector([broken], 1).scan(b"tok_abcx 012") == Scan((), (), (), tried=True)


def test_no_rules_find_nothing() -> None:
    for fast in (False, True):
        empty = Detector([], 1, fast)
        assert not empty.may_hold(b"anything")
        assert empty.scan(b"anything") == Scan((), (), ())


@given(st.lists(st.binary(min_size=3, max_size=6), max_size=9), st.binary(max_size=60))
@settings(deadline=None)
def test_the_cover_stands_in_every_text_that_holds_an_anchor(anchors: list[bytes], text: bytes) -> None:
    cover = minimal_cover(anchors)
    assert not any(one in other for one in cover for other in cover if one != other)
    for anchor in anchors:
        assert any(literal in anchor for literal in cover)
    short = shared_beginnings(cover)
    assert all(any(literal in anchor for literal in short) for anchor in anchors)


@given(st.lists(st.sampled_from(["xox", "b", "-", "1234567890", "xapp", "hooks.", "slack", "SLACK", " ", "\n", "a"])))
@settings(deadline=None)
def test_both_prefilters_pass_what_a_scan_would_find(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    outcome = detector().scan(data)
    near = any(anchor in data for each in rules.builtin() for anchor in each.anchors)
    for fast in (False, True):
        assert detector(fast).may_hold(data) or not near
        assert detector(fast).may_hold(data) or not (outcome.matches or outcome.dropped)


@given(st.binary(max_size=300), st.integers(0, 99), st.sampled_from(PREFIXED), st.binary(max_size=300))
@settings(deadline=None)
def test_matches_are_in_order_and_apart_whatever_stands_around(
    before: bytes, seed: int, kind: str, after: bytes
) -> None:
    token = fake(kind, seed).encode()
    data = before + b"\n" + token + b"\n" + after
    outcome = detector().scan(data)
    assert any(data[match.start : match.end] == token for match in outcome.matches)
    for earlier, later in zip(outcome.matches, outcome.matches[1:], strict=False):
        assert earlier.end <= later.start


@given(st.lists(st.sampled_from([b"xo", b"x", b"xwf", b"p", b"slac", b"k", b"SLACK", b"tok", b"_", b"\0", b"zz"])))
def test_gates_let_the_same_through_as_a_search_for_each_literal(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    literals = (b"xox", b"xwfp", b"slack", b"SLACK", b"tok_")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(prefilter, "_PATIENCE", 0)
        by_gates = Detector([rule(anchors=literals)], 1)
        assert by_gates.may_hold(data) == any(literal in data for literal in literals)


def test_what_is_made_beside_is_made_also_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    alone = Detector([rule()], 1, fast=True, beside=True)
    assert alone.may_hold(b"a tok_ b") and not alone.may_hold(b"a tok b")


def test_without_hyperscan_the_plain_prefilter_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    slow = Detector([rule()], 1, fast=True)
    assert slow.may_hold(b"a tok_ b") and not slow.may_hold(b"a tok b")


def test_texts_without_an_anchor_load_no_engine() -> None:
    script = (
        "import sys\nfrom scanner import rules\nfrom scanner.detect import Detector\n"
        "found = rules.from_json(sys.stdin.buffer.read())\n"
        "Detector(found, 1).scan(b'nothing here' * 100)\n"
        "slow = {'regex', 'yaml', 'hyperscan', 'dataclasses', 'pathlib', 'importlib.resources', 'base64'}\n"
        "print(*sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=rules.to_json(rules.builtin()), capture_output=True, check=True
    )
    assert done.stdout == b"\n"


def test_what_is_turned_down_counts_as_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that matches everywhere and never stands takes no longer than any other."""
    clock = iter(range(10**6))
    monkeypatch.setattr("scanner.detect.process_time", lambda: next(clock) / 100)
    dropping = rule(pattern="tok_", checks=(Check("mixed", {"digits": 1}),))
    outcome = Detector([dropping], 1).scan(b"tok_" * 10_000)
    assert outcome.overrun == ("mine",) and len(outcome.dropped) <= 500
