"""Rule files: every complaint names file, line, field and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.errors import RuleError
from scanner.model import Check
from scanner.rules import yamlfile

GOOD = """\
rules:
  - id: acme-key
    name: Acme key
    kind: acme
    description: Opens everything.
    severity: low
    anchors: [acme_]
    pattern: acme_(?P<secret>[a-z0-9]{20})(?![a-z0-9])
    checks: [random, mixed: {letters: 2, digits: 3}]
    examples: ["key={{lower:2}} acme_{{hex:20}}"]
    counter_examples: ["acme_{{repeat:x:20}}"]
    references: [https://example.org/keys]
    remediation: Ask Acme.
    verify: none
    revoke: manual
"""


def test_a_good_file() -> None:
    (rule,) = rules.parse(GOOD.encode(), "acme.yaml")
    assert (rule.id, rule.kind, rule.severity, rule.origin) == ("acme-key", "acme", "low", "acme.yaml:2")
    assert rule.anchors == (b"acme_",)
    assert rule.checks == (Check("random", {}), Check("mixed", {"letters": 2, "digits": 3}))


def test_some_fields_may_be_left_out() -> None:
    lines = [
        line
        for line in GOOD.splitlines()
        if line.split(":")[0].strip() not in ("checks", "references", "verify", "revoke")
    ]
    (rule,) = rules.parse("\n".join(lines).encode(), "acme.yaml")
    assert (rule.checks, rule.references, rule.verify, rule.revoke) == ((), (), "none", "none")


def test_an_empty_file_holds_no_rules() -> None:
    assert (
        rules.parse(b"", "a.yaml")
        == rules.parse(b"# only this\n", "a.yaml")
        == rules.parse(b"rules: []", "a.yaml")
        == ()
    )


WRONG = (
    ("    severity: low", "    severty: low", "acme.yaml:6: field severty: is unknown", "did you mean 'severity'?"),
    ("    severity: low", "    zzz: low", "acme.yaml:6: field zzz: is unknown", "known are: id, name, kind, "),
    ("    severity: low\n", "", "acme.yaml:2: field severity: is missing", ""),
    ("    severity: low", "    severity: lwo", "acme.yaml:6: field severity: 'lwo' is none", "did you mean"),
    ("    severity: low", "    severity: low\n    kind: b", "acme.yaml:7: field kind: stands twice", ""),
    ("    severity: low", "    severity: [low]", "acme.yaml:6: field severity: a text is wanted here", ""),
    ("    name: Acme key", "    name:", "acme.yaml:3: field name: a text is wanted here", ""),
    ("id: acme-key", "id: Acme Key", "acme.yaml:2: field id: 'Acme Key' is not made of lower-case words", ""),
    ("[acme_]", "[ac]", "acme.yaml:7: field anchors: 'ac' is shorter than 3 bytes", ""),
    ("[acme_]", "[]", "acme.yaml:7: field anchors: at least one literal is needed", ""),
    ("[acme_]", "acme_", "acme.yaml:7: field anchors: a list is wanted here", ""),
    ("    pattern:", "    begins: [a]\n    pattern:", "acme.yaml:8: field begins: 'a' is shorter than 2 bytes", ""),
    ("    pattern:", "    holds: a{2}\n    pattern:", "acme.yaml:8: field holds: 'a{2}' is no class with a length", ""),
    ("    pattern:", "    holds: '[a]{3,2}'\n    pattern:", "acme.yaml:8: field holds: '[a]{3,2}': at most 2", ""),
    ("    pattern:", "    holds: '[[]{2}'\n    pattern:", "acme.yaml:8: field holds: '[[]{2}' is no class with a", ""),
    ("    pattern:", "    holds: '[z-a]{2}'\n    pattern:", "acme.yaml:8: field holds: '[z-a]{2}': bad character", ""),
    ("(?![a-z0-9])", "(?![a-z0-9]", "acme.yaml:8: field pattern: does not compile: missing )", ""),
    ("acme_(?P<secret>[a-z0-9]{20})(?![a-z0-9])", "a*", "acme.yaml:8: field pattern: matches the empty text", ""),
    ("[random, ", "[randon, ", "acme.yaml:9: field checks: 'randon' is none of unglued, ", "did you mean 'random'?"),
    ("mixed: {", "mixt: {", "acme.yaml:9: field checks.mixt: is unknown", "did you mean 'mixed'?"),
    ("{letters: 2", "{leters: 2", "acme.yaml:9: field checks.leters: is unknown", "did you mean 'letters'?"),
    ("{letters: 2", "{letters: two", "acme.yaml:9: field checks: 'two' is no number", ""),
    ("[random, ", "[random: {a: 1}, ", "acme.yaml:9: field checks.a: is unknown", "known are: "),
    ("[random, mixed", "[{random: {}, mixed", "acme.yaml:9: not YAML: ", ""),
    ("mixed: {letters: 2, digits: 3}", "{mixed: {}, random: {}}", "acme.yaml:9: field checks: one check with", ""),
    ("verify: none", "verify: auth.tset", "acme.yaml:14: field verify: 'auth.tset' is none", "did you mean"),
    ("revoke: manual", "revoke: auth.test", "acme.yaml:15: field revoke: 'auth.test' is none", "did you mean"),
    ("rules:", "rule:", "acme.yaml:1: field rule: is unknown", "did you mean 'rules'?"),
    (GOOD, "rules: {a: b}", "acme.yaml:1: a list is wanted here", ""),
    (GOOD, "rules: [a]", "acme.yaml:1: a mapping is wanted here (with id, ", ""),
    (GOOD, "- a", "acme.yaml:1: a mapping is wanted here (with rules)", ""),
    (GOOD, "\nrules: a: b", "acme.yaml:2: not YAML: mapping values are not allowed", ""),
    (GOOD, "rules: \0", "acme.yaml:1: not YAML: ", ""),
    (GOOD, GOOD + GOOD[7:], "acme.yaml:16: field id: 'acme-key' is taken by acme.yaml:2", ""),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message", "hint"), WRONG)
def test_a_bad_file_is_refused(old: str, new: str, message: str, hint: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleError) as error:
        rules.parse(GOOD.replace(old, new).encode(), "acme.yaml")
    assert str(error.value).startswith(message)
    assert error.value.hint.startswith(hint) and bool(hint) == bool(error.value.hint)


def test_without_libyaml_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = rules.parse(GOOD.encode(), "acme.yaml")
    monkeypatch.setattr(yamlfile, "_LOADER", yaml.SafeLoader)
    assert rules.parse(GOOD.encode(), "acme.yaml") == expected
    with pytest.raises(RuleError, match=r"acme\.yaml:1: not YAML: mapping values are not allowed"):
        rules.parse(b"rules: a: b", "acme.yaml")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(RuleError, match=r"acme\.yaml:1: not YAML"):
        rules.parse(b"rules: \xff\xfe", "acme.yaml")


def test_nothing_is_executed() -> None:
    with pytest.raises(RuleError, match="a list is wanted here"):
        rules.parse(b"rules: !!python/object/apply:os.system [exit]\n".replace(b"[exit]", b"exit"), "acme.yaml")


@given(st.text("rules:[]{}- \nabc&*!'\"|>#?%@,\t", max_size=60))
@settings(deadline=None)
def test_any_text_is_rules_or_a_complaint(text: str) -> None:
    try:
        rules.parse(text.encode(), "any.yaml")
    except RuleError as error:
        assert str(error).startswith("any.yaml:")


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "a.yaml").write_text(GOOD.replace("acme-key", "acme-other"))
    (tmp_path / "notes.txt").write_text("no rules")
    assert [rule.id for rule in rules.load(tmp_path)] == ["acme-other", "acme-key"]
    assert [rule.origin for rule in rules.load(tmp_path / "b.yaml")] == [f"{tmp_path}/b.yaml:2"]
    (tmp_path / "a.yaml").write_text(GOOD)
    with pytest.raises(RuleError) as error:
        rules.load(tmp_path)
    assert str(error.value) == f"{tmp_path}/b.yaml:2: field id: 'acme-key' is taken by {tmp_path}/a.yaml:2"


def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="No such file"):
        rules.load(tmp_path / "absent.yaml")
    with pytest.raises(RuleError, match=r"no \*\.yaml file"):
        rules.load(tmp_path)
