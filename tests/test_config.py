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
from scanner.filters.entries import Notices, PolicyLine
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
policy:
  - when:
      kind: [bot, user]
      workspace: T012345
      scope: chat:write
      branch: release/*
      path: [deploy/, "!deploy/test/"]
      older_than: 30
      younger_than: 400
      exposed: true
      visibility: public
      verdict: [active, restricted]
      code: missing_scope
    then: hold
    reason: why
  - then: report
    reason: why
  - default: mirror-slack
workspaces: [T012345, E012345]
public_remote: upstream
max_revoke: 3
unverified: hold
notices:
  slack_webhook_env: OPS_WEBHOOK
  slack_token_env: OPS_TOKEN
  channel: "#security"
  webhook_url: https://ops.example.org/in
  webhook_secret_env: OPS_SECRET
rules:
{RULE}"""
WHEN = (
    ("kind", ("bot", "user")),
    ("workspace", ("T012345",)),
    ("scope", ("chat:write",)),
    ("branch", ("release/*",)),
    ("path", ("deploy/", "!deploy/test/")),
    ("older_than", ("30",)),
    ("younger_than", ("400",)),
    ("exposed", ("true",)),
    ("visibility", ("public",)),
    ("verdict", ("active", "restricted")),
    ("code", ("missing_scope",)),
)


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
        policy=(PolicyLine(WHEN, "hold", "why", "f:29"), PolicyLine((), "report", "why", "f:43")),
        workspaces=("T012345", "E012345"),
        public_remote="upstream",
        max_revoke=3,
        unverified="hold",
        notices=Notices("OPS_WEBHOOK", "OPS_TOKEN", "#security", "https://ops.example.org/in", "OPS_SECRET"),
    )
    assert [(rule.id, rule.origin) for rule in found.rules] == [("acme-key", "f:57")]


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
    ("policy: {}", "f:1: policy must be a list", True),
    ("policy:\n- hold", "f:2: an entry of policy must be a mapping", True),
    ("policy:\n- then: hold", "f:2: an entry of policy needs reason", True),
    ("policy:\n- reason: x", "f:2: an entry of policy needs then", True),
    ("policy:\n- then: kill\n  reason: x", "f:2: then must be revoke or rehearse", True),
    ("policy:\n- then: hold\n  reason: x\n  when: {knd: bot}", "f:4: 'knd' is no key that is known here", True),
    ("policy:\n- then: hold\n  reason: x\n  when: {kind: []}", "f:4: kind must not be empty", True),
    ("policy:\n- then: hold\n  reason: x\n  when: {kind: bots}", "f:4: kind must be ", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {workspace: acme}", "f:4: workspace must be the id of", True),
    ("policy:\n- then: hold\n  reason: x\n  when: {scope: a b}", "f:4: scope must be a scope", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {branch: '#a'}", "f:4: branch is wrong: '#'", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {path: '!'}", "f:4: path is wrong: the pattern is empty", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {older_than: x}", "f:4: older_than must be a whole number", True),
    ("policy:\n- then: hold\n  reason: x\n  when: {older_than: -3}", "f:4: older_than must be a whole", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {younger_than: 1:30}", "f:4: younger_than must be a", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {younger_than: 1.5}", "f:4: younger_than must be a", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {exposed: yes}", "f:4: exposed must be true or false", True),
    ("policy:\n- then: hold\n  reason: x\n  when: {visibility: open}", "f:4: visibility must be public", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {verdict: dead}", "f:4: verdict must be active or", False),
    ("policy:\n- then: hold\n  reason: x\n  when: {code: A B}", "f:4: code must be a code of Slack's", False),
    ("policy:\n- default: none", "f:2: default must be mirror-slack", True),
    ("policy:\n- default: mirror-slack\n  then: hold", "f:3: 'then' is no key that is known here", True),
    ("policy:\n- default: mirror-slack\n- then: hold\n  reason: x", "f:2: 'default' is no key", False),
    ("workspaces: acme", "f:1: workspaces must be the id of a workspace", True),
    ("workspaces: []", "f:1: workspaces must not be empty", True),
    ("public_remote: --all", "f:1: public_remote must be the name of a remote", True),
    ("max_revoke: 1e3", "f:1: max_revoke must be a whole number", True),
    ("max_revoke: true", "f:1: max_revoke must be a whole number", True),
    ("unverified: never", "f:1: unverified must be rehearse or revoke or hold", True),
    ("notices: {slack_webhook_env: s3cret}", "f:1: slack_webhook_env must name an environment variable", True),
    ("notices: {slack_token_env: A}", "f:1: notices needs slack_token_env and channel together", True),
    ("notices: {webhook_url: https://x/}", "f:1: notices needs webhook_url and webhook_secret_env", True),
    ("notices: {webhook_secret_env: A, webhook_url: http://x/}", "f:1: webhook_url must be an https://", True),
    ("notices: {webhook_secret_env: A, webhook_url: 'https://u:p@x/'}", "f:1: webhook_url must be an", True),
    ("notices: {webhook_secret_env: A, webhook_url: 'https://x/?key=1'}", "f:1: webhook_url must be an", True),
    ("respond: revoke", "f:1: 'respond' is no key that is known here", True),
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


def examples(page: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


EXAMPLES = examples("suppressing.md")


@pytest.mark.parametrize("text", [*EXAMPLES, *examples("responding.md")])
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


def mapping(text: str) -> str:
    return f"policy:\n- then: {text}\n  reason: because\n"


OPERATOR_ONLY = [
    "workspaces: T012345",
    "public_remote: origin",
    "max_revoke: 100",
    "unverified: revoke",
    "notices: {slack_webhook_env: HOOK}",
]


@pytest.mark.parametrize("text", OPERATOR_ONLY)
def test_what_only_the_operator_may_say_is_an_error_in_the_repository(text: str) -> None:
    message = rf"^HEAD:\.xoxscan\.yaml:1: {text.partition(':')[0]} is for the operator to say, not for the repository"
    with pytest.raises(ConfigError, match=message) as caught:
        config.load(Memory(text.encode()), [])
    assert caught.value.status == 2
    assert "outside the work tree" in caught.value.hint
    assert config.load(Memory(b""), [("/etc/x.yaml", text.encode())]) != EMPTY


def test_no_file_sets_where_slack_or_the_state_is_or_how_to_respond() -> None:
    for key in ("respond", "slack_api_url", "state_dir", "token", "yes", "visibility"):
        with pytest.raises(ConfigError, match="is no key that is known here"):
            parsed(f"{key}: x")


def test_the_operators_lines_come_first_and_those_of_the_repository_are_marked() -> None:
    files = [("user", mapping("report").encode()), ("--config", mapping("revoke").encode())]
    found = config.load(Memory(mapping("hold").encode()), files)
    assert [(line.then, line.base) for line in found.policy] == [("revoke", False), ("report", False), ("hold", True)]
    made = config.policy(found)
    assert [line.then for line in made.operator] == ["revoke", "report"]
    assert [line.then for line in made.base] == ["hold"]


def test_of_the_operators_files_the_later_one_has_the_last_word() -> None:
    first = "workspaces: T1AA\nmax_revoke: 9\nunverified: revoke\npublic_remote: a\nnotices: {slack_webhook_env: A}"
    last = "workspaces: [T2AA]\nmax_revoke: 0\nunverified: hold\npublic_remote: b\nnotices: {slack_webhook_env: B}"
    found = config.load(None, [("user", first.encode()), ("--config", last.encode()), ("more", b"")])
    assert (found.workspaces, found.max_revoke, found.unverified) == (("T1AA", "T2AA"), 0, "hold")
    assert (found.public_remote, found.notices) == ("b", Notices("B"))
    assert config.policy(found).workspaces == {"T1AA", "T2AA"}


def test_a_head_that_did_not_land_says_nothing() -> None:
    """Policy is read where the caller says; of the change itself nothing is asked."""
    assert config.load(Memory(None), []).policy == ()


@pytest.mark.parametrize(
    "text",
    [
        "slack_webhook_env: 0f3a9c77d1b2",
        "slack_token_env: 0f3a9c77d1b2, channel: x",
        "webhook_secret_env: 0f3a9c77d1b2, webhook_url: https://x/",
        "webhook_secret_env: A, webhook_url: https://x:0f3a9c77d1b2@x/",
    ],
)
def test_a_literal_credential_of_another_kind_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match=r"must (name an environment variable|be an https)") as caught:
        parsed(f"notices: {{{text}}}")
    assert "0f3a9c77d1b2" not in f"{caught.value} {caught.value.hint}"


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
