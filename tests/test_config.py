from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scanner import config, yamltree
from scanner.config import EMPTY, Config, Entry
from scanner.errors import ConfigError, RuleError
from scanner.fakes import render
from scanner.filters import baseline, paths
from scanner.filters.baseline import Baseline, Known
from scanner.model import Finding, Location, Problem, Secret

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "config.schema.json").read_text())
TODAY = "2030-01-31"
FINGERPRINT = "v1:bot:" + "a" * 52
RULE = """\
- id: acme-key
  name: ACME key
  kind: acme
  description: A key of ACME.
  severity: high
  anchors: [acme_]
  pattern: acme_[0-9a-f]{8}
  examples: [acme_0a1b2c3d]
  counter_examples: [acme_]
  remediation: Ask for another one.
"""
WHO = "reason: why\n    owner: me\n"


class Memory:
    """A Snapshot of a configuration."""

    label = "HEAD"

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def read(self, path: bytes) -> bytes | None:
        return self.content if path == b".xoxscan.yaml" else None

    def names(self, folder: bytes) -> list[bytes]:
        return []


def parsed(text: str) -> Config:
    return config.parse(text.encode(), "f")


def entry(key: str, value: str, more: str = "") -> str:
    return f"- {key}: {value}\n    {WHO}{more}"


FULL = f"""\
accept_foreign_markers: true
head_suppressions: refuse
paths:
  {entry("pattern", "docs/*.md", "    until: 2030-01-31")}
fingerprints:
  {entry("fingerprint", FINGERPRINT)}
patterns:
  {entry("regex", "^acme_0+$")}
problems:
  {entry("what", "a/b c.bin")}
skip_rules:
  {entry("rule", "slack-app-token")}
rules:
{RULE}"""


def test_everything_that_it_can_say() -> None:
    found = parsed(FULL)
    assert found._replace(rules=()) == Config(
        accept_foreign_markers=True,
        head_suppressions="refuse",
        paths=(Entry("docs/*.md", "why", "me", "2030-01-31", "f:4"),),
        fingerprints=(Entry(FINGERPRINT, "why", "me", None, "f:9"),),
        patterns=(Entry("^acme_0+$", "why", "me", None, "f:14"),),
        problems=(Entry("a/b c.bin", "why", "me", None, "f:19"),),
        skip_rules=("slack-app-token",),
    )
    assert [(rule.id, rule.origin) for rule in found.rules] == [("acme-key", "f:29")]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "paths: []\n", "{}"])
def test_a_file_may_say_nothing(text: str) -> None:
    assert parsed(text) == EMPTY


def test_a_reason_may_take_several_lines() -> None:
    found = parsed("paths:\n- pattern: a\n  reason: >\n    one\n    two\n\n  owner: me\n")
    assert found.paths[0].reason == "one two"


# What is wrong, the complaint, and whether a schema can see it.
WRONG = [
    ("path: []", "f:1: 'path' is no key that is known here", True),
    ("paths:\n- patern: a", "f:2: 'patern' is no key that is known here", True),
    ("paths:\n- pattern: a\n  reason: x\n  owner: y\n  unitl: 2030-01-31", "f:5: 'unitl' is no key", True),
    ("- paths", "f:1: the file must be a mapping", True),
    ("paths", "f:1: the file must be a mapping", True),
    ("paths:", "f:1: paths must be a list", True),
    ("paths: a", "f:1: paths must be a list", True),
    ("paths: {a: b}", "f:1: paths must be a list", True),
    ("paths:\n- a", "f:2: an entry of paths must be a mapping", True),
    ("paths:\n- pattern: a\n  owner: x", "f:2: an entry of paths needs reason", True),
    ("paths:\n- pattern: a\n  reason: x", "f:2: an entry of paths needs owner", True),
    ("paths:\n- reason: a\n  owner: x", "f:2: an entry of paths needs pattern", True),
    ("paths:\n- pattern: a\n  reason: ' '\n  owner: x", "f:3: reason must not be empty", True),
    ("paths:\n- pattern: a\n  reason: 12\n  owner: x", "f:3: reason must be text", True),
    ("paths:\n- pattern: a\n  reason: x\n  owner: [x]", "f:4: owner must be text", True),
    ("paths:\n- pattern: a\n  reason: x\n  owner:", "f:4: owner must be text", True),
    (
        "paths:\n- pattern: '#a'\n  reason: x\n  owner: x",
        "f:2: pattern is wrong: '#' at the start makes a comment",
        True,
    ),
    ("paths:\n- pattern: '!'\n  reason: x\n  owner: x", "f:2: pattern is wrong: the pattern is empty", False),
    (
        "paths:\n- pattern: '!a'\n  reason: x\n  owner: x\n  until: 2030-01-31",
        "f:5: until cannot stand with a pattern that takes back",
        True,
    ),
    ("fingerprints:\n- fingerprint: v1:bot:x\n  reason: x\n  owner: x", "f:2: fingerprint is wrong: this is no", True),
    ("patterns:\n- regex: '('\n  reason: x\n  owner: x", "f:2: regex is wrong: missing )", True),
    ("patterns:\n- regex: x*\n  reason: x\n  owner: x", "f:2: regex is wrong: it matches the empty text", False),
    ("problems:\n- what: a\n  reason: x\n  owner: x\n  until: 2030-02-30", "f:5: until is wrong: write a date", True),
    ("problems:\n- what: a\n  reason: x\n  owner: x\n  until: tomorrow", "f:5: until is wrong: write a date", True),
    ("problems:\n- what: 12\n  reason: x\n  owner: x", "f:2: what must be text", True),
    ("skip_rules: [slack-app-token]", "f:1: an entry of skip_rules must be a mapping", True),
    ("skip_rules:\n- rule: a\n  reason: x\n  owner: x\n  until: 2030-01-31", "f:5: 'until' is no key", True),
    ("accept_foreign_markers: yes", "f:1: accept_foreign_markers must be true or false", True),
    ("accept_foreign_markers: 1", "f:1: accept_foreign_markers must be true or false", True),
    ("head_suppressions: no", "f:1: head_suppressions must be accept or refuse", True),
    ("head_suppressions: true", "f:1: head_suppressions must be text", True),
    ("paths: []\npaths: []", "f:2: paths stands twice", False),
    ("paths: &x []\nproblems: *x", "f:2: aliases (*x) are not taken", False),
    ("rules: a", "f:1: a list is wanted here", True),
    ("rules:\n- id: a", "f:2: field name: is missing", True),
]


@pytest.mark.parametrize(("text", "message", "schema"), WRONG)
def test_what_is_wrong_is_said_with_file_and_line(text: str, message: str, schema: bool) -> None:
    with pytest.raises((ConfigError, RuleError), match=re.escape(message)) as caught:
        parsed(text)
    assert caught.value.status == 2
    assert valid(text) is not schema


def test_the_nearest_known_name_is_the_hint() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("finger_prints: []")
    assert caught.value.hint == "did you mean 'fingerprints'?"
    with pytest.raises(ConfigError) as caught:
        parsed("zzz: []")
    assert caught.value.hint.startswith("known are: accept_foreign_markers, ")


def test_a_number_that_should_be_text_wants_quotes() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("problems:\n- what: 12\n  reason: x\n  owner: x")
    assert caught.value.hint == "put it in quotes"


def valid(text: str) -> bool:
    """What the JSON Schema says, of the tree as our loader types it."""
    try:
        document = _plain(yamltree.read(text.encode(), "f"))
    except ConfigError:
        document = yaml.safe_load(text)
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    return bool(validator.is_valid(document))


def _plain(value: yamltree.Value | None) -> Any:
    content = value.content if value else {}
    if isinstance(content, list):
        return [_plain(item) for item in content]
    if isinstance(content, dict):
        return {key: _plain(item) for key, item in content.items()}
    return content


def test_the_schema_takes_what_the_loader_takes() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert valid(FULL)
    assert set(SCHEMA["properties"]) == set(Config._fields)


EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "suppressing.md").read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_documentation_are_right(text: str) -> None:
    assert valid(text)
    assert parsed(text) != EMPTY


def test_the_first_example_does_what_it_says() -> None:
    made = parsed(EXAMPLES[0])
    allowed = {path: paths.judge(made, path, TODAY) is not None for path in (b"docs/a/b.md", b"docs/runbooks/a.md")}
    assert allowed == {b"docs/a/b.md": True, b"docs/runbooks/a.md": False}


@pytest.mark.parametrize("key", ["paths:\n- pattern: ", "# remember ", "unknown: "])
def test_a_credential_in_it_is_refused_and_not_repeated(key: str) -> None:
    token = render("{{bot_token}}", 1)
    with pytest.raises(ConfigError, match=r"f:\d: a literal credential") as caught:
        parsed(f"\n{key}{token}")
    assert caught.value.status == 2
    assert token.rpartition("-")[2] not in str(caught.value) + caught.value.hint


def test_a_prefix_is_no_credential() -> None:
    prefix = "x" + "oxb-"
    assert parsed(f"patterns:\n- regex: ^{prefix}0000\n  reason: x\n  owner: x\n").patterns[0].what == f"^{prefix}0000"


def test_base_and_operator_both_count() -> None:
    base = "head_suppressions: refuse\npaths:\n" + entry("pattern", "a").replace("    ", "  ")
    operator = "accept_foreign_markers: true\npaths:\n" + entry("pattern", "b").replace("    ", "  ")
    found = config.load(Memory(base.encode()), [("/etc/x.yaml", operator.encode()), ("user", b"")])
    assert [e.what for e in found.paths] == ["a", "b"]
    assert [e.origin for e in found.paths] == ["HEAD:.xoxscan.yaml:3", "/etc/x.yaml:3"]
    assert found.accept_foreign_markers
    assert found.head_suppressions == "refuse"


def test_nobody_need_say_anything() -> None:
    assert config.load(None, []) == config.load(Memory(None), []) == EMPTY


def test_an_error_names_the_snapshot() -> None:
    with pytest.raises(ConfigError, match=r"^HEAD:\.xoxscan\.yaml:1: 'x' is no key"):
        config.load(Memory(b"x: 1"), [])


def known(fingerprint: str, until: str | None = None) -> Known:
    return Known(Entry(fingerprint, "why", "me", until, "file:1"), "rule")


def finding(fingerprint: str, path: bytes, secret: bytes = b"token") -> Finding:
    return Finding(Secret(secret), fingerprint, "rule", "kind", "high", "to****", (), (Location("blob", path),))


def entries(*whats: str, until: str | None = None) -> tuple[Entry, ...]:
    return tuple(Entry(what, "why", "me", until, "f:1") for what in whats)


def test_what_expired_is_named() -> None:
    old = "2030-01-30"
    made = Config(
        paths=entries("a", until=old), problems=entries("b", until=TODAY), fingerprints=entries("c", until=old)
    )
    notes = config.expired(made, Baseline({"x": known("x", old), "y": known("y")}), TODAY)
    assert notes == (
        "expired: f:1: a (why, me) until 2030-01-30",
        "expired: f:1: c (why, me) until 2030-01-30",
        "expired: file:1: x (why, me) until 2030-01-30",
    )


def test_what_matches_nothing_any_more_is_named() -> None:
    made = Config(
        paths=entries("docs/", "old/", "!old/x"),
        fingerprints=entries("one", "gone"),
        patterns=entries("^tok", "^x"),
        problems=entries("big.bin", "small.bin"),
    )
    found = [finding("one", b"docs/a"), finding("two", b"b")]
    notes = config.stale(made, Baseline({"two": known("two"), "three": known("three")}), found)
    assert [note.split(": ")[2].split(" ")[0] for note in notes] == ["old/", "gone", "^x", "three"]
    notes = config.stale(made, baseline.EMPTY, found, [Problem("big.bin", "x")])
    assert [note.split(": ")[2].split(" ")[0] for note in notes] == ["old/", "gone", "^x", "small.bin"]


def test_without_a_file_neither_yaml_nor_regex_is_loaded() -> None:
    code = "import sys; from scanner import config; config.load(None, []); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {"yaml", "regex", "difflib", "datetime", "dataclasses", "subprocess"}
    assert not heavy & set(done.stdout.split())


def test_a_large_file_does_not_take_long() -> None:
    text = "paths:\n" + "".join(f"- pattern: a{n}/*.md\n  reason: why\n  owner: me\n" for n in range(1000))
    started = time.process_time()
    assert len(parsed(text).paths) == 1000
    assert time.process_time() - started < 5
