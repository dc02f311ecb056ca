"""The one comment at a pull request, against a real server that keeps comments."""

from __future__ import annotations

import io
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.ci import comment, rest
from scanner.ci.comment import MARKER
from scanner.model import Streams
from tests.ci.forges import TOKEN, Api, serving
from tests.ci.runner import Command, commands
from tests.conftest import Repo, Run, token


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as made:
        yield made


@pytest.fixture
def environ(api: Api, tmp_path: Path) -> dict[str, str]:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    return {
        "GITHUB_API_URL": api.url,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": TOKEN,
        "XOXSCAN_STATUS": "1",
    }


def step(environ: dict[str, str]) -> Command:
    out = io.BytesIO()
    assert comment.run(Streams(io.BytesIO(), out, io.BytesIO(), environ, lambda: 0.0)) == 0
    assert TOKEN.encode() not in out.getvalue()
    (said,) = commands(out.getvalue())
    return said


def test_made_once_and_then_kept_up_to_date(api: Api, environ: dict[str, str], repo: Repo, run: Run) -> None:
    api.add("first!", "somebody")
    assert step(environ).message == "the comment: made"
    assert step(environ).message == "the comment: unchanged"
    repo.commit({"a.txt": token()})
    run("scan", "--report", "json=report.json", "--report", "sarif=x.sarif")
    environ["XOXSCAN_REPORT"] = str(repo.path / "report.json")
    assert step(environ).message == "the comment: updated"
    assert [each.partition(" ")[0] for each in api.sent] == ["POST", "PATCH"]
    assert len(api.comments) == 2
    assert "a.txt:1:1" in api.comments[1]["body"]
    assert token() not in api.comments[1]["body"].encode()


def test_of_two_jobs_at_the_same_moment_one_takes_its_comment_back(api: Api, environ: dict[str, str]) -> None:
    api.add("first!", "somebody")
    api.meanwhile = f"{MARKER}\nof the other job"
    assert step(environ).message == "the comment: updated"
    assert [each.partition(" ")[0] for each in api.sent] == ["POST", "DELETE", "PATCH"]
    assert [each["body"].startswith(MARKER) for each in api.comments] == [False, True]
    assert "of the other job" not in api.comments[1]["body"]


def test_a_clean_run_makes_none_and_updates_one(api: Api, environ: dict[str, str], repo: Repo, run: Run) -> None:
    repo.commit({"a.txt": b"nothing"})
    run("scan", "--report", "json=report.json")
    environ |= {"XOXSCAN_REPORT": str(repo.path / "report.json"), "XOXSCAN_STATUS": "0"}
    assert step(environ).message == "the comment: not needed"
    api.add(f"{MARKER}\nfound much")
    assert step(environ).message == "the comment: updated"
    assert "nothing found" in api.comments[0]["body"]


def test_a_strangers_copy_of_the_marker_is_not_ours(api: Api, environ: dict[str, str]) -> None:
    theirs = api.add(f"{MARKER}\nall is well", "mallory")
    api.add(f"> {MARKER}")
    step(environ)
    step(environ)
    assert [each.partition(" ")[0] for each in api.sent] == ["POST"]
    assert theirs["body"].endswith("all is well")


@pytest.mark.parametrize("author", [None, "github-actions[bot]", ["github-actions[bot]"], {}])
def test_nor_is_one_of_nobody(api: Api, environ: dict[str, str], author: object) -> None:
    api.add(f"{MARKER}\nof an account that is gone")["user"] = author
    assert step(environ).message == "the comment: made"


@pytest.mark.parametrize("pages", [True, False])
def test_it_is_found_on_any_page(api: Api, environ: dict[str, str], pages: bool) -> None:
    api.pages = pages
    for number in range(70 if pages else 20):
        api.add(f"comment {number}", "somebody")
    step(environ)
    assert step(environ).message == "the comment: unchanged"


def test_none_rather_than_a_second(api: Api, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comment, "PAGES", 2)
    for number in range(comment.PAGE * 2):
        api.add(f"comment {number}", "somebody")
    assert "more comments than" in step(environ).message
    assert api.sent == []


@pytest.mark.parametrize("name", ["gitea-actions", "forgejo-actions"])
def test_other_forges_name_the_job_otherwise(api: Api, environ: dict[str, str], name: str) -> None:
    api.add(f"{MARKER}\nold", name)
    assert step({**environ, name.partition("-")[0].upper() + "_ACTIONS": "true"}).message == "the comment: updated"


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        ((403, {}), "403; the job needs `permissions: pull-requests: write`"),
        ((500, {}), "500; the forge may have a bad moment"),
        ((302, {"Location": "http://127.0.0.1:1/"}), "302"),
    ],
)
def test_a_refusal_is_a_warning(api: Api, environ: dict[str, str], refuse: tuple[int, Any], words: str) -> None:
    api.refuse = refuse
    said = step(environ)
    assert (said.name, words in said.message) == ("warning", True)
    assert len(api.requests) == 1


@pytest.mark.parametrize("raw", [b"{", b"{}", b'["x"]', b"[{}]", b'[{"id": "../7"}]', b"x" * 3000])
def test_a_strange_answer_is_a_warning(
    api: Api, environ: dict[str, str], raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "LIMIT", 2000)
    api.raw = raw
    assert step(environ).name == "warning"


@pytest.mark.parametrize(
    "wrong",
    [
        {"GITHUB_API_URL": "http://example.com"},
        {"GITHUB_API_URL": "https://"},
        {"GITHUB_API_URL": "http://127.0.0.1:1"},
        {"GITHUB_API_URL": "ftp://127.0.0.1"},
        {"GITHUB_API_URL": "https://["},
        {"GITHUB_API_URL": "https://example\u2100.com"},
        {"GITHUB_API_URL": "http://127.0.0.1:port"},
        {"GITHUB_API_URL": "http://127.0.0.1:999999"},
        {"XOXSCAN_REPORT": "/"},
        {"XOXSCAN_REPORT": "/dev/null/nothing"},
        {"XOXSCAN_STATUS": "abc"},
        {"XOXSCAN_STATUS": "9" * 5000},
        {"GITHUB_TOKEN": ""},
        {"GITHUB_REPOSITORY": "o/r/../.."},
        {"GITHUB_EVENT_PATH": "/nonexistent"},
    ],
)
def test_a_wrong_surrounding_is_a_warning(api: Api, environ: dict[str, str], wrong: dict[str, str]) -> None:
    assert step({**environ, **wrong}).name == "warning"
    assert api.requests == []


def test_an_answer_that_is_nested_too_deep_is_a_warning(api: Api, environ: dict[str, str]) -> None:
    api.raw = b"[" * 100_000
    said = step(environ)
    assert (said.name, "RecursionError" in said.message) == ("warning", True)


NUMBERS = [f'{{"pull_request": {{"number": {number}}}}}' for number in ("1e400", "Infinity", "-Infinity", "NaN", "[]")]


@pytest.mark.parametrize(
    "payload", [*NUMBERS, "[" * 100_000, "[]", "{", '{"pull_request": {"number": "x"}}', '{"pull_request": [7]}']
)
def test_a_wrong_payload_is_a_warning(api: Api, environ: dict[str, str], payload: str) -> None:
    Path(environ["GITHUB_EVENT_PATH"]).write_text(payload)
    assert step(environ).name == "warning"


def test_an_event_without_a_pull_request(api: Api, environ: dict[str, str]) -> None:
    Path(environ["GITHUB_EVENT_PATH"]).write_text("{}")
    assert step(environ) == Command("notice", {"title": "xoxscan"}, "the comment: this event is about no pull request")


def test_it_rings_nobody_and_fits() -> None:
    text = comment.body(b"@everyone (@org/team) o/r#12 #12 GH-12 ada@example.org\n" * 3000)
    assert len(text) < 65_536
    assert "The rest does not fit here" in text
    first = text.splitlines()[1]
    assert first.replace("\u200b", "|") == "@|everyone (@|org/team) o/r#|12 #|12 GH-|12 ada@example.org"


@given(
    st.lists(st.sampled_from(["@a", "#1", "gh-2", "GH-3", "o/r#4", "x", " ", "&#39;", "`", "\n", MARKER])).map("".join)
)
def test_nothing_in_it_rings(text: str) -> None:
    made = comment.body(text.encode())
    assert made.startswith(f"{MARKER}\n")
    assert not re.search(r"(?<!\w)@\w|(?<!&)#\d|\bgh-\d", made, re.IGNORECASE)
    assert made.replace("\u200b", "") == f"{MARKER}\n{text}"


def test_the_program_reads_its_surroundings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(comment.__file__, run_name="__main__")
    assert ended.value.code == 0
    assert len(api.comments) == 1
