"""`xoxscan explain`: what is said of every kind, what is not, and what comes in that is no token."""

from __future__ import annotations

import base64
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner import fakes, rules
from scanner.commands import explain
from scanner.commands import given as handed
from scanner.detect import Detector
from scanner.model import Secret
from scanner.report.redactor import Redactor
from scanner.slack.anatomy import anatomy
from tests.conftest import Run, token

RULES = rules.builtin()
DETECTOR = Detector(RULES, 60)
PAGE = Path(__file__).parents[2] / "docs" / "explain.md"
NAMED = [
    ("slack-signing-secret", "SLACK_SIGNING_SECRET={{signing_secret}}"),
    *(
        (rule.id, f"{{{{{rule.id.removeprefix('slack-').replace('-', '_')}}}}}")
        for rule in RULES
        if rule.kind != "app-secret"
    ),
]


def document(run: Run, stdin: bytes) -> dict[str, Any]:
    """What -f json writes."""
    done = run("explain", "-f", "json", stdin=stdin)
    found: dict[str, Any] = json.loads(done.out)
    assert (done.err, found["exit"]) == (b"", done.status)
    return found


def hidden(line: bytes) -> list[bytes]:
    """The secret part of the credential in a line, and the hash in it where it is a body."""
    (match,) = DETECTOR.scan(line).matches
    secret = match.secret.reveal().removeprefix(match.redacted.partition("****")[0].encode())
    if not match.kind.startswith("config-"):
        return [secret]
    return [secret, base64.b64decode(secret + b"=" * (-len(secret) % 4)).rpartition(b"-")[2]]


def leaked(line: bytes, out: bytes) -> list[bytes]:
    """What of the secret part stands in `out`: any 12 characters in a row, or all of a shorter one."""
    parts = hidden(line)
    runs = [part[at : at + 12] for part in parts for at in range(max(1, len(part) - 11))]
    return [run for run in runs if run in out]


@pytest.mark.parametrize(("rule_id", "template"), NAMED)
def test_each_kind_is_explained_without_its_secret(run: Run, rule_id: str, template: str) -> None:
    (rule,) = (rule for rule in RULES if rule.id == rule_id)
    line = fakes.render(template, rule_id).encode()
    (match,) = DETECTOR.scan(line).matches
    done = run("explain", stdin=line + b"\n")
    assert (done.status, done.err) == (0, b"")
    text = " ".join(done.out.decode().split())
    assert text.startswith(f"line 1: {rule.name} ({rule.id}, kind {rule.kind}, {rule.severity})")
    assert rule.description in text and " ".join(rule.remediation.split()) in text
    (told,) = document(run, line)["tokens"]
    assert f"fingerprint {told['fingerprint']}" in text
    assert (told["rule"], told["kind"], told["verify"], told["revoke"]) == (*rule[:3:2], rule.verify, rule.revoke)
    assert told["meanings"].keys() == told["anatomy"].keys() >= dict(match.anatomy).keys()
    assert all(f"{value} ({told['meanings'][name]})" in text for name, value in told["anatomy"].items())
    for out in (done.out, run("explain", "-f", "json", stdin=line).out):
        assert not leaked(line, out)
        assert Redactor([match.secret]).clean(out) == out


@given(st.sampled_from([template for _, template in NAMED]), st.integers(0, 10_000))
@example("{{workflow_webhook}}", 135)  # too long for its line
def test_nothing_of_the_secret_is_written_even_before_the_redactor(template: str, seed: int) -> None:
    line = fakes.render(template, seed).encode()
    given_lines = handed.lines(io.BytesIO(line + b"\n" + line[:-4] + b"\n"))
    explained = explain.explain(DETECTOR, RULES, given_lines)
    assert explained.told
    for written in (explain.as_text(explained), explain.as_json(explained)):
        assert not leaked(line, written)
        secrets = [told.match.secret for told in explained.told]
        assert written.count(b"****") and all(secret.reveal() not in written for secret in secrets)


def test_fingerprints_are_those_of_reports(run: Run) -> None:
    lines = b"".join(token(kind) + b"\n" for kind in fakes.KINDS if kind != "app-secret")
    report = json.loads(run("scan", "-", "-f", "json", stdin=lines).out)["findings"]
    told = document(run, lines)["tokens"]
    assert {one["fingerprint"]: one["anatomy"] for one in told} == {
        one["fingerprint"]: one["anatomy"] for each in report for one in [each, *each["parts"]]
    }


def pair() -> tuple[bytes, bytes]:
    """An access token and the refresh token of its grant."""
    draw = random.Random("pair")
    digest = "".join(draw.choices("0123456789abcdef", k=64))

    def body(plain: str) -> str:
        return base64.b64encode(f"{plain}-{digest}".encode()).decode().rstrip("=")

    access = body("2-2-1230984567-2340984567-3450984567123-4560984567123")
    return f"xoxe.xoxp-1-{access}".encode(), f"xoxe-1-{body('3-1-1230984567-3450984567123-9870984567123')}".encode()


def test_a_rotating_token_says_what_it_decodes_to_and_who_belongs_to_it(run: Run) -> None:
    access, refresh = pair()
    lines = b"\n".join([access, token("bot"), refresh, token("config-refresh"), access])
    first, bot, second, other, again = document(run, lines)["tokens"]
    assert first["anatomy"] == {
        "version": "1",
        "payload_version": "2-2",
        "team": "1230984567",
        "user": "2340984567",
        "grant": "3450984567123",
        "serial": "4560984567123",
    }
    assert first["grant"] == second["grant"] == ["1230984567", "3450984567123"] != other["grant"]
    assert (first["same_grant"], second["same_grant"], again["same_grant"]) == ([3], [1, 5], [3])
    assert (bot["grant"], bot["same_grant"], other["same_grant"]) == (None, [], [])
    text = run("explain", stdin=lines).out.decode()
    assert re.search(r"same grant +line 1, 5\n", text)
    assert re.search(r"grant +3450984567123 \(.*unconfirmed\)\n", text)


def test_several_in_a_line_and_text_around_them(run: Run) -> None:
    line = b"xoxc=" + token("session-client") + b"\rd=" + token("session-cookie") + b"; path=/"
    done = document(run, b"\n  \n" + line + b"\r\n")
    assert [(told["line"], told["kind"]) for told in done["tokens"]] == [(3, "session-client"), (3, "session-cookie")]
    assert done["not_credentials"] == []


def test_a_line_that_is_none_is_said_so(run: Run) -> None:
    lines = [b"hello", token("bot"), token("bot")[:30], ("xo" + "xb-" + "9182736450-" * 2 + "x" * 24).encode()]
    found = document(run, b"\n".join(lines))
    assert (found["exit"], [told["line"] for told in found["tokens"]]) == (0, [2])
    assert [(one["line"], one["bytes"]) for one in found["not_credentials"]] == [(1, 5), (3, 30), (4, 51)]
    nothing, cut, masked = (one["reason"] for one in found["not_credentials"])
    assert nothing.startswith("nothing known")
    assert cut == "begins like one, and does not go on like one: cut short, or altered"
    assert masked == "has the form of one (Slack bot token), but is made up or damaged (check random)"
    text = run("explain", stdin=b"\n".join(lines)).out
    assert b"line 1: no Slack credential (5 bytes)\n" in text and text.index(b"line 2: ") < text.index(b"line 3: ")


def test_none_at_all_is_status_2(run: Run) -> None:
    done = run("explain", stdin=b"hello\n")
    assert (done.status, done.err) == (2, b"")
    assert document(run, b"hello\n")["tokens"] == []


@pytest.mark.parametrize("stdin", [b"", b"\n", b" \r\n\n\t\n"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_at_all_is_status_3(run: Run, stdin: bytes, form: str) -> None:
    done = run("explain", "-f", form, stdin=stdin)
    assert (done.status, done.out) == (3, b"")
    assert b"nothing came on the standard input\n" in done.err


HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "words",
    [
        *(["{}"], ["-f", "{}"], ["--token={}"], ["--format={}"], ["-t", "{}"], ["-f", "json", "{}"], ["--", "{}"]),
        *([HEX], ["-f", HEX], [f"-f{HEX}"], ["tokens.txt"]),
    ],
)
def test_a_token_in_argv_is_refused(run: Run, words: list[str]) -> None:
    secret = token("user-legacy")
    done = run("explain", *(word.format(secret.decode()) for word in words), stdin=secret)
    assert (done.status, done.out) == (2, b"")
    assert b"never from the command line\n" in done.err
    assert b"is now in the shell's history" in done.err
    assert secret not in done.err and HEX.encode() not in done.err and hidden(secret)[0] not in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-f", "sarif"], b"invalid choice: 'sarif'"),
        (["--rules", "mine"], b"unrecognized arguments: --rules mine"),
    ],
)
def test_other_mistakes_are_what_they_are_elsewhere(run: Run, words: list[str], message: bytes) -> None:
    done = run("explain", *words, stdin=token())
    assert (done.status, done.out) == (2, b"")
    assert message in done.err


def test_every_key_is_documented(run: Run) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = document(run, token("bot") + b"\nhello")
    rows = [found, found["tool"], *found["tokens"], *found["not_credentials"]]
    keys = {key for row in rows for key in row} | {
        name for kind in fakes.KINDS for name, _ in anatomy(kind, token(kind))
    }
    assert not {key for key in keys if f"`{key}`" not in page}
    assert explain.SCHEMA in page


def test_a_secret_is_not_shown_by_what_holds_it() -> None:
    secret = token("bot")
    explained = explain.explain(DETECTOR, RULES, handed.lines(io.BytesIO(secret)))
    assert Secret(secret) == explained.told[0].match.secret
    assert not leaked(secret, repr(explained).encode())
