"""What a notice says, and that a stranger's words in it do nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import rules
from scanner.model import Event, Finding, Identity, Location, Position, Response, Secret, Verdict
from scanner.report.redactor import Redactor
from scanner.respond import message as notices
from scanner.respond.message import BLOCKS, HEADER, TEXT, Context, Message, message, restored, stored
from scanner.respond.wording import ORDER, advice, size
from tests.conftest import token

CONTEXT = Context("run-7", "2026-11-22T01:02:03Z", "history", "acme/shop")
REMEDIATION = {rule.kind: rule.remediation for rule in rules.builtin()}
SHOWN = "xoxb" + "-1234567890-****"
IDENTITY = Identity("Acme", "T1", "E1", "deploybot", "U1", "B1", "A1", "https://acme.slack.com/")
VERDICT = Verdict("active", "Slack accepts it", IDENTITY, ("chat:write",), ("write messages",), None, None, None, False)
REVOKED = Response("revoked", "auth.revoke said revoked", "mirror-slack", "2026-11-22T01:02:00Z", "token_revoked")
PLACE = Location(
    "blob",
    b"config/app.py",
    position=Position(3, 10, 3, 40),
    commit="0123456789abcdef",
    author="Ada",
    date="2026-01-02",
)


def found(
    seed: int = 1,
    kind: str = "bot",
    response: Response | None = None,
    verdict: Verdict | None = None,
    places: tuple[Location, ...] = (PLACE,),
) -> Finding:
    secret = Secret(token(kind, seed))
    return Finding(
        secret, f"v1:{kind}:{seed}", f"slack-{kind}-token", kind, "high", SHOWN, (("team", "1234567890"),), places,
        verdict=verdict, response=response, remediation=REMEDIATION[kind],
    )  # fmt: skip


def tell(*findings: Finding, context: Context = CONTEXT) -> Message:
    return message(findings, context, Redactor([each.secret for each in findings]).clean)


def texts(notice: Message) -> list[str]:
    """Every text object of the blocks, which must all be plain."""
    said: list[str] = []
    for block in json.loads(notice.blocks):
        objects = block["elements"] if block["type"] == "context" else [block["text"]]
        assert all(each["type"] == "plain_text" and each["emoji"] is False for each in objects)
        assert set(block) <= {"type", "text", "elements"}
        said += [each["text"] for each in objects]
    return said


def whole(notice: Message) -> str:
    return "\n".join(texts(notice))


def document(notice: Message) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(notice.document)
    return read


def test_it_says_what_happened_where_whose_and_what_to_do() -> None:
    said = whole(tell(found(response=REVOKED, verdict=VERDICT)))
    for words in (
        "1 leaked Slack credential: 1 revoked, and proven dead",
        SHOWN,
        "In acme/shop; history; 2026-11-22T01:02:03Z.",
        "Where: config/app.py:3:10, 0123456789, Ada, 2026-01-02",
        "Whose: team Acme (T1), enterprise E1, user deploybot (U1), bot B1, app A1",
        "It let its holder: write messages",
        "Done: revoked: auth.revoke said revoked, 2026-11-22T01:02:00Z [mirror-slack]",
        "Proof: token_revoked",
        "Breaks now: the bot user is deactivated and loses its channel memberships; the app stays installed.",
        "Do now: Replace it wherever it is used, and redeploy. Then reinstall the app",
        "Fingerprint: v1:bot:1",
    ):
        assert words in said
    assert "Revoke it by calling" not in said


def test_what_is_not_proven_is_said_to_be_not_proven() -> None:
    said = whole(tell(found(response=Response("unproven", "no answer in time", None, None, None), verdict=VERDICT)))
    assert "revoked, but NOT proven dead" in said and "Proof: none" in said
    assert "xoxscan journal resume" in said and "Breaks now" in said


def test_what_is_only_held_would_break_later_and_says_how_to_revoke() -> None:
    said = whole(tell(found(response=Response("held", "not ours"), verdict=VERDICT)))
    assert "Breaks when it is revoked" in said and "Revoke it by calling auth.revoke" in said
    assert "Breaks now" not in said


def test_without_an_answer_the_token_speaks_for_itself() -> None:
    said = whole(tell(found(places=())))
    assert "the token itself says team 1234567890" in said
    assert "Where: not known here" in said and "Done: nothing" in said and "found, and not checked" in said
    nobody = found()._replace(anatomy=(), verdict=VERDICT._replace(identity=Identity(user="Bo"), code="odd", impact=()))
    assert "Whose: user Bo" in whole(tell(nobody)) and "(odd)" in whole(tell(nobody))
    assert "Whose: not known" in whole(tell(found()._replace(anatomy=())))


def test_more_places_are_counted_and_the_first_commit_named() -> None:
    many = found(places=(PLACE,) * 9)._replace(introduced=Event("abcdef0123456789", "Ada", "2026-01-02", b"x"))
    said = whole(tell(many))
    assert said.count("config/app.py") == 3 and "and 6 more places" in said
    assert "Came in: abcdef0123, Ada, 2026-01-02" in said
    assert document(tell(many))["findings"][0]["places_count"] == 9


def test_what_needs_a_person_comes_first() -> None:
    notice = tell(found(1, response=REVOKED), found(2, response=Response("failed", "HTTP 500")), found(3))
    assert [row["state"] for row in document(notice)["findings"]] == ["failed", "found", "revoked"]
    assert notice.text == (
        "xoxscan: 3 leaked Slack credentials: 1 could not be revoked; 1 found, and not checked; "
        "1 revoked, and proven dead"
    )


@pytest.mark.parametrize("state", sorted(ORDER))
@pytest.mark.parametrize("kind", sorted(REMEDIATION))
def test_every_kind_in_every_state_has_advice(kind: str, state: str) -> None:
    finding = found(kind=kind, response=Response(state, ""), verdict=Verdict("active", ""))
    breaks, todo = advice(finding)
    assert todo and "What breaks" not in breaks + todo
    assert bool(breaks) == ("reak" in " ".join(REMEDIATION[kind].split()).replace("breaks the", ""))


def test_a_rule_without_advice_gets_some() -> None:
    assert advice(found()._replace(remediation="")) == ("", "Revoke it, replace it, and redeploy.")


def test_a_state_that_is_not_known_is_taken_from_the_verdict() -> None:
    assert "alive" in tell(found(response=Response("new", ""), verdict=VERDICT)).text
    assert "not checked" in tell(found(verdict=Verdict("new", ""))).text


def test_nothing_to_tell_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        tell()


def test_the_id_is_of_the_run_and_what_became_of_each_finding() -> None:
    first, second = found(1, response=REVOKED), found(2)
    assert tell(first, second).id == tell(second, first).id
    others = {tell(first).id, tell(second).id, tell(first, second, context=CONTEXT._replace(run="run-8")).id}
    assert len({*others, tell(first._replace(response=None), second).id, tell(first, second).id}) == 5
    assert re.fullmatch(r"n1-[a-z2-7]{26}", tell(first).id) and tell(first).id in whole(tell(first))
    assert document(tell(first))["id"] == tell(first).id


def test_many_findings_stay_within_slacks_limits_and_are_all_counted() -> None:
    notice = tell(*(found(seed, response=REVOKED, verdict=VERDICT) for seed in range(300)))
    assert within_limits(notice)
    assert "300 leaked Slack credentials" in whole(notice) and "all of them are in the report" in whole(notice)
    assert document(notice)["count"] == 300 and len(document(notice)["findings"]) == notices.LISTED


def test_a_few_too_many_for_full_length_are_each_named_in_a_line() -> None:
    notice = tell(*(found(seed, response=REVOKED, verdict=VERDICT) for seed in range(10)))
    assert "more credentials:" in whole(notice) and whole(notice).count(SHOWN) == 10
    assert "all of them are in the report" not in whole(notice)


def within_limits(notice: Message) -> bool:
    """docs.slack.dev/reference/block-kit/blocks: 50 blocks, 3000 characters a text, 150 a header, none empty."""
    blocks = json.loads(notice.blocks)
    sizes = [size(each) for each in texts(notice)]
    return (
        len(blocks) <= BLOCKS
        and all(0 < size <= TEXT for size in sizes)
        and blocks[0]["type"] == "header"
        and sizes[0] <= HEADER
        and size(json.dumps(blocks, ensure_ascii=False)) <= notices.TOTAL
    )


RINGING = ("<!channel>", "<!here|x>", "@here", "@channel", "<@U1>", "<https://evil.example|x>", "http://evil.example")
ODD = ("&lt;!channel&gt;", ":tada:", "\x1b[31m", "\r\n", "\u202e", "\u200b", "\ud800", "\U0001f600" * 40, "*b*", "`")
EVIL = st.lists(st.sampled_from(RINGING + ODD) | st.text(max_size=30), max_size=12).map("".join)


@pytest.mark.no_cover
@settings(deadline=None)
@given(EVIL, EVIL, EVIL)
def test_a_strangers_words_ring_nothing_and_stay_in_their_line(author: str, path: str, team: str) -> None:
    place = PLACE._replace(author=author, path=path.encode("utf-8", "surrogatepass"))
    verdict = VERDICT._replace(reason=team, identity=IDENTITY._replace(team=team), impact=(author,), scopes=(team,))
    finding = found(places=(place,) * 4, verdict=verdict, response=REVOKED._replace(reason=author, proof=team))
    event = Event("0" * 40, author, author, b"x")
    notice = tell(finding._replace(introduced=event), context=CONTEXT._replace(repository=path, command=team))
    assert within_limits(notice)
    assert not set("<>@&") & set(whole(notice)) and "://" not in whole(notice)
    assert not set("<>@&") & set(notice.text) and "evil" not in notice.text
    assert "".join(notice).isascii() and "".join(notice).isprintable()
    said = [line for text in texts(notice) for line in text.split("\n")]
    assert not any(
        re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]", line) for line in said
    )
    assert sum(line.startswith("Where: ") for line in said) == 4
    assert document(notice)["count"] == 1


@pytest.mark.no_cover
@settings(deadline=None)
@given(st.sampled_from(sorted(REMEDIATION)), st.integers(0, 50), st.integers(0, 320))
def test_nothing_secret_is_in_it_however_a_strangers_words_hold_it(kind: str, seed: int, before: int) -> None:
    secret = token(kind, seed)
    words = "é" * before + secret.decode()
    place = PLACE._replace(author=words, path=b"a/" + secret, member=(secret,))
    verdict = VERDICT._replace(reason=words, identity=IDENTITY._replace(user=words))
    finding = found(seed, kind, REVOKED._replace(reason=words), verdict, (place,))
    notice = tell(finding, context=CONTEXT._replace(repository=words, run=words))
    last = secret[-6:].decode()
    assert last not in whole(notice) and last not in notice.document and last not in notice.text


def test_it_can_be_kept_and_taken_up_again() -> None:
    notice = tell(found(response=REVOKED))
    assert restored(stored(notice)) == notice and "\n" not in stored(notice)
    masked = Redactor([Secret(token())]).clean(stored(notice).encode()).decode()
    assert restored(masked) == notice


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", '["a","b","c"]', '["a","b","c",4]', '["a","b","{}","{}"]', '["a","b","[]","1"]']
)
def test_what_was_not_kept_by_it_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        restored(line)
